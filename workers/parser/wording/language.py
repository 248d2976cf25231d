"""Language detection for one sentence: by its script, and for Latin letters by small words and a classifier.

A sentence that does not show it is taken to be in the language of the one before.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from voicestream.workers.parser.wording import classifier
from voicestream.workers.text.lazy_regex import lazy_regex

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOREIGN: Final = lazy_regex(r"[^\x00-\u024f\u2000-\u2bff\ufe0f\U0001f000-\U0001faff]")
"""A letter that is not Latin."""

_SCRIPTS: Final = (
    ("ja", r"[\u3041-\u3096\u30a1-\u30fa\u30fc]"),
    ("ko", r"[\uac00-\ud7a3\u1100-\u11ff\u3130-\u318f]"),
    ("zh", r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"),
    ("ru", r"[\u0400-\u04ff]"),
    ("el", r"[\u0370-\u03ff]"),
    ("ar", r"[\u0600-\u06ff]"),
    ("he", r"[\u0590-\u05ff]"),
    ("hi", r"[\u0900-\u097f]"),
    ("th", r"[\u0e00-\u0e7f]"),
)
_SHARED_SCRIPTS: Final = {
    "ja": {"zh"},
    "ru": {"uk", "bg", "sr", "be", "mk"},
    "ar": {"fa", "ur"},
    "hi": {"mr", "ne"},
}
"""Session languages that a script does not speak against: Han characters alone may well be Japanese."""

_HAN: Final = {"ja", "zh"}
_ENOUGH_FOREIGN: Final = 4
"""One letter in so many decides: a Greek letter in a formula does not make Greek."""

_WORD: Final = lazy_regex(r"[^\W\d_]+(?:'[a-z]+)?")
_SMALL_WORDS: Final = {
    "en": """the and of to is are was were be been this that these those it its in on for with from have has had not but
        you your i i'll i've i'm let's let now all can will would should if when then there here what which they we our
        my an a as at by or do does did done so no yes only into about after before""",
    "de": """der die das und ist sind nicht ich ein eine einen einem einer mit für auf den dem des wird werden wurde
        wurden zu zum zur von vom im es sie wir aber auch noch jetzt habe hat haben kann können wenn dann alle alles bei
        nach über nur oder wie sich durch aus ihr euch beim schon mehr muss müssen bereits keine kein steht gibt geht
        läuft laufen macht datei dateien zeile fehler funktion erledigt fertig behoben geändert""",
    "es": """el los las una unos unas son está están que del en para con por se su sus pero más como ya todo todos
        todas este esta estos estas eso hay ha han he sin sobre cuando donde ahora también muy voy vamos puede pueden
        fue al lo le la un de si sí listo archivo archivos función línea prueba pruebas código""",
    "fr": """le les une des et est sont pas que qui dans pour avec sur ce cette ces il elle nous vous je mais plus comme
        du au aux ne se sa son ses leur tout tous toutes été avait ont j'ai c'est la un de ou où fait maintenant aussi
        fichier fichiers fonction ligne erreur corrigé""",
    "pt": """os uma umas são não que do da dos das em nos nas para com por seu sua mas mais como já tudo todos este esta
        isso há foi ao à um você agora também está estão arquivo função linha""",
    "it": """il lo gli una sono non che di del della dei delle nel nella per con si suo sua ma più come già tutto tutti
        questo questa questi ho ha hanno un uno adesso ora anche stato sta funzione riga""",
}
_MORE_SMALL_WORDS: Final = {
    "nl": """de het een en van is zijn niet ik wij we je dat die dit deze op te met voor aan door naar ook maar nog wel
        geen al alle alles wordt worden werd heb heeft hebben moet kan zal nu hier er om als bij uit over of dan nu wat
        klaar fout bestand functie""",
    "sv": """och att det som en ett den de är jag har inte på av för med till från om men eller vi du han så nu här där
        när kan ska vill måste alla allt inget finns också mer efter var vid i filen felet klart""",
    "da": """og at det som en et den de er jeg har ikke på af for med til fra om men eller vi du så nu her der når kan
        skal vil må alle alt intet findes også mere efter var ved i filen fejlen færdig""",
    "nb": """og at det som en et den de er jeg har ikke på av for med til fra om men eller vi du så nå her der når kan
        skal vil må alle alt finnes også mer etter var ved i filen feilen ferdig""",
    "fi": """ja on ei se että olen ovat oli mutta tai kun niin myös vain kaikki nyt tämä tässä ole joka voi""",
    "ro": """și si în in la de pe cu din este sunt nu am a au un o care ce mai să se că pentru fi fost acum aici toate
        tot dacă sau dar este fișierul eroarea""",
    "ca": """el la els les un una i de del dels amb per que no és són ha he hi al als en es més tot tots totes ara aquí
        però també si com cal fitxer funció""",
    "cs": """a v na je se si že s z do ve k o i to ale jak už jsou jsem není bylo byl pro po od by nebo také tady teď
        všechny když která který souboru""",
    "sk": """a v na je sa si že s z do vo k o i to ale ako už sú som nie bolo bol pre po od by alebo tiež tu teraz
        všetky keď ktorá ktorý súbore""",
    "pl": """i w na jest się nie z do że o to jak ale po za od są był było przez dla czy już tu teraz który która tylko
        oraz lub też wszystkie mam pliku""",
    "hu": """a az és hogy nem is van egy meg de ez azt itt már most minden csak vagy még lesz volt kell""",
    "tr": """ve bir bu da de için ile çok var yok ben sen o ama gibi daha olarak şimdi tüm her ne mi değil""",
    "id": """yang dan di ke dari ini itu untuk dengan tidak ada saya akan pada semua sudah sekarang""",
}
"""Small words of languages that only the classifier tells apart: they show that it is to be asked."""

_LANGUAGES_OF: Final[dict[str, tuple[str, ...]]] = {}
for _language, _words in _SMALL_WORDS.items():
    for _word in _words.split():
        _LANGUAGES_OF[_word] = (*_LANGUAGES_OF.get(_word, ()), _language)
_WORDS_OF: Final = {
    language: frozenset(words.split()) for language, words in (_SMALL_WORDS | _MORE_SMALL_WORDS).items()
}
_KNOWN: Final = frozenset[str]().union(*_WORDS_OF.values())
_ENGLISH: Final = "en"
_LEAD: Final = 20.0
"""Ratio of probabilities above which a sentence counts as English without typical small words."""
_IMPOSSIBLE: Final = 0.05
"""Probability up to which a session's language is left for another one."""
_LIKELY: Final = 0.4
"""Probability of that other one; near relatives (Danish and Norwegian) share what there is."""
_ENOUGH: Final = 2
"""Small words that show a language; accents make one enough."""
_ACCENTS: Final = lazy_regex(r"[ßäöüñ¿¡ãõçœêèàùâîôûìò]", re.IGNORECASE)


