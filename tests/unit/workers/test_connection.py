"""A worker's end of its link: what is sent arrives, what arrives is sorted, and closing takes no time."""

from __future__ import annotations

import select
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.deadline import remaining
from helpers.process.running import wait_until
from voicestream.protocol import lifeline
from voicestream.protocol.messages import Beat, Cancel, Drain, Hello, Pause, Resume, Silence, Stop, Stopping
from voicestream.protocol.transport import pack
from voicestream.workers.connection import TAKEOVER_SECONDS, Connection

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.supervisor.net import Net
    from voicestream.protocol.messages import ToWorker

NAME = b"tts.1"


@pytest.fixture
def lifeline_ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Ours, as the supervisor's, must outlive the connection: its end would end this very process."""
    ours, theirs = lifeline.make()
    theirs.setblocking(False)
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
def rare_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for the next beat waits for longer than any test."""
    monkeypatch.setattr("voicestream.workers.connection.HEARTBEAT_SECONDS", 3_600.0)


@pytest.fixture
def connection(net: Net, lifeline_ends: tuple[socket.socket, socket.socket]) -> Iterator[Connection]:
    """A connection that the hub has heard of."""
    made = Connection(net.path, NAME.decode(), lifeline_ends[1])
    made.start()
    made.send(Hello(role="tts", incarnation=1, pid=1))
    net.expect(Hello, NAME)
    yield made
    made.close()


def test_what_is_sent_arrives_in_order(connection: Connection, net: Net) -> None:
    for number in range(200):
        connection.send(Stopping(reason=str(number)))
    assert [net.expect(Stopping, NAME).reason for _ in range(200)] == [str(number) for number in range(200)]


def test_what_arrives_is_received_in_order(connection: Connection, net: Net) -> None:
    messages: list[ToWorker] = [
        Pause(),
        Cancel(session="s", sentence=1),
        Resume(),
        Silence(session="s"),
        Drain(),
        Stop(),
    ]
    for message in messages:
        assert net.hub.send(NAME, message)
    assert [connection.receive(remaining()) for _ in messages] == messages


def test_when_nothing_comes_waiting_ends_in_time(connection: Connection) -> None:
    began = time.monotonic()
    assert connection.receive(0.02) is None
    assert time.monotonic() - began >= 0.02
    assert connection.receive(0) is None


def test_a_word_to_end_is_known_before_its_turn_comes(connection: Connection, net: Net) -> None:
    assert net.hub.send(NAME, Pause())
    assert net.hub.send(NAME, Drain())
    assert connection.draining.wait(remaining())
    assert not connection.stopping.is_set()
    assert net.hub.send(NAME, Stop())
    wait_until(connection.stopping.is_set, "it knows")
    assert connection.receive(0) == Pause()


def test_what_is_taken_back_is_known_before_its_turn_comes_until_it_is_forgotten(
    connection: Connection, net: Net
) -> None:
    assert net.hub.send(NAME, Cancel(session="a", sentence=1))
    assert net.hub.send(NAME, Silence(session="b"))
    assert net.hub.send(NAME, Cancel(session="c"))
    for _ in range(3):
        assert connection.receive(remaining()) is not None
    assert connection.is_cancelled("a", 1)
    assert not connection.is_cancelled("a", 2)
    assert connection.is_cancelled("b", 7)
    assert connection.is_cancelled("c", 0)
    assert not connection.is_cancelled("d", 1)

    connection.forget_cancelled("a", 1)
    connection.forget_cancelled("b", None)
    connection.forget_cancelled("c", 0)
    connection.forget_cancelled("never", 5)
    assert not connection.is_cancelled("a", 1)
    assert not connection.is_cancelled("b", 7)
    assert connection.is_cancelled("c", 0), "all of the session was taken back"


def test_a_request_from_a_signal_handler_is_a_stop(connection: Connection) -> None:
    connection.request_stop()
    assert connection.stopping.is_set()
    assert connection.receive(0) == Stop()


def test_a_signal_in_the_midst_of_another_blocks_nobody(connection: Connection) -> None:
    """A handler may run between any two steps of another one; here it does so before each."""

    def interrupt(_frame: object, event: str, _argument: object) -> object:
        if event == "line":
            connection.request_stop()
        return interrupt

    def request() -> None:
        sys.settrace(interrupt)  # type: ignore[arg-type]
        connection.request_stop()
        sys.settrace(None)

    thread = threading.Thread(target=request, daemon=True)
    thread.start()
    thread.join(remaining())
    assert not thread.is_alive()
    assert connection.receive(0) == Stop()


def test_it_beats_without_being_asked_and_no_more_often_than_it_should(
    net: Net, lifeline_ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicestream.workers.connection.HEARTBEAT_SECONDS", 0.05)
    connection = Connection(net.path, NAME.decode(), lifeline_ends[1])
    began = time.monotonic()
    connection.start()
    for _ in range(6):
        assert net.next() == (NAME, Beat())
    # The least time that lies between them: a busy machine makes it longer.
    assert time.monotonic() - began >= 6 * 0.05
    connection.close()


@pytest.mark.usefixtures("rare_beats")
def test_what_is_sent_does_not_wait_for_the_next_beat_and_the_thread_sleeps_again_after_it(
    connection: Connection, net: Net
) -> None:
    wait_until(connection._in_use.locked, "the second thread waits at the socket")
    connection.send(Stopping(reason="now"))
    assert net.next() == (NAME, Stopping(reason="now"))
    wait_until(lambda: not select.select([connection._wake_read], [], [], 0)[0], "it is not awake for ever")


@pytest.mark.usefixtures("rare_beats")
def test_what_another_thread_sends_while_the_main_thread_waits_goes_out_at_once(
    connection: Connection, net: Net
) -> None:
    arrived: list[str] = []

    def send() -> None:
        wait_until(lambda: connection._busy_since is None and connection._in_use.locked(), "the main thread waits")
        connection.send(Stopping(reason="meanwhile"))
        arrived.append(net.expect(Stopping, NAME).reason)
        # Only now has the main thread anything to wait for.
        assert net.hub.send(NAME, Pause())

    sender = threading.Thread(target=send)
    sender.start()
    assert connection.receive(remaining()) == Pause()
    sender.join()
    assert arrived == ["meanwhile"]


def test_the_second_thread_rests_during_a_long_wait_and_stands_in_again_after_it(
    connection: Connection, net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicestream.workers.connection.IDLE_SECONDS", 0.05)

    def end_the_wait() -> None:
        wait_until(lambda: connection._is_sleeping, "the second thread rests")
        net.hub.send(NAME, Pause())

    for _ in range(2):
        supervisor = threading.Thread(target=end_the_wait)
        supervisor.start()
        assert connection.receive(remaining()) == Pause()
        supervisor.join()
        # Nobody asks for messages now, as in the midst of a long job.
        assert net.hub.send(NAME, Drain())
        assert connection.draining.wait(remaining())
        assert connection.receive(0) == Drain()
        connection.draining.clear()


def test_messages_pass_between_short_and_long_jobs_without_loss_or_disorder(connection: Connection, net: Net) -> None:
    """The socket changes hands many times meanwhile."""
    count = 400

    def supervise() -> None:
        for number in range(count):
            assert net.hub.send(NAME, Cancel(session="s", sentence=number))
            if number % 7 == 0:
                time.sleep(0.003)

    supervisor = threading.Thread(target=supervise)
    supervisor.start()
    for number in range(count):
        assert connection.receive(remaining()) == Cancel(session="s", sentence=number)
        assert connection.is_cancelled("s", number)
        if number % 40 == 0:
            time.sleep(TAKEOVER_SECONDS * 1.5)
        connection.send(Stopping(reason=str(number)))
    supervisor.join()
    assert [net.expect(Stopping, NAME).reason for _ in range(count)] == [str(number) for number in range(count)]


def test_bad_frames_are_dropped(connection: Connection, net: Net, caplog: pytest.LogCaptureFixture) -> None:
    for frame in (b"", b"\xc1", pack(Beat()), b"\x91" * 100_000):
        net.hub.socket.send_multipart((NAME, frame))
    assert net.hub.send(NAME, Pause())
    assert connection.receive(remaining()) == Pause()
    assert len(caplog.records) == 4


def test_a_message_that_cannot_be_packed_is_its_senders_error(connection: Connection, net: Net) -> None:
    with pytest.raises(OverflowError):
        connection.send(Stopping(reason="too large", exit_code=1 << 70))
    connection.send(Stopping(reason="fine"))
    assert net.expect(Stopping, NAME).reason == "fine"


def test_the_last_words_get_out(net: Net, lifeline_ends: tuple[socket.socket, socket.socket]) -> None:
    connection = Connection(net.path, NAME.decode(), lifeline_ends[1])
    connection.start()
    for number in range(50):
        connection.send(Stopping(reason=f"{number} " + "x" * 100_000))
    connection.close()
    for number in range(50):
        assert net.expect(Stopping, NAME).reason.startswith(f"{number} ")


def test_without_a_hub_sending_does_not_block_and_closing_does_not_wait_for_ever(
    tmp_path: Path, lifeline_ends: tuple[socket.socket, socket.socket]
) -> None:
    connection = Connection(tmp_path / "nobody", "tts.1", lifeline_ends[1])
    connection.start()
    # Either would wait until somebody connects, which nobody does.
    for _ in range(1000):
        connection.send(Stopping(reason="into nothing"))
    connection.close()
    connection._thread.join(remaining())
    assert not connection._thread.is_alive()
