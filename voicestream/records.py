"""Base classes of records inside a process: the fields, the constructor and the comparison of a dataclass.

A dataclass writes and compiles its methods when its module is imported: 0.3 to 0.6 ms each time, a struct 0.02 ms.
A supervisor imports some sixty of them at its start. What goes over the wire is in `voicestream.protocol.messages`.
"""

from __future__ import annotations

import msgspec


class Record(msgspec.Struct):
    """Record whose fields may change."""


class FrozenRecord(msgspec.Struct, frozen=True):
    """Record whose fields stay as they are; it can be hashed if they can. Subclasses repeat ``frozen`` for pyright."""
