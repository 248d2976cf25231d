"""Abbreviations: whether the full stop after a word ends the sentence, in the languages that agents write in.

Most abbreviations need no list: a short word before a lower-case word is one. Lists name words that are never last,
words that are not last before a number, and words that are last exactly when the next sentence begins with a capital.
"""

from __future__ import annotations

from typing import Final

from voicestream.workers.parser.sentences.openers import LONGEST, first_word, is_opener
from voicestream.workers.parser.wording.language import detect
from voicestream.workers.text.lazy_regex import lazy_regex
from voicestream.workers.text.word_set import word_set

NEVER_LAST: Final = word_set(
    """
    mr mrs ms mx st mt dr drs prof gen sen rep gov hon rev capt col lt sgt cpl maj messrs hr fr herr sr sra srta dra mme
    mlle mgr mm me vs cf viz resp aprox approx incl excl esp e.g i.e eg ie
    n.b z.b d.h u.a o.ä o.g i.d.r z.t u.u s.o s.u m.e v.a bzw evtl ggf inkl exkl vgl bspw sog zzgl ca ggü einschl insb
    p.ej p.ex núms cía
    sig sigg sig.ra sig.na dott dott.ssa avv ing ecc.mo cfr
    dhr mevr mw bijv bv d.w.z o.a m.b.t i.v.m t.o.v n.a.v m.i.v t/m evt ir drs z.g zgn
    av avda pça hab ul np tzn tzw zob m.in inż mgr śp ww
    см ср ул пл просп пер бул г напр т.е т.н т.к тов гр г-н г-жа им проф акад доц
    exmo exma
    """
)

NOT_LAST_BEFORE_A_NUMBER: Final = word_set(
    """
    no nos nr nrs num fig figs sec secs sect sects eq eqs eqn eqns ch chs chap chaps vol vols p pp pg pgs art arts
    ref refs tab tabs
    ver v app alg thm lem cor def prop rem ex exs l ll ln lns col cols para pt pts bk bd jg jh kap abs abb abschn anh
    bldg bld rm apt ste fl flr ext est temp tel avg max min approx ca circa vers rev ed eds nos iss
    pág págs pag pagg núm n.º art cap caps vol vols lib sez par tav ill col s ss str
    blz hfdst hfst afb par lid
    rys rozdz ust poz tel pkt zał
    рис стр гл ст п пп табл разд тел кв д корп прим изд вып т
    jan feb mar apr jun jul aug sep sept oct nov dec
    janv févr avr juil déc ene abr ago dic mär okt dez fev mrt giu ott
    """
)

LAST_BEFORE_A_CAPITAL: Final = word_set(
    """
    etc al inc ltd corp co bros jr max min avg dept est ext misc temp tel ave env usw ej ph.d m.sc b.sc
    ft hrs hr lbs lb oz yd yds sec secs mins mo mos yr yrs wk wks qty amt dist pct dia
    mwst st std min sek mio mrd tsd u.dgl o.dgl u.v.m etc.pp gmbh
    ecc pp itp itd tys mln mld zł godz wg
    enz blz dgl ong
    др пр тыс млн млрд руб коп г гг в вв мин сек ч т.п т.д
    """
)

_FIGURES: Final = frozenset({"fig", "figs", "tab", "abb", "rys", "рис"})
"""Those that any capital may follow, also one that is a word."""
_UNITS: Final = frozenset({"ms", "st", "gr", "г", "m"})
"""Units, when they stand behind a number."""

_DOTTED: Final = lazy_regex(r"\d{1,3}(?:\.\d{1,3})+\Z")
_INITIALS: Final = lazy_regex(r"[^\W\d_](?:\.[^\W\d_])+")
"""``p.m``, ``U.S``, ``o.k``: letters with a stop between each two."""

_ALSO_BEFORE_A_CAPITAL: Final = frozenset({"u.s", "u.k", "u.n", "e.u"})
"""Names of states, more often followed by a name (U.S. Senate) than by a new sentence."""
_HOURS: Final = frozenset({"a.m", "p.m", "am", "pm"})
_ZONE: Final = lazy_regex(
    r"(?:[ECMPA][SD]?T|UTC|GMT|BST|IST|JST|KST|HKT|SGT|CET|CEST|EET|EEST|WET|WEST|MSK|AEST|AEDT|ACST|AWST|NZST|NZDT"
    r"|AKST|AKDT|HST|Eastern|Pacific|Central|Mountain|local)\Z"
)
"""Time zones, which follow the hour."""

