"""The hub: real sockets, honest and hostile peers."""

from __future__ import annotations

import contextlib
import itertools
import logging
import time
from typing import TYPE_CHECKING

import msgpack
import pytest
import zmq

from helpers.fixtures.deadline import remaining_milliseconds
from helpers.process.running import wait_until
from voicestream.protocol.messages import Beat, Done, Stop, Stopping
from voicestream.protocol.transport import MAX_FRAME_BYTES, MAX_WAITING_FRAMES, MAX_WIRE_BYTES, pack
from voicestream.supervisor.hub import LOGGED_DROPS, MAX_FRAMES_A_TURN, MAX_SECONDS_A_TURN

if TYPE_CHECKING:
    from helpers.supervisor.net import Net


def test_a_message_reaches_the_peer_it_is_for(net: Net) -> None:
    one, two = net.peer(b"tts.1"), net.peer(b"tts.2")
    assert net.hub.send(b"tts.2", Stop())
    assert two.recv() == pack(Stop())
    assert not one.poll(0)


def test_sending_to_nobody_is_said_and_harms_nothing(net: Net) -> None:
    assert net.hub.send(b"tts.1", Stop()) is False
    assert net.hub.send(b"", Stop()) is False
    net.peer(b"tts.1")
    assert net.hub.send(b"tts.1", Stop()) is True


def test_sending_to_a_peer_that_has_gone_is_said(net: Net) -> None:
    peer = net.peer(b"tts.1")
    monitor = net.hub.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    peer.close()
    assert monitor.poll(remaining_milliseconds())
    # ZeroMQ tells the monitor before the socket, which looks for such news once a millisecond.
    wait_until(lambda: net.hub.send(b"tts.1", Stop()) is False, "it is said")
    net.hub.socket.disable_monitor()
    monitor.close(0)


def test_any_other_error_of_the_socket_is_not_taken_for_an_absent_peer(net: Net) -> None:
    net.hub.socket.close(0)
    with pytest.raises(zmq.ZMQError):
        net.hub.send(b"tts.1", Stop())


BAD_FRAMES = {
    "malformed": [b"\xc1"],
    "empty": [b""],
    "unknown type": [msgpack.packb({"type": "Explode"})],
    "oversized": [pack(Stopping(reason="x" * MAX_FRAME_BYTES))],
    "deep": [b"\x91" * 500_000],
    "two parts": [b"", pack(Beat())],
    "three parts": [pack(Beat()), pack(Beat()), b""],
}


@pytest.mark.parametrize("parts", BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
def test_a_bad_frame_is_counted_and_dropped_and_the_next_one_gets_through(net: Net, parts: list[bytes]) -> None:
    peer = net.peer(b"evil")
    peer.send_multipart(parts)
    peer.send(pack(Done(text="after it")))
    assert net.next() == (b"evil", Done(text="after it"))
    reason = "malformed" if len(parts) == 1 else "parts"
    assert dict(net.hub.dropped) == {reason: 1}
    assert net.hub.send(b"evil", Stop()) is True


def test_a_frame_beyond_all_measure_costs_its_sender_the_connection_and_nobody_else(net: Net) -> None:
    good, evil = net.peer(b"good"), net.peer(b"evil")
    monitor = net.hub.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    evil.send(bytes(MAX_WIRE_BYTES + 1))
    assert monitor.poll(remaining_milliseconds()), "the connection is still there"
    good.send(pack(Done()))
    assert net.next() == (b"good", Done())
    assert net.hub.dropped.total() == 0, "it was not even read"
    net.hub.socket.disable_monitor()
    monitor.close(0)


def test_a_second_peer_with_the_name_of_a_living_one_is_not_heard(net: Net) -> None:
    """A name is never used twice: whoever does is not the worker."""
    first = net.peer(b"tts.1")
    forger = net.stranger(b"tts.1")
    forger.send(pack(Stopping(reason="forged")))
    first.send(pack(Done(text="real")))
    assert net.next() == (b"tts.1", Done(text="real"))
    assert net.hub.send(b"tts.1", Stop())
    assert first.poll(remaining_milliseconds())
    assert not forger.poll(0)


def test_a_flood_is_taken_in_turns(net: Net) -> None:
    peer = net.peer(b"loud")
    count = MAX_FRAMES_A_TURN * 2 + 5
    for _ in range(count):
        peer.send(pack(Beat()))
    taken: list[int] = []
    while sum(taken) < count:
        assert net.hub.socket.poll(remaining_milliseconds())
        taken.append(len(list(net.hub.receive())))
    assert max(taken) <= MAX_FRAMES_A_TURN


def test_bad_frames_count_towards_the_turn(net: Net) -> None:
    peer = net.peer(b"evil")
    for _ in range(MAX_FRAMES_A_TURN * 3):
        peer.send(b"\xc1")
    peer.send(pack(Done()))
    before = 0
    while net.hub.dropped.total() < MAX_FRAMES_A_TURN * 3:
        assert net.hub.socket.poll(remaining_milliseconds())
        list(net.hub.receive())
        assert net.hub.dropped.total() - before <= MAX_FRAMES_A_TURN
        before = net.hub.dropped.total()


def test_what_a_flood_brings_waits_at_its_sender(net: Net) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    loud = context.socket(zmq.DEALER)
    loud.setsockopt(zmq.SNDHWM, 1)
    loud.setsockopt(zmq.SNDTIMEO, 300)
    loud.connect(f"ipc://{net.path}")
    frame = bytes(MAX_FRAME_BYTES)
    sent = 0
    with contextlib.suppress(zmq.Again):
        while sent < 10 * MAX_WAITING_FRAMES:
            loud.send(frame)
            sent += 1
    assert sent < 2 * MAX_WAITING_FRAMES
    loud.close(0)
    context.term()


def test_a_turn_has_an_end_however_long_its_frames_take(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    peer = net.peer(b"slow")
    for _ in range(MAX_FRAMES_A_TURN):
        peer.send(pack(Beat()))
    peer.send(pack(Beat()))
    clock = itertools.count(step=MAX_SECONDS_A_TURN / 4)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    assert net.hub.socket.poll(remaining_milliseconds())
    assert len(list(net.hub.receive())) <= 4


def test_a_flood_of_bad_frames_does_not_fill_the_log(net: Net, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(1000):
            net.hub.drop(b"evil", "malformed", "x" * 100_000)
    assert len(caplog.records) == LOGGED_DROPS + 1
    assert "dropped=1000 reason=malformed" in caplog.records[-1].getMessage()
    assert all(len(record.getMessage()) < 400 for record in caplog.records)


def test_receiving_when_nothing_is_there_gives_nothing(net: Net) -> None:
    assert list(net.hub.receive()) == []


def test_the_last_frames_get_out_before_it_closes(net: Net) -> None:
    peer = net.peer(b"client")
    large = Done(text="x" * 500_000)
    for _ in range(60):
        assert net.hub.send(b"client", large)
    assert net.hub.send(b"client", Done(text="ended"))
    net.hub.close(linger_seconds=20)
    for _ in range(60):
        assert peer.poll(remaining_milliseconds())
        assert peer.recv() == pack(large)
    assert peer.recv() == pack(Done(text="ended"))
