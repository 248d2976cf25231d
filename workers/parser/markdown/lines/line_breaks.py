"""Line breaks in running text: whether the sentence ends there, or the text was only wrapped.

Models put lists, labels and short statements in lines of their own without any mark. Such a break ends a sentence; one
behind a comma, a particle or a small function word does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.workers.parser.sentences.openers import is_opener
from voicestream.workers.parser.wording import paths
from voicestream.workers.parser.wording.language import detect
from voicestream.workers.text.lazy_regex import lazy_regex
from voicestream.workers.text.word_set import word_set

if TYPE_CHECKING:
    import re

_ROOM: Final = 64
"""Characters of the narrowest column to which text is wrapped: a line that ends far before it was ended on purpose."""
_WIDE: Final = 120
"""Characters of the widest one: a longer line is not wrapped."""
_LABEL_LIMIT: Final = 48
"""Characters of the next line that are read at most, to find the colon of a label."""
_PATH_LIMIT: Final = 120

_FUNCTION_WORDS: Final = word_set(
    """
    a an the and or but nor of to in on at by for from with without into onto upon about as than that which who whose
    whom if when while because since until unless although though where whether between among through during before
    after under over via per is are was were be been being am has have had do does did will would can could should
    shall may might must not my your his her its our their this these those each every some any no very more most less
    also only just e.g i.e vs plus like near within across against toward towards
    der die das den dem des ein eine einen einem einer eines und oder aber sondern denn von vom zu zum zur im am an auf
    aus bei beim bis durch für gegen in mit nach ohne seit über um unter vor wegen zwischen als wie wenn weil dass ob
    ist sind war waren wird werden wurde wurden hat haben kann können soll sollen muss müssen nicht sehr mein dein sein
    ihr unser kein keine keinen diese dieser dieses diesen diesem jede jeder jedes
    le la les l un une des du de d et ou mais ni car que qui dont où dans sur sous pour par avec sans chez entre vers
    à au aux en est sont était être a ont ne pas très plus ce cet cette ces mon ton son notre votre leur leurs
    el los las lo unos unas y o u pero del al con sin por para según desde hasta hacia entre sobre es son está están
    ser ha han que como cuando donde si no muy más su sus mi tu este esta estos estas ese esa
    il gli uno e ma dei degli delle della dello nel nella nei nelle dal dalla sul sulla con su per tra fra di da è sono
    che chi cui come quando se non più molto suo sua questo questa questi queste
    os as um uma uns umas do da dos das no na nos nas pelo pela com sem em para até são está foi não mais muito seu sua
    de het een en van voor met naar bij op om te uit aan tot zonder dat die dit deze is zijn was wordt niet zeer
    i oraz lub ale z ze w we na do od dla przez po pod nad przed przy o u że który która które jest są nie bardzo
    и или но а в во на с со к ко у о об от до из за по под над при для без через между что который которая которые не
    """
)
"""Words that no sentence ends with."""
_CARRYING: Final = frozenset(",，、;；(（[{&+=/|<«“‘\u2013\u2014-:：")
"""Marks at the end of a line that carry the sentence on; what ends in a colon was ended before."""
_PARTICLES: Final = frozenset("がをはにのでともへやてっ的和与或在是把被从對对向跟及與或將将을를은는의에와과고며면서")
"""Endings of words in Japanese, Chinese and Korean behind which a sentence goes on."""
_CLOSES_BEFORE: Final = frozenset("、，。！？；：）」』】》,.;:!?)]}")
"""Marks that begin no line of its own."""

_OPENING_MARKS: Final = " \t*_`\"'“‘«¿¡[(<~="
_ALERT: Final = lazy_regex(r"\[![A-Za-z]{2,20}\][-+]?")
_LAST_WORD: Final = lazy_regex(r"[^\W\d_]+(?:\.[^\W\d_]+)*\Z")
_TOKEN: Final = lazy_regex(r"\S+")
_RULER: Final = lazy_regex(r"`?[\u2500-\u257f\u2605\u273b]")
_LABEL: Final = lazy_regex(
    r"[*_`\"]{0,3}(?P<name>[^\W_][^\s:：]{0,30}(?: [^\s:：]{1,24}){0,3}?)[*_`\"]{0,3}[:：](?=[*_`\"]{0,3}(?:\s|\Z))"
)
_NO_LABEL: Final = lazy_regex(r"[.!?]\s|\S+(?: +\S+){4}")
_FILE: Final = lazy_regex(r"[\w@.+~/\\-]*[\w/]\.[A-Za-z]\w{0,7}\Z|[\w@.+~-]+/(?:[\w@.+*-]+/?)*\Z|\.{1,2}/\S+\Z")
_ENTRY: Final = lazy_regex(r"\s*(?:\Z|[(\[:,|=\u2013\u2014\u2192-])")
"""Behind a path: the line is an entry of a list and no sentence."""
_ADJECTIVE: Final = lazy_regex(r"[a-zäöüß]{2,}e[nmrs]?\Z")


def breaks(last: str, size: int, head: str, *, complete: bool, language: str) -> bool | None:  # noqa: PLR0911 - one question after another
    """Return whether a sentence without a stop ends where its line ends.

    Args:
        last: What is left of that line, "" when its beginning was given out.
        size: Characters of the whole line.
        head: The next line so far, without indentation; not empty.
        complete: ``head`` is the whole next line.
        language: Of the sentence before.

    Returns:
        None when more of the next line is needed.
    """
    end = last.rstrip(" \t*_`\"'”’")
    if not end:
        return False
    if (alert := _ALERT.match(end)) is not None:
        return alert.end() < len(end)
    if _RULER.match(head) is not None:
        return True
    if end[-1] in _CARRYING or head[0] in _CLOSES_BEFORE:
        return False
    if (caseless := _without_capitals(end, head)) is not None:
        return caseless and end[-1] not in _PARTICLES
    is_quoted = last.rstrip(" \t*_")[-1:] in ("`", '"', "'", "”", "’")
    word = None if is_quoted else _LAST_WORD.search(end, max(0, len(end) - _LABEL_LIMIT))
    if word is not None and word[0].lower() in _FUNCTION_WORDS and not word[0].isupper():
        return False
    first = head.lstrip(_OPENING_MARKS)[:1]
    if not first and not complete and len(head) < _LABEL_LIMIT:
        return None
    if (kind := _kind(head)) and kind == _kind(last):
        return True
    return _by_words(end, last, size, head, first, complete=complete, language=language)


def _without_capitals(end: str, head: str) -> bool | None:
    """Return whether the text is in a script without capitals, whose lines nobody wraps; None: it has them."""
    closing = next((character for character in reversed(end[-8:]) if character.isalpha()), "")
    if _is_caseless(closing):
        return True
    if _is_caseless(head.lstrip(_OPENING_MARKS)[:1]):
        return True
    return None


def _is_caseless(character: str) -> bool:
    return character > "\u02af" and character.isalpha() and character.lower() == character.upper()


def _kind(line: str) -> str:
    """The mark a line begins with: lines that begin with the same one are entries of one list."""
    first = line[:1]
    if first.isdigit():
        return "number"
    if line.startswith(("**", "__")):
        return "bold"
    return first if first in ("`", "@", "#", "[", "+", "-", "$", '"') else ""


def _by_words(end: str, last: str, size: int, head: str, first: str, *, complete: bool, language: str) -> bool | None:  # noqa: PLR0911 - one question after another
    """Judge a line that begins with a word: by a path, a capital, a label."""
    token = _TOKEN.match(head)
    if token is None:
        return False
    is_whole = complete or token.end() < len(head)
    if not is_whole and token.end() < _PATH_LIMIT:
        return None
    entry = _is_entry(head, token, last, complete=complete)
    if entry is not False:
        return entry
    if first.isupper() or first.istitle():
        if (size + 1 + token.end() <= _ROOM or size > _WIDE) and _starts_sentence(end, token[0], language):
            return True
    elif not first.isdigit() and _LABEL.match(last) is None:
        return False
    label = _LABEL.match(head)
    if label is not None and (complete or label.end() < len(head)):
        return True
    settled = complete or len(head) >= _LABEL_LIMIT or _NO_LABEL.match(head) is not None
    return False if settled else None


def _is_entry(head: str, token: re.Match[str], last: str, *, complete: bool) -> bool | None:
    """Return whether a line is an entry of a list of files; None: more of it is needed."""
    name = token[0].strip("*_`").rstrip(",:;")
    if not ("/" in name or "." in name) or not (_FILE.match(name) or paths.is_path(name, code=False)):
        return False
    if "://" in name or name[-1] in ".!?":
        return False
    before = _TOKEN.match(last)
    if before is not None and _FILE.match(before[0].strip("*_`").rstrip(",:;")):
        return True
    if token[0][-1] in ",:;":
        return True
    rest = head[token.end() :]
    if not complete and not rest.strip() and len(rest) < _LABEL_LIMIT:
        return None
    return _ENTRY.match(rest) is not None


def _starts_sentence(end: str, word: str, language: str) -> bool:
    """Return whether a capital tells a new sentence: in German nouns have one, too."""
    if not detect(end, language, default=language).startswith("de"):
        return True
    bare = word.strip("*_`\"'“”„«»()[]:,.")
    return is_opener(bare) or _ADJECTIVE.search(end, max(0, len(end) - _LABEL_LIMIT)) is None
