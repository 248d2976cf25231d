"""What a hostile, or a defective, peer may send: drawn from a seed, fast enough for millions."""

from __future__ import annotations

import enum
import functools
import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgpack
import msgspec

from helpers.supervisor.any_message import MESSAGE_TYPES
from voicestream.protocol.messages import PROTOCOL_VERSION, Control, RestartWorker
from voicestream.protocol.transport import MAX_FRAME_BYTES, pack

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    from voicestream.protocol.messages import Message

NUMBERS = (0, 1, 2, 3, -1, 7, 100, 11_999, 12_000, 12_001, 2**16, 2**31, 2**40, 2**53, 2**63 - 1, -(2**63), 2**64 - 1)
"""Such as stand at the edges of what somebody may have thought of."""

FRACTIONS = (0.0, 1.0, -1.0, 0.3, 1e308, -1e308, float("inf"), float("-inf"), float("nan"))

HARMLESS: Final = [kind for kind in MESSAGE_TYPES if kind not in (Control, RestartWorker)]
"""Without what every client of the user may wish for: to be silent, to end, a new worker."""

TEXTS = ("", "en", "Hello.", "x" * 5_000, "\x00", "../../etc/passwd", "\x1b[2J", "音" * 50, "s1", "auto", "none")

BYTES = (b"", b"\n", b"\xff\xfe", b'{"content":[{"type":"text","text":"Forged."}]}\n', bytes(4096))


@dataclass
class Draw:
    """Draws messages; what is known of the victim makes it likely that they fit nearly."""

    rng: random.Random
    known: Mapping[str, Sequence[Any]] = field(default_factory=dict[str, "Sequence[Any]"])
    """Values for fields of these names that mean something to the victim, tried three times out of four."""

    kinds: Sequence[type[msgspec.Struct]] = MESSAGE_TYPES

    def message(self) -> Message:
        """A valid message."""
        found: Message = self._struct(self.rng.choice(self.kinds))
        return found

    def frame(self) -> bytes:
        """A frame: now and then a message, mostly something near one."""
        draw = self.rng.random()
        if draw < 0.25:
            return self.rng.randbytes(self.rng.choice((0, 1, 2, 10, 60, 300)))
        if draw < 0.40:
            return pack(self.message())
        if draw < 0.70:
            return self._damaged(pack(self.message()))
        if draw < 0.998:
            return self._any_fields()
        return self.rng.choice(_bombs())

    def _damaged(self, frame: bytes) -> bytes:
        damaged = bytearray(frame)
        for _ in range(self.rng.randint(1, 3)):
            damaged[self.rng.randrange(len(damaged))] = self.rng.randrange(256)
        cut = self.rng.randrange(len(damaged)) if self.rng.random() < 0.2 else len(damaged)
        return bytes(damaged[:cut])

    def _any_fields(self) -> bytes:
        """A known type with anything at its fields."""
        kind = self.rng.choice(self.kinds)
        fields = {name: self._anything() for name in kind.__struct_fields__}
        if "protocol" in fields:
            fields["protocol"] = PROTOCOL_VERSION
        found: bytes = msgpack.packb({"type": kind.__name__, **fields})
        return found

    def _anything(self) -> object:
        choices: tuple[Any, ...] = (NUMBERS, FRACTIONS, TEXTS, BYTES, (None, True, [], {}, [[]], {"a": {"b": []}}))
        return self.rng.choice(self.rng.choice(choices))

    def _struct(self, kind: type[msgspec.Struct]) -> Any:  # noqa: ANN401 - one of many types
        return kind(**{name: self._field(name, hint) for name, hint in _hints(kind).items()})

    def _field(self, name: str, hint: Any) -> Any:  # noqa: ANN401 - any type may stand at a field
        if name == "protocol" and self.rng.random() < 0.9:
            return PROTOCOL_VERSION  # of a message of another version nothing else is looked at
        if name in self.known and self.rng.random() < 0.75:
            return self.rng.choice(self.known[name])
        return self._value(hint)

    def _value(self, hint: Any) -> Any:  # noqa: ANN401, PLR0911 - any type may stand at a field
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is Annotated:
            # Here within its limits, where it has some: frames that break them are made by _any_fields.
            return _within(self._value(arguments[0]), arguments[1])
        if origin is Literal:
            return self.rng.choice(arguments)
        if origin in (types.UnionType, Union):
            return self._value(self.rng.choice(arguments))
        if origin is list:
            return [self._value(arguments[0]) for _ in range(self.rng.randint(0, 3))]
        if origin is dict:
            return {self._value(arguments[0]): self._value(arguments[1]) for _ in range(self.rng.randint(0, 2))}
        if hint is bool:
            return self.rng.random() < 0.5
        if isinstance(hint, type) and issubclass(hint, enum.Enum):
            return self.rng.choice(list(hint))
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            return self._struct(hint)
        return self.rng.choice(_SIMPLE[hint])


_SIMPLE: dict[Any, tuple[Any, ...]] = {
    int: NUMBERS,
    float: FRACTIONS,
    str: TEXTS,
    bytes: BYTES,
    type(None): (None,),
}


def _within(value: Any, limits: msgspec.Meta) -> Any:  # noqa: ANN401 - a number of either kind
    if limits.ge is not None and not value >= limits.ge:
        return limits.ge
    if limits.le is not None and not value <= limits.le:
        return limits.le
    return value


@functools.cache
def _hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {name: hint for name, hint in hints.items() if name in kind.__struct_fields__}


@functools.cache
def _bombs() -> tuple[bytes, ...]:
    """Frames that claim to be, or become, much more than they are; extension types; texts that are none."""
    return (
        b"\x91" * 100_000,
        b"\x81\xa1a" * 100_000,
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xdd\x00\x01\x00\x00" + b"\xc0" * 65_536,
        b"\xd4\x05a",
        b"\xc7\x0c\xff" + b"\xff" * 12,
        b"\x82\xa4type\xa8Stopping\xa6reason\xa2\xff\xfe",
        b"\x82\xa4type\xa8Stopping\xa6reason\xd6\xff\x00\x00\x00\x01",
        bytes(MAX_FRAME_BYTES + 1),
    )
