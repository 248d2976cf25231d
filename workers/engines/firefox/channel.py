"""Messages between the engine and its helper process: a length of four bytes, then msgpack."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from typing import BinaryIO

HEADER: Final = struct.Struct("<I")
MAX_BYTES: Final = 1 << 20
"""Limit of one message; a piece has at most some hundred characters."""


class Request(msgspec.Struct, array_like=True, frozen=True):
    """One piece of text to translate."""

    number: int
    """Counts requests; the reply has the same."""
    directory: str
    """The model of the direction."""
    text: str


class Reply(msgspec.Struct, array_like=True, frozen=True):
    """The translation of a piece, or the reason why there is none."""

    number: int
    text: str = ""
    damaged: str = ""
    """Damage of the model; empty if there is none."""
    failure: str = ""
    """Type of the exception that the library raised; empty = none."""


def encode(message: Request | Reply) -> bytes:
    """Return the bytes of a message."""
    data = msgspec.msgpack.encode(message)
    return HEADER.pack(len(data)) + data


def read_request(stream: BinaryIO) -> Request | None:
    """Read the next request, blocking; None at the end of the stream."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (size,) = HEADER.unpack(header)
    data = stream.read(size) if size <= MAX_BYTES else b""
    return msgspec.msgpack.decode(data, type=Request) if size and len(data) == size else None


def decode_reply(buffer: bytearray) -> Reply | None:
    """Take the first whole reply out of a buffer; None: it is not complete yet.

    Raises:
        ValueError: these are no replies (``msgspec.ValidationError`` and ``DecodeError`` among them).
    """
    if len(buffer) < HEADER.size:
        return None
    (size,) = HEADER.unpack_from(buffer)
    if size > MAX_BYTES:
        raise ValueError(f"a reply of {size} bytes")
    if len(buffer) < HEADER.size + size:
        return None
    reply = msgspec.msgpack.decode(bytes(buffer[HEADER.size : HEADER.size + size]), type=Reply)
    del buffer[: HEADER.size + size]
    return reply
