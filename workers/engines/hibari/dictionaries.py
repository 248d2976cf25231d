"""Dictionaries of the package's front-end in little memory.

Its pronunciations and the weights of its tagger are Python dictionaries of 76 MB. They are replaced by dictionaries of
10 MB that answer alike, and are made from the files without building the large ones first.
"""

from __future__ import annotations

import functools
import gzip
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from voicestream.workers.engines.hibari.package import MODULE
from voicestream.workers.text import compact_dict
from voicestream.workers.text.compact_dict import CompactDict

if TYPE_CHECKING:
    from collections.abc import Callable

    from hibari import Hibari

_LARGE: Final = ".gz"
"""End of the names of the large files."""

_READER: Final = "_load_json"
"""Function of the package that reads a file by its name."""

_PARTS: Final = 64
"""A file with fewer entries is a table of parts, such as the tagger's; one with more is a dictionary."""


def shrink(engine: Hibari) -> None:
    """Load the front-end of a voice with compact dictionaries; what another release lacks is left alone.

    Raises:
        OSError, ValueError, KeyError, EOFError: a file of the package is damaged.
    """
    front_end = compact_dict.without_collection(lambda: _front_end(engine))
    for path in (("lexicon", "golds", "d"), ("lexicon", "silvers", "d"), ("tagger", "tagdict"), ("tagger", "weights")):
        owner: Any = functools.reduce(_attribute, path[:-1], front_end)
        entries = _attribute(owner, path[-1])
        if isinstance(entries, dict):
            setattr(owner, path[-1], CompactDict(cast("dict[str, object]", entries)))
        del entries


def compact_table(content: bytes) -> object:
    """Return the content of a JSON file with compact dictionaries, whose values are decoded when they are asked for.

    Raises:
        ValueError: it is no JSON object.
    """
    try:
        values = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        if len(values) < _PARTS:
            return {name: _part(value) for name, value in values.items()}
        return CompactDict(values)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def _part(value: msgspec.Raw) -> object:
    if bytes(memoryview(value)[:1]) != b"{":
        return msgspec.json.decode(value)
    return CompactDict(msgspec.json.decode(value, type=dict[str, msgspec.Raw]))


def _front_end(engine: Hibari) -> object:
    """Load the front-end; its large files are read here instead of by the package."""
    module: Any = importlib.import_module(f"{MODULE}.g2p")
    theirs: Callable[[str], object] | None = getattr(module, _READER, None)
    if theirs is None:
        return cast("Any", engine).g2p

    def read(name: str) -> object:
        if not name.endswith(_LARGE):
            return theirs(name)
        with gzip.open(Path(module.ASSETS) / name) as file:
            content = file.read()
        # An entry is kept as one line.
        return theirs(name) if b"\n" in content else compact_table(content)

    setattr(module, _READER, read)
    try:
        return cast("Any", engine).g2p
    finally:
        setattr(module, _READER, theirs)


def _attribute(owner: object, name: str) -> object:
    return getattr(owner, name, None)