def detect(text: str, before: str, *, default: str) -> str:
    """The language of a sentence.

    Args:
        text: The sentence as it was written.
        before: The language of the sentence before it.
        default: The session's language.
    """
    if text.isascii():
        # Lower case alone: "I" is English, "i" is not.
        known = _KNOWN.intersection(text.replace("I ", "").lower().split())
        if known.issubset(_WORDS_OF.get(before.partition("-")[0], ())) and before.partition("-")[0] not in _NOT_LATIN:
            return before
    elif _FOREIGN.search(text) is not None:
        script = _by_script(text, before, default)
        if script:
            return script
    return _by_letters(text, before, default)


def _by_letters(text: str, before: str, default: str) -> str:
    """The language of a sentence in Latin letters: that of the one before, unless that is next to impossible."""
    base, home = before.partition("-")[0], default.partition("-")[0]
    found = classifier.probabilities(text)
    if found is None:
        return _by_words(text, before, default)
    if not found:
        return before if base not in _NOT_LATIN else default
    best = max(found, key=found.__getitem__)
    if best == base:
        return before
    if base in _NOT_LATIN or _may_leave(text, found, base, best, home):
        return default if best == home else best
    return before


def _may_leave(text: str, found: Mapping[str, float], base: str, best: str, home: str) -> bool:
    """Return whether a sentence may have another language than the one before it.

    Args:
        text: the sentence.
        found: probabilities by language.
        base: language of the sentence before.
        best: the most probable language.
        home: the session's language.
    """
    stays = found.get(base, 0.0)
    if best == home:
        return True
    if best == _ENGLISH:
        words = frozenset(text.lower().split())
        here = _WORDS_OF.get(base, frozenset())
        is_shown = not words.isdisjoint(_WORDS_OF[best] - here) and words.isdisjoint(here - _WORDS_OF[best])
        return is_shown or found[best] > _LEAD * stays
    return max(stays, found.get(home, 0.0)) <= _IMPOSSIBLE and found[best] >= _LIKELY


@cache
def _letters_of(script: str) -> re.Pattern[str]:
    """Compile the letters of a script when they may be there: those of all scripts take 4 ms."""
    return re.compile(script)


def _by_script(text: str, before: str, default: str) -> str:
    letters = sum(map(str.isalpha, text))
    for language, script in _SCRIPTS:
        count = len(_letters_of(script).findall(text))
        if not count:
            continue
        if language not in _HAN and count * _ENOUGH_FOREIGN < letters:
            return ""
        for known in (before, default):
            base = known.partition("-")[0]
            if base == language or base in _SHARED_SCRIPTS.get(language, ()) or (language, base) == ("zh", "ja"):
                if (language, base) == ("ja", "zh"):
                    continue
                return known
        return language
    return ""


def _by_words(text: str, before: str, default: str) -> str:
    base = before.partition("-")[0]
    known = _KNOWN.intersection(text.lower().split())
    if known.issubset(_WORDS_OF.get(base, ())) and (known or base not in _NOT_LATIN):
        return before
    scores: dict[str, int] = {}
    for word in _WORD.findall(text.lower()):
        for language in _LANGUAGES_OF.get(word, ()):
            scores[language] = scores.get(language, 0) + 1
    if not scores:
        return before if base not in _NOT_LATIN else default
    best = max(scores, key=scores.__getitem__)
    if best == base:
        return before
    if best == default.partition("-")[0]:
        best = default
    lead = scores[best.partition("-")[0]] - scores.get(base, 0)
    sure = scores[best.partition("-")[0]] >= _ENOUGH or _ACCENTS.search(text) is not None
    if base in _NOT_LATIN or (lead > 0 and sure):
        return best
    return before


_NOT_LATIN: Final[frozenset[str]] = frozenset(language for language, _ in _SCRIPTS).union(*_SHARED_SCRIPTS.values())
