"""Packing and unpacking of messages, and the ZeroMQ sockets they travel on.

Frames are msgpack maps (package ``msgpack``) checked against ``messages.Message`` (package ``msgspec``). What arrives
is never trusted: size, depth and type are limited before anything is built from it.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final, TypeGuard, cast, get_args

import msgpack
import msgspec
import zmq

from voicestream.errors import OtherVersionError, ProtocolError, UsageError
from voicestream.protocol.messages import PROTOCOL_VERSION, FromClient, FromWorker, Message, ToWorker

if TYPE_CHECKING:
    from pathlib import Path

MAX_FRAME_BYTES: Final = 1 << 20
"""Largest frame that is decoded. The largest honest one carries 256 KiB of input or a parser's state."""

MAX_WIRE_BYTES: Final = 2 << 20
"""libzmq closes the connection of a peer that sends more: memory is never taken for it."""

MAX_WAITING_FRAMES: Final = 64
"""Frames of one peer that wait in our memory; what is more waits in the peer's, so that a flood costs its sender."""

INPUT_CHUNK_BYTES: Final = 256 << 10
"""Input travels in pieces of at most this size: large enough that 200 MB/s is a few hundred frames a second."""

INPUT_CREDIT_BYTES: Final = 8 << 20
"""Input that a client may have sent beyond what was accepted; what is more waits in its backlog."""

_TYPES: Final[dict[object, type[Message]]] = {kind.__struct_config__.tag: kind for kind in get_args(Message)}
"""The union, by tag. Given the union itself, ``msgspec.convert`` analyses its 44 types anew for every frame: 38 µs,
against 3 µs for the one type that the tag names. A frame without a tag is still refused."""

_EXPECTED: Final = re.compile(
    r"Expected `[a-z |]+`(?: [a-z<>= 0-9.]+)?(?:, got `[a-z]+`)?|Object missing required field `\w+`"
)
"""Beginnings of msgspec's messages that name our types and fields, and nothing of what has arrived."""

_AT_FIELD: Final = re.compile(r" - at `(\$[\w.\[\]]*)`$")
"""Their ends: the path of the field; keys of maps are not named there."""

_VERSIONED: Final = frozenset(
    kind.__struct_config__.tag for kind in _TYPES.values() if "protocol" in kind.__struct_fields__
)
"""Tags of the messages that carry the version of the protocol."""


def pack(message: Message, *, is_exact: bool = False) -> bytes:
    """One frame from one message; what is not text, in a reason for instance, becomes question marks.

    Args:
        message: what to send.
        is_exact: refuse that: a name of a file would be another one's.

    Raises:
        UsageError: a text in it is not text in UTF-8, and has to be sent exactly.
    """
    builtins = msgspec.to_builtins(message, builtin_types=(bytes,))
    try:
        return msgpack.packb(builtins, use_bin_type=True)
    except UnicodeEncodeError as error:
        if not is_exact:
            return msgpack.packb(builtins, use_bin_type=True, unicode_errors="replace")
        raise UsageError(
            f"{error.object} is not in UTF-8, as all texts and names must be", hint="Give the file another name."
        ) from error


def unpack(frame: bytes | memoryview) -> Message:
    """One message from one frame.

    Raises:
        OtherVersionError: it is a message of another version of the protocol, whatever else is in it.
        ProtocolError: the frame is too large, not msgpack, or not one of our messages.
    """
    if len(frame) > MAX_FRAME_BYTES:
        raise ProtocolError(f"frame of {len(frame)} bytes; at most {MAX_FRAME_BYTES} are read")
    try:
        builtins: Any = msgpack.unpackb(frame, raw=False, strict_map_key=True)
        if isinstance(builtins, dict):
            fields = cast("dict[str, object]", builtins)
            _check_version(fields)
            kind = _TYPES.get(fields.get("type"))
        else:
            kind = None
        if kind is None:
            raise ProtocolError("not a map that names one of our messages")
        return msgspec.convert(builtins, kind, builtin_types=(bytes,))
    except (ValueError, TypeError, msgpack.UnpackException, msgspec.ValidationError, RecursionError) as error:
        raise ProtocolError(_form_of(error)) from error


