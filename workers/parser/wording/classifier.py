"""Probabilities of languages for a sentence in Latin letters, by py3langid.

The model is loaded for the first sentence that needs it: half a second on an idle core, and some 30 MB. The same
sentence gives the same probabilities in every process.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
from array import array
from typing import TYPE_CHECKING, Any, Final, cast

from voicestream.workers.text.lazy_regex import lazy_regex

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

MAX_CHARACTERS: Final = 2_000
"""A longer text shows its language in its beginning."""

_LANGUAGES: Final = frozenset(
    """
    af ca cs cy da de en es et eu fi fr ga gl hr hu id is it lt lv ms nb nl nn no pl pt ro sk sl sq sv sw tr vi
    """.split()
)
"""Languages in Latin letters that agents write."""

_SAME: Final = {"no": "nb", "nn": "nb"}
"""Codes of the model for what voicestream calls otherwise."""

_WORDS: Final = 2
"""Words without which nothing is said of a language."""
_LETTERS: Final = 8

_TOKEN: Final = lazy_regex(r"\S+")
_NAME_CHARACTER: Final = lazy_regex(r"[._/\\@=<>{}\[\]#:*`0-9]")
"""Makes a token a name if a letter or digit follows it."""
_CAMEL_CASE: Final = lazy_regex(r"[a-z][A-Z]")
_CAPITALS: Final = lazy_regex(r"\b[A-Z0-9]{2,}\b")

_log = logging.getLogger(__name__)


def probabilities(text: str) -> dict[str, float] | None:
    """Return the probabilities of languages, empty if a text shows none.

    Returns:
        None if the classifier is not installed.
    """
    words = _TOKEN.sub(_without_names, text[:MAX_CHARACTERS]).split()
    if len(words) < _WORDS or sum(map(len, words)) < _LETTERS:
        return {}
    rank = _rank()
    if rank is None:
        return None
    found: dict[str, float] = {}
    for code, share in rank(" ".join(words)):
        language = _SAME.get(code, code)
        found[language] = found.get(language, 0.0) + share
    return found


def _without_names(match: re.Match[str]) -> str:
    """Return a token without code names, which belong to no language.

    Each expression is searched once in a token: joined in one pattern they take cubic time for a long token.
    """
    token = match[0]
    name = _NAME_CHARACTER.search(token)
    if name is not None:
        end = len(token)
        while end and not (token[end - 1].isalnum() or token[end - 1] == "_"):
            end -= 1
        if name.end() < end:
            return " " + token[end:]
    return " " if _CAMEL_CASE.search(token) else _CAPITALS.sub(" ", token)


@functools.cache
def _rank() -> Callable[[str], list[tuple[str, float]]] | None:
    """Return the function that ranks languages, with the columns of ours only; the rest is freed."""
    if importlib.util.find_spec("py3langid") is None:
        _log.warning("py3langid is not installed: languages are told apart by small words alone")
        return None
    from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier
    from py3langid.modelio import load_model

    from voicestream.workers.inference import malloc_trim
    from voicestream.workers.parser.wording.transition_table import TransitionTable

    features, priors, classes, moves, rows, outputs = load_model(MODEL_DIR / MODEL_FILE)
    columns = [index for index, name in enumerate(classes) if name in _LANGUAGES]
    identifier = LanguageIdentifier(
        features[:, columns].copy(),
        priors[columns].copy(),
        [classes[index] for index in columns],
        cast("Any", TransitionTable(cast("array[int]", moves))),
        cast("Any", array("i", outputs)),
        norm_probs=True,
        tk_row=rows,
    )
    # A list of 90,000 integers, 3.7 MB.
    rows_of_states = getattr(identifier, "_rowbase", None)
    if isinstance(rows_of_states, list):
        cast("Any", identifier)._rowbase = array("I", cast("list[int]", rows_of_states))  # noqa: SLF001 - no argument leads there
        del rows_of_states
    del features, moves, outputs
    malloc_trim.trim()
    return lambda text: [(str(name), float(share)) for name, share in identifier.rank(text)]
