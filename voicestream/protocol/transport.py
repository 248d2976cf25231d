"""Transport: encoding, decoding and validation of messages, and the ZeroMQ sockets that carry them.

Frames are msgpack maps (package ``msgpack``) validated against ``messages.Message`` (package ``msgspec``). Received
frames are never trusted: size, depth and type are limited before anything is built from them.
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
"""Largest frame that is decoded. The largest valid one carries 256 KiB of input or a parser's state."""

MAX_WIRE_BYTES: Final = 2 << 20
"""libzmq closes the connection of a peer that sends larger frames, without allocating memory for them."""

MAX_WAITING_FRAMES: Final = 64
"""Frames of one peer queued in our memory; more stay in the peer's memory (backpressure)."""

INPUT_CHUNK_BYTES: Final = 256 << 10
"""Largest piece of input in one message: 200 MB/s are then a few hundred frames a second."""

INPUT_CREDIT_BYTES: Final = 8 << 20
"""Input credit: bytes a client may send beyond the accepted offset; more stays in its backlog."""

INPUT_PAUSES_SECONDS: Final = (0.3, 1.0)
"""Silence of the input after which the parser is told. After the first it releases complete sentences, after the second
also plain text without a full stop."""

_TYPES: Final[dict[object, type[Message]]] = {kind.__struct_config__.tag: kind for kind in get_args(Message)}
"""Message types by tag. Given the union itself, ``msgspec.convert`` analyses its 44 types anew for every frame: 38 µs,
against 3 µs for the one type that the tag names. A frame without a tag is still refused."""

_EXPECTED: Final = re.compile(
    r"Expected `[a-z |]+`(?: [a-z<>= 0-9.]+)?(?:, got `[a-z]+`)?|Object missing required field `\w+`"
)
"""Beginnings of msgspec's messages: they name our types and fields and quote no received value."""

_AT_FIELD: Final = re.compile(r" - at `(\$[\w.\[\]]*)`$")
"""Ends of those messages: the path of the field, without keys of maps."""

_VERSIONED: Final = frozenset(
    kind.__struct_config__.tag for kind in _TYPES.values() if "protocol" in kind.__struct_fields__
)
"""Tags of the messages that carry the protocol version."""


def pack(message: Message, *, is_exact: bool = False) -> bytes:
    """Encode a message as one frame; characters that UTF-8 cannot encode become question marks.

    Args:
        message: the message.
        is_exact: raise instead of replacing: a changed file name would be another file's.

    Raises:
        UsageError: with ``is_exact``, a text cannot be encoded in UTF-8.
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
    """Decode and validate one frame.

    Raises:
        OtherVersionError: the message is of another protocol version.
        ProtocolError: the frame is too large, not msgpack, or not a valid message.
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
    """Describe the form of an invalid frame without its values, which may be the agent's words."""
    kind = type(error).__name__
    if not isinstance(error, msgspec.ValidationError):
        return kind
    text = str(error)
    problem = _EXPECTED.match(text)
    place = _AT_FIELD.search(text)
    return f"{kind}{f': {problem[0]}' if problem else ''}{f' at {place[1]}' if place else ''}"


def _check_version(fields: dict[str, object]) -> None:
    """Compare the protocol version first: the rest of a message of another version may be anything.

    Raises:
        OtherVersionError: the version differs, or is missing where every message of this version has it.
    """
    protocol = fields.get("protocol")
    if protocol == PROTOCOL_VERSION or (protocol is None and fields.get("type") not in _VERSIONED):
        return
    is_shutdown = (fields.get("type"), fields.get("action")) == ("Control", "shutdown")
    # An unknown tag is the sender's own text.
    kind = fields.get("type")
    known = kind if isinstance(kind, str) and kind in _TYPES else "a message"
    raise OtherVersionError(known, protocol, is_shutdown=is_shutdown)


_FROM_WORKER: Final = get_args(FromWorker)
_TO_WORKER: Final = get_args(ToWorker)
_FROM_CLIENT: Final = get_args(FromClient)


def is_from_worker(message: Message) -> TypeGuard[FromWorker]:
    """Return whether workers send this type of message."""
    return isinstance(message, _FROM_WORKER)


def is_to_worker(message: Message) -> TypeGuard[ToWorker]:
    """Return whether workers receive this type of message."""
    return isinstance(message, _TO_WORKER)


def is_from_client(message: Message) -> TypeGuard[FromClient]:
    """Return whether clients send this type of message."""
    return isinstance(message, _FROM_CLIENT)


def poll_milliseconds(seconds: float) -> int:
    """Convert a timeout to milliseconds for pollers, rounded up to avoid spinning in the last millisecond."""
    return max(0, math.ceil(seconds * 1000))


WORKER_KEY_VARIABLE: Final = "VOICESTREAM_WORKER_KEY"
"""Environment variable of a worker: the secret part of its name on the hub."""

POOL_VARIABLE: Final = "VOICESTREAM_POOL"
"""Environment variable of a worker: the name of the audio pool, or the descriptor of an unnamed one."""


def worker_name(role: str, incarnation: int, key: str) -> str:
    """Return a worker's name on the hub.

    ``role.incarnation`` is unique but predictable: without the key, a peer could take the name of the next incarnation
    before it is started, and would receive its messages.
    """
    return f"{role}.{incarnation}.{key}" if key else f"{role}.{incarnation}"


def hub_socket(context: zmq.Context[zmq.Socket[bytes]], path: Path) -> zmq.Socket[bytes]:
    """Create the supervisor's ROUTER socket, bound to ``path``.

    ROUTER_MANDATORY: sending to an unknown peer raises instead of dropping the frame. LINGER 0: shutdown never waits
    for a peer.
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
    """Create a worker's or client's DEALER socket, connected to the hub at ``path``.

    A connect succeeds without a peer: libzmq retries for ever in silence, so readiness is a message. High-water marks
    are off: the application counts frames in flight by credits, and the last messages of a hub that ends need room
    here.
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
