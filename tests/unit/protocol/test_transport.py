"""Frames: every message survives the way, and nothing else gets through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import msgpack
import pytest
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.supervisor.any_message import MESSAGE_TYPES, messages, structs
from voicestream.errors import OtherVersionError, ProtocolError
from voicestream.protocol import transport
from voicestream.protocol.messages import (
    PROTOCOL_VERSION,
    Beat,
    EndOfInput,
    FromClient,
    FromWorker,
    HandedOver,
    Hello,
    Input,
    InputAccepted,
    InputConsumed,
    Message,
    ParseInput,
    Ready,
    SessionClosed,
    SessionEvent,
    Stopping,
    ToClient,
    ToWorker,
)
from voicestream.protocol.transport import MAX_FRAME_BYTES, pack, poll_milliseconds, unpack

if TYPE_CHECKING:
    from pathlib import Path

    import msgspec


@pytest.mark.parametrize("kind", MESSAGE_TYPES, ids=lambda kind: kind.__name__)
def test_every_message_arrives_as_it_was_sent(kind: type[msgspec.Struct]) -> None:
    @settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
    @given(message=structs(kind))
    def survives(message: Message) -> None:
        found = unpack(pack(message))
        assert type(found) is kind
        assert found == message

    survives()


def test_a_frame_is_a_map_so_that_a_new_field_in_the_middle_is_no_misunderstanding() -> None:
    packed: Any = msgpack.unpackb(pack(Ready(engine="espeak", device="cpu")))
    assert packed == {"type": "Ready", "engine": "espeak", "device": "cpu"}
    newer = {"type": "Ready", "colour": "green", "engine": "espeak", "device": "cpu"}
    assert unpack(msgpack.packb(newer)) == Ready(engine="espeak", device="cpu")


VERSIONED = [kind for kind in MESSAGE_TYPES if "protocol" in kind.__struct_fields__]


def test_what_can_begin_a_conversation_and_what_answers_it_carries_the_version() -> None:
    openings = {Hello, *get_args(FromClient)} - {Input, EndOfInput}
    answers = {*get_args(ToClient)} - {InputAccepted, SessionEvent, HandedOver, SessionClosed}
    assert {*VERSIONED} == openings | answers


@pytest.mark.parametrize("kind", VERSIONED, ids=lambda kind: kind.__name__)
def test_the_version_is_always_sent_and_looked_at_before_the_rest(kind: type[msgspec.Struct]) -> None:
    @settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])
    @given(message=structs(kind))
    def is_sent(message: Message) -> None:
        fields: Any = msgpack.unpackb(pack(message))
        assert fields["protocol"] == PROTOCOL_VERSION

    is_sent()
    tag = kind.__name__
    for protocol in (PROTOCOL_VERSION - 1, PROTOCOL_VERSION + 1, "4", None, [PROTOCOL_VERSION]):
        with pytest.raises(OtherVersionError) as caught:
            unpack(packed({"type": tag, "protocol": protocol, "fields": "changed"}))
        assert (caught.value.kind, caught.value.is_shutdown) == (tag, False)
    with pytest.raises(OtherVersionError, match="without a number"):
        unpack(packed({"type": tag}))
    with pytest.raises(OtherVersionError):
        unpack(packed({"type": "UnheardOf", "protocol": PROTOCOL_VERSION + 1}))


def test_the_request_to_end_is_known_in_every_version() -> None:
    with pytest.raises(OtherVersionError) as caught:
        unpack(packed({"type": "Control", "action": "shutdown"}))
    assert caught.value.is_shutdown


def test_bytes_stay_bytes() -> None:
    message = Input(session="s1", offset=0, data=bytes(range(256)), pause=True)
    assert unpack(pack(message)) == message


def test_the_largest_honest_frame_fits() -> None:
    data = bytes(transport.INPUT_CHUNK_BYTES)
    assert unpack(pack(Input(session="s1", offset=2**40, data=data))) is not None
    assert unpack(pack(ParseInput(session="s1", offset=2**40, data=data))) is not None


def packed(value: object) -> bytes:
    found: bytes = msgpack.packb(value)
    return found


NOT_A_MESSAGE = {
    "nothing": b"",
    "no msgpack": b"\xc1",
    "cut off": pack(Stopping(reason="a long word"))[:-1],
    "something after the end": pack(Beat()) + b"\xc0",
    "nil": packed(None),
    "a number": packed(7),
    "a list": packed(["Beat"]),
    "a list of a message": packed([{"type": "Beat"}]),
    "a map without a type": packed({"reason": "x"}),
    "an unknown type": packed({"type": "Explode"}),
    "a type that is a number": packed({"type": 3}),
    "a type that is a list": packed({"type": ["Beat"]}),
    "a type that is a map": packed({"type": {"Beat": 1}}),
    "a private type": packed({"type": "_Message"}),
    "a part instead of a message": packed({"type": "Counts", "found": 1}),
    "a field is missing": packed({"type": "Ready", "engine": "x"}),
    "a field of the wrong type": packed({"type": "Stopping", "reason": 7}),
    "a number that is a text": packed({"type": "InputAccepted", "session": "s", "offset": "7"}),
    "a fraction for a count": packed({"type": "InputAccepted", "session": "s", "offset": 7.5}),
    "a truth for a count": packed({"type": "InputAccepted", "session": "s", "offset": True}),
    "a text for bytes": packed({"type": "Input", "session": "s", "offset": 0, "data": "text"}),
    "bytes for a text": packed({"type": "Stopping", "reason": b"bytes"}),
    "an unknown role": packed(
        {"type": "Hello", "role": "dj", "incarnation": 1, "pid": 1, "protocol": PROTOCOL_VERSION}
    ),
    "an unknown wish": packed({"type": "Control", "action": "explode", "protocol": PROTOCOL_VERSION}),
    "keys that are numbers": packed({1: "Beat"}),
    "keys that are bytes": packed({b"type": "Beat"}),
    "broken UTF-8": b"\x82\xa4type\xa8Stopping\xa6reason\xa2\xff\xfe",
    "half a surrogate pair": b"\x82\xa4type\xa8Stopping\xa6reason\xa3\xed\xa0\x80",
    "an extension type": b"\xd4\x05a",
    "a time stamp": b"\xd6\xff\x00\x00\x00\x01",
    "a broken time stamp": b"\xc7\x0c\xff" + b"\xff" * 12,
    "a time stamp for a text": b"\x82\xa4type\xa8Stopping\xa6reason\xd6\xff\x00\x00\x00\x01",
    "deep lists": b"\x91" * 500_000,
    "deep maps": b"\x81\xa1a" * 300_000,
    "a list that claims to be huge": b"\xdd\xff\xff\xff\xff",
    "huge lists in huge lists": b"\xdd\x00\x0f\x00\x00" * 500 + bytes(1_000_000),
    "a map that claims to be huge": b"\xdf\xff\xff\xff\xff",
    "bytes that claim to be huge": b"\xc6\xff\xff\xff\xff",
}


@pytest.mark.parametrize("frame", NOT_A_MESSAGE.values(), ids=NOT_A_MESSAGE.keys())
def test_what_is_not_a_message_is_a_protocol_error(frame: bytes) -> None:
    with pytest.raises(ProtocolError):
        unpack(frame)


def test_a_frame_that_is_too_large_is_not_even_looked_at() -> None:
    room = MAX_FRAME_BYTES - len(pack(Stopping(reason="x" * 100_000))) + 100_000
    largest = pack(Stopping(reason="x" * room))
    assert len(largest) == MAX_FRAME_BYTES
    assert unpack(largest) == Stopping(reason="x" * room)
    with pytest.raises(ProtocolError, match=f"frame of {MAX_FRAME_BYTES + 1} bytes"):
        unpack(pack(Stopping(reason="x" * (room + 1))))


def refused_or_a_message(frame: bytes) -> None:
    try:
        found = unpack(frame)
    except ProtocolError:
        return
    assert type(found) in MESSAGE_TYPES


@settings(max_examples=250)
@given(frame=st.binary(max_size=300))
def test_random_bytes_are_a_message_or_a_protocol_error(frame: bytes) -> None:
    refused_or_a_message(frame)


MSGPACK_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
TAGS = st.sampled_from([kind.__name__ for kind in MESSAGE_TYPES])
FIELDS = st.sampled_from(sorted({name for kind in MESSAGE_TYPES for name in kind.__struct_fields__}))


@settings(max_examples=120)
@given(tag=TAGS, fields=st.dictionaries(FIELDS, MSGPACK_VALUES, max_size=8))
def test_a_known_type_with_any_fields_is_a_message_or_a_protocol_error(tag: str, fields: dict[str, object]) -> None:
    refused_or_a_message(packed({"type": tag, **fields}))


@settings(max_examples=120)
@given(message=messages(), data=st.data())
def test_a_damaged_frame_is_a_message_or_a_protocol_error(message: Message, data: st.DataObject) -> None:
    frame = bytearray(pack(message))
    for _ in range(data.draw(st.integers(1, 3))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    refused_or_a_message(bytes(frame))


def test_who_may_send_what_is_told_apart() -> None:
    @settings(max_examples=100)
    @given(message=messages())
    def is_told_apart(message: Message) -> None:
        assert transport.is_from_worker(message) == isinstance(message, get_args(FromWorker))
        assert transport.is_to_worker(message) == isinstance(message, get_args(ToWorker))
        assert transport.is_from_client(message) == isinstance(message, get_args(FromClient))

    is_told_apart()
    assert set(MESSAGE_TYPES) == {
        kind for union in (FromWorker, ToWorker, FromClient, ToClient) for kind in get_args(union)
    }


def test_a_workers_checkpoint_is_nothing_a_client_may_send() -> None:
    message = InputConsumed(session="s1", received=0, checkpoint=0, state=b"", found=0)
    assert transport.is_from_worker(message)
    assert not transport.is_from_client(message)
    assert not transport.is_to_worker(message)


@pytest.mark.parametrize(
    ("seconds", "milliseconds"), [(0.0, 0), (-5.0, 0), (0.0001, 1), (0.001, 1), (0.0011, 2), (2.0, 2000)]
)
def test_a_wait_is_rounded_up_so_that_its_last_part_is_not_spent_spinning(seconds: float, milliseconds: int) -> None:
    assert poll_milliseconds(seconds) == milliseconds


def test_a_socket_that_is_closed_with_unsent_frames_does_not_hold_anybody_up(tmp_path: Path) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    peer = transport.peer_socket(context, tmp_path / "nobody", b"me", linger_milliseconds=0)
    peer.send(b"never arrives")
    hub = transport.hub_socket(context, tmp_path / "hub")
    hub.close()
    peer.close()
    context.term()