_PLAIN: Final = lazy_regex(r"[^\W\d_]+")
_ROMAN: Final = lazy_regex(r"[IVXLC]{1,6}\Z|[ivxlc]{1,6}\Z")
_NOT_ROMAN: Final = frozenset("Icl")
_WORDS: Final = frozenset("AEIOUYÉÀ")
"""Capitals that are words of some language; others before a number's place are its letter: "app. B"."""
_LONG_ROMAN: Final = lazy_regex(r"(?=[IVXLC]{2})[CLX]{0,5}(?:IX|IV|V?I{0,3})\Z")
_DOUBLED: Final = lazy_regex(r"([A-Z])\1\Z")
"""Spanish plurals: ``EE. UU.``, ``FF. AA.``"""

_SPACED: Final = frozenset("zduosimv")
"""German ones written with a space, ``z. B.``: their first letters."""
_SPACED_BEFORE: Final = lazy_regex(r"[zduosi]\.")

_PAIRS: Final = frozenset({("p", "ex"), ("p", "ej"), ("a", "m"), ("p", "m")})
"""French and Spanish ones written with a space: ``p. ex.``, ``p. ej.``, ``a las 3 p. m.``"""
_PAIR_BEGINNINGS: Final = frozenset((first, second[0]) for first, second in _PAIRS)
_LONGEST_OF_A_PAIR: Final = 2
_PAIRS_OF_HOURS: Final = frozenset("m")
"""Second letters of those that follow a number, and that may be last."""

_LABELS: Final = word_set(
    """
    option plan step part section phase appendix variant case type class version item point question task team
    level grade group column row drive vitamin solution approach choice answer exhibit figure table schedule annex
    plano opción opcion étape paso fall variante schritt teil
    """
)
"""After these a single capital letter is a name of its own, not a person's initial: "We take Option B. Then …"."""

_SHORT: Final = 3
"""Letters of a word that is an abbreviation when a lower-case word follows."""
_SHORT_WITHOUT_VOWELS: Final = 5
_VOWELS: Final = frozenset("aeiouyáéíóúàèìòùâêîôûäëïöüãõåæøœąęаеёиоуыэюя")

_LONGEST_ORDINAL: Final = 3
"""Digits of a number that may open a list item; four are a year."""
_LONGEST_GERMAN_ORDINAL: Final = 2
"""``am 24. Dezember``."""
_ORDINAL_STOPS: Final = frozenset({"de", "cs", "pl", "hu", "da", "no", "nb", "fi", "sk", "tr", "sl", "hr"})
"""Languages that write an ordinal with a stop."""


def ends_after(  # noqa: C901, PLR0911, PLR0912 - a table
    word: str, before: str, following: str, *, language: str = "", final: bool = True
) -> bool | None:
    """Return whether the full stop after ``word`` ends the sentence; None: more of ``following`` is needed.

    Args:
        word: What stands directly before the stop, without it; never empty.
        before: The sentence up to the word.
        following: What follows the stop and the space, as far as it is known: at least one character.
        language: Of the sentence before.
        final: Nothing will be added to ``following``.
    """
    first = following[:1]
    capital = first.isupper() or first.istitle()
    lower = first.islower()
    key = word.lower().rpartition("'")[2] or word.lower()
    if key in NEVER_LAST and not (key in _UNITS and before.rstrip()[-1:].isdigit()):
        return False
    if key in NOT_LAST_BEFORE_A_NUMBER:
        number = _begins_with_number(following, final=final)
        if number is False and key in _FIGURES:
            number = _is_letter(following, final=final)
        if number is None or number:
            return None if number is None else False
    if key in LAST_BEFORE_A_CAPITAL:
        return not lower and first not in "[(" + "0123456789" * (key == "al")
    if len(key) <= _LONGEST_OF_A_PAIR and (ends := _ends_after_pair(key, before, first)) is not None:
        return ends
    if lower and _is_short(word) and (plain := _begins_with_word(following, final=final)) is not False:
        return None if plain is None else False
    if len(word) == 1 and word.isalpha():
        return _ends_after_letter(word, before, following, language=language, final=final)
    if _INITIALS.fullmatch(word):
        if capital and key in _HOURS:
            zone = first_word(following, final=final)
            return None if zone is None else _ZONE.match(zone) is None
        return not lower and not (capital and key in _ALSO_BEFORE_A_CAPITAL)
    if not before.strip() and _DOTTED.match(word):
        return False  # "1.1. Setup"
    if word.isdigit():
        return _ends_after_number(word, before, lower=lower, language=language)
    if _LONG_ROMAN.match(word):
        return _ends_after_roman(before, following, language=language, final=final)
    if _DOUBLED.match(word) and capital:
        name = first_word(following, final=final)
        return None if name is None else _DOUBLED.match(name) is None
    return True


