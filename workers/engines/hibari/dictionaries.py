"""Dictionaries of the package's front-end in little memory.

Its pronunciations and the weights of its tagger are Python dictionaries of 76 MB. They are replaced, one at a time, by
dictionaries of 10 MB that answer alike.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, cast

from voicestream.workers.text import compact_dict
from voicestream.workers.text.compact_dict import CompactDict

if TYPE_CHECKING:
    from hibari import Hibari


def shrink(engine: Hibari) -> None:
    """Load the front-end of a voice, and replace its dictionaries; what another release lacks is left alone.

    Raises:
        OSError, ValueError, KeyError, EOFError: a file of the package is damaged.
    """
    front_end = compact_dict.without_collection(lambda: cast("Any", engine).g2p)
    for path in (("lexicon", "golds", "d"), ("lexicon", "silvers", "d"), ("tagger", "tagdict"), ("tagger", "weights")):
        owner: Any = functools.reduce(_attribute, path[:-1], front_end)
        entries = _attribute(owner, path[-1])
        if isinstance(entries, dict):
            setattr(owner, path[-1], CompactDict(cast("dict[str, object]", entries)))
        del entries


def _attribute(owner: object, name: str) -> object:
    return getattr(owner, name, None)