def _form_of(error: Exception) -> str:
    """What is wrong with the form of a frame, without any of its values: they may be the agent's words."""
    kind = type(error).__name__
    if not isinstance(error, msgspec.ValidationError):
        return kind
    text = str(error)
    problem = _EXPECTED.match(text)
    place = _AT_FIELD.search(text)
    return f"{kind}{f': {problem[0]}' if problem else ''}{f' at {place[1]}' if place else ''}"


def _check_version(fields: dict[str, object]) -> None:
    """Compare the version before anything else: the rest of a message of another version may be anything.

    Raises:
        OtherVersionError: it is another one, or is missing where every message of this version has it.
    """
    protocol = fields.get("protocol")
    if protocol == PROTOCOL_VERSION or (protocol is None and fields.get("type") not in _VERSIONED):
        return
    is_shutdown = (fields.get("type"), fields.get("action")) == ("Control", "shutdown")
    # Of the sender's own making, if it is none of ours.
    kind = fields.get("type")
    known = kind if isinstance(kind, str) and kind in _TYPES else "a message"
    raise OtherVersionError(known, protocol, is_shutdown=is_shutdown)


_FROM_WORKER: Final = get_args(FromWorker)
_TO_WORKER: Final = get_args(ToWorker)
_FROM_CLIENT: Final = get_args(FromClient)


def is_from_worker(message: Message) -> TypeGuard[FromWorker]:
    """Whether a message is one that workers send."""
    return isinstance(message, _FROM_WORKER)


def is_to_worker(message: Message) -> TypeGuard[ToWorker]:
    """Whether a message is one that workers get."""
    return isinstance(message, _TO_WORKER)


def is_from_client(message: Message) -> TypeGuard[FromClient]:
    """Whether a message is one that clients send."""
    return isinstance(message, _FROM_CLIENT)


def poll_milliseconds(seconds: float) -> int:
    """A time-out as pollers take it, rounded up: rounded down, the last millisecond would be spent spinning."""
    return max(0, math.ceil(seconds * 1000))


WORKER_KEY_VARIABLE: Final = "VOICESTREAM_WORKER_KEY"
"""In the environment of a worker: the part of its name on the hub that nobody else can guess."""

POOL_VARIABLE: Final = "VOICESTREAM_POOL"
"""In the environment of a worker: the name of the audio pool, or the descriptor of one without a name."""


def worker_name(role: str, incarnation: int, key: str) -> str:
    """A worker's name on the hub.

    ``role.incarnation`` is never used twice, but could be guessed: a peer that had taken the name of the
    next incarnation before that one was started would be heard in its place.
    """
    return f"{role}.{incarnation}.{key}" if key else f"{role}.{incarnation}"


def hub_socket(context: zmq.Context[zmq.Socket[bytes]], path: Path) -> zmq.Socket[bytes]:
    """The supervisor's ROUTER, bound to ``path``.

    MANDATORY: a frame to a peer that is not there raises instead of vanishing. LINGER 0: ending never
    waits for a peer.
    """
    socket = context.socket(zmq.ROUTER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_WIRE_BYTES)
    socket.setsockopt(zmq.SNDHWM, 0)
    socket.setsockopt(zmq.RCVHWM, MAX_WAITING_FRAMES)
    socket.bind(f"ipc://{path}")
    return socket


def peer_socket(
    context: zmq.Context[zmq.Socket[bytes]], path: Path, identity: bytes, *, linger_milliseconds: int
) -> zmq.Socket[bytes]:
    """A worker's or client's DEALER, connecting to the hub at ``path``.

    Connecting is not arriving: libzmq retries for ever in silence. Readiness is a message.
    High-water marks are off: what may be under way is counted in credits by the application, and the last
    words of a hub that ends must find room here.
    """
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.IDENTITY, identity)
    socket.setsockopt(zmq.LINGER, linger_milliseconds)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_WIRE_BYTES)
    socket.setsockopt(zmq.RECONNECT_IVL, 10)
    socket.setsockopt(zmq.SNDHWM, 0)
    socket.setsockopt(zmq.RCVHWM, 0)
    socket.connect(f"ipc://{path}")
    return socket