def _is_letter(following: str, *, final: bool) -> bool | None:
    """Return whether a single capital follows; None: more is needed."""
    word = first_word(following, final=final)
    return None if word is None else len(word) == 1 and word.isupper()


def _is_short(word: str) -> bool:
    key = word.lower()
    if not key.isalpha() or (len(word) > 1 and word.isupper() and not _DOUBLED.match(word)):
        return False
    return len(key) <= _SHORT or (len(key) <= _SHORT_WITHOUT_VOWELS and _VOWELS.isdisjoint(key))


def _begins_with_word(following: str, *, final: bool) -> bool | None:
    """Return whether a word follows, and no name of code with figures or a stop in it; None: more is needed."""
    found = _PLAIN.match(following)
    end = found.end() if found else 0
    rest = following[end : end + 2]
    if len(rest) <= (rest[:1] == ".") and not final and end < LONGEST:
        return None
    return not (rest[:1].isalnum() or rest[:1] in tuple("_(/@") or (rest[:1] == "." and rest[1:].isalnum()))


def _begins_with_number(following: str, *, final: bool) -> bool | None:
    """Return whether digits or a Roman numeral follow, also in brackets; None: more is needed."""
    shown = following.lstrip("([")
    if not shown:
        return None if following and not final else False
    if shown[0].isdigit():
        return True
    word = first_word(shown, final=final)
    if word is None:
        return None
    return word not in _NOT_ROMAN if _ROMAN.match(word) else len(word) == 1 and word.isupper() and word not in _WORDS


def _ends_after_pair(key: str, before: str, following: str) -> bool | None:
    """The same for a word of ``_PAIRS``; None: it is none."""
    previous = "".join(before.split()[-1:])
    if (previous.lstrip("(").rstrip("."), key) in _PAIRS:
        return key in _PAIRS_OF_HOURS and not following.islower()
    if (key, following) in _PAIR_BEGINNINGS:
        return following in _PAIRS_OF_HOURS and not previous[-1:].isdigit() and not following.islower()
    return None


def _ends_after_letter(letter: str, before: str, following: str, *, language: str, final: bool) -> bool | None:  # noqa: PLR0911 - one question after another
    first = following[:1]
    lower, capital = first.islower(), first.isupper() or first.istitle()
    previous = before.split()[-1:]
    if not previous:
        return False  # "a. first" and "J. Smith": an enumeration or an initial opens the sentence
    if len(following) == 1 and first.isalpha() and not final:
        return None
    if letter.islower() and first.isalpha() and following[1:2] == ".":
        return False  # "z. B.", "u. a.": two parts of one
    if letter.lower() in _SPACED and detect(before, language, default=language).startswith("de"):
        return False
    if _SPACED_BEFORE.fullmatch(previous[0]):
        return False
    if letter.islower():
        return True
    if lower:
        return False
    name = previous[0].lstrip("(\"'*_[")
    if not capital or name.lower() in _LABELS:
        return True
    if name[:1].isupper():
        return False
    surname = first_word(following, final=final)
    return None if surname is None else is_opener(surname) or letter == "I"


def _ends_after_number(number: str, before: str, *, lower: bool, language: str) -> bool:
    opens = not before.strip() or before.rstrip().endswith(":")
    if opens and (lower or len(number) <= _LONGEST_ORDINAL):
        return False
    if number != "1" and f" {int(number) - 1}. " in f" {before}":
        return False  # "1. this 2. that": an enumeration within the line
    if len(number) > _LONGEST_GERMAN_ORDINAL:
        return True
    return not detect(before, language, default=language).startswith("de")


def _ends_after_roman(before: str, following: str, *, language: str, final: bool) -> bool | None:
    """``Ludwig XIV. lebte``, ``im XIX. Jahrhundert``: an ordinal."""
    if following[:1].islower():
        return False
    if not before.strip():
        return False  # "II. Methods": an enumeration
    if detect(before, language, default=language).partition("-")[0] not in _ORDINAL_STOPS:
        return True
    word = first_word(following, final=final)
    return None if word is None else not word or is_opener(word)
