"""Dictionaries of the package's front-end in little memory.

Its pronunciations and the weights of its tagger are Python dictionaries of 76 MB. They are replaced, one at a time, by
dictionaries of 10 MB that answer alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from voicestream.workers.text import compact_dict
from voicestream.workers.text.compact_dict import CompactDict

if TYPE_CHECKING:
    from hibari import Hibari


def shrink(engine: Hibari) -> None:
    """Load the front-end of a voice, and replace its dictionaries; what another release lacks is left alone.

    Raises:
        OSError, ValueError, KeyError, EOFError: a file of the package is damaged.
    """
    front_end: Any = compact_dict.without_collection(lambda: engine.g2p)
    lexicon, tagger = getattr(front_end, "lexicon", None), getattr(front_end, "tagger", None)
    for owner, name in (
        (getattr(lexicon, "golds", None), "d"),
        (getattr(lexicon, "silvers", None), "d"),
        (tagger, "tagdict"),
        (tagger, "weights"),
    ):
        entries = getattr(owner, name, None)
        if isinstance(entries, dict):
            setattr(owner, name, CompactDict(entries))
        del entries
