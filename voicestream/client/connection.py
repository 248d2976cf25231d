"""Client connection: connects to the supervisor, starts one if needed, sends requests and receives answers."""

from __future__ import annotations

import errno
import os
import struct
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final, Self

import zmq

from voicestream import log
from voicestream.client import inherited_environment
from voicestream.errors import (
    DESCRIPTORS_HINT,
    EXIT_CONFIGURATION,
    ConfigurationError,
    NoLogError,
    NoSupervisorError,
    OtherVersionError,
    ProtocolError,
    VersionMismatchError,
    VoicestreamError,
)
from voicestream.protocol.messages import PROTOCOL_VERSION, Refused
from voicestream.protocol.transport import pack, peer_socket, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from voicestream.protocol.messages import Message
    from voicestream.protocol.run_directory import RunDirectory

ANSWER_SECONDS: Final = 20.0
"""Timeout of an answer; the supervisor needs some milliseconds unless the machine is swapping."""

LINGER_MILLISECONDS: Final = 500

MAX_BAD_FRAMES: Final = 1000
"""Invalid frames dropped at once: a peer that sends only these must not block timeouts and signals."""

POLL_SECONDS: Final = 0.1
"""Interval at which the supervisor is checked while an answer is awaited."""

MAX_STARTS: Final = 3

ERROR_BYTES: Final = 64 << 10
"""Limit of the output of a supervisor without log that does not start; the capacity of a pipe."""

_MONITOR_FRAME: Final = struct.Struct("=HI")
"""Number and value of an event (zmq_socket_monitor(3)). ``zmq.utils.monitor`` decodes them too, but imports asyncio: 28
ms at the start of every command."""


def supervisor_command(run_directory: RunDirectory, options: Sequence[str]) -> list[str]:
    """Return the command line of a supervisor."""
    module = [sys.executable, "-P", "-m", "voicestream.supervisor"]
    return [*module, f"--run-directory={run_directory.path}", *options]


class RefusedError(VoicestreamError):
    """The supervisor refused a request; the message gives the reason and the command to type next."""

    def __init__(self, refusal: Refused) -> None:
        super().__init__(refusal.text)
        self.exit_code = refusal.exit_code
        self.code = refusal.code


class SupervisorLostError(VoicestreamError):
    """The supervisor ended during a request, or did not start."""


class NoAnswerError(VoicestreamError):
    """The supervisor runs and does not answer; another one cannot be started."""


class Client:
    """DEALER connection to the hub of one run directory; a context manager."""

    def __init__(self, run_directory: RunDirectory, supervisor_options: Sequence[str] = ()) -> None:
        """Initialize; connects only with ``connect`` or ``connect_or_start``.

        Args:
            run_directory: where the supervisor is, or will be.
            supervisor_options: command-line options for a supervisor that has to be started.
        """
        self._run_directory = run_directory
        self._options = list(supervisor_options)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._monitor: zmq.Socket[bytes] | None = None
        self._started: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._errors: int | None = None
        """Output of a supervisor started from here, if it has no log."""
        self.socket: zmq.Socket[bytes] | None = None
        self.log_failure = ""
        """Reason why a supervisor started from here writes no log; empty if it writes one."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disconnect()
        self._close_errors()
        self._context.destroy(linger=LINGER_MILLISECONDS)

    def connect(self) -> None:
        """Connect to the running supervisor.

        Raises:
            NoSupervisorError: none is.
            RunDirectoryError: the run directory is not ours.
        """
        if not self._run_directory.path.exists() or not self._is_running():
            raise NoSupervisorError(
                "no supervisor is running",
                hint="Try: voicestream up (voicestream run starts one automatically)",
            )
        self._open_socket()

    def connect_or_start(self) -> bool:
        """Connect, and start a supervisor if there is none; returns whether one was started."""
        self._run_directory.prepare()
        # Checked first: a client that cannot connect must not start a supervisor.
        self._open_socket()
        started = not self._run_directory.is_held()
        if started:
            self._start()
        return started

    def send(self, message: Message) -> None:
        """Send a message; never blocks."""
        if self.socket is None:
            raise SupervisorLostError("not connected")
        self.socket.send(pack(message, is_exact=True))

    def receive(self) -> Message | None:
        """Return a message that has arrived, if any; invalid frames are dropped."""
        for _ in range(MAX_BAD_FRAMES):
            try:
                return self._receive()
            except ProtocolError:
                continue
        return None

    def ask(self, request: Message, *, timeout_seconds: float = ANSWER_SECONDS) -> Message:
        """Send a request and wait for the answer.

        Raises:
            RefusedError: the answer is a refusal.
            SupervisorLostError: it has ended, or did not start.
            NoAnswerError: it is there, and there was no answer.
            VersionMismatchError: it is there, and of another version.
        """
        self.send(request)
        return self.wait_for_answer(timeout_seconds=timeout_seconds)

    def wait_for_answer(self, *, timeout_seconds: float = ANSWER_SECONDS) -> Message:
        """Wait for an answer to what was sent; raises as ``ask`` does."""
        left_seconds = timeout_seconds
        while left_seconds > 0:
            since = time.monotonic()
            self._poll(POLL_SECONDS)
            answer = self._receive_answer()
            if isinstance(answer, Refused):
                raise RefusedError(answer)
            if answer is not None:
                return answer
            self.check_alive()
            # A longer poll means that this process or the whole machine was suspended: no answer was possible.
            left_seconds -= min(time.monotonic() - since, POLL_SECONDS)
        raise NoAnswerError(
            f"the supervisor did not answer within {timeout_seconds:.0f} s", hint="Try: voicestream down"
        )

    def ask_starting(self, request: Message) -> Message:
        """Send a request as ``ask`` does, and start a new supervisor if the old one ends or has just ended."""
        for _ in range(MAX_STARTS):
            self.connect_or_start()
            try:
                return self.ask(request)
            except (RefusedError, SupervisorLostError) as error:
                is_ending = isinstance(error, SupervisorLostError) or error.code == "ending"
                if not is_ending or self._start_went_wrong():
                    raise
                self.wait_for_end(timeout_seconds=ANSWER_SECONDS)
        raise SupervisorLostError("the supervisor exits repeatedly", hint="Try: voicestream doctor")

    def is_lost(self) -> bool:
        """Return whether an established connection was lost: the supervisor has ended."""
        if self._monitor is None:
            return True
        lost = False
        while self._monitor.poll(0):
            number, _value = _MONITOR_FRAME.unpack(self._monitor.recv_multipart()[0])
            lost = number == zmq.EVENT_DISCONNECTED
        return lost

    @property
    def monitor(self) -> zmq.Socket[bytes] | None:
        """Return the socket to poll for a loss of the connection."""
        return self._monitor

    def check_alive(self) -> None:
        """Check that a supervisor runs that can answer.

        Raises:
            SupervisorLostError: the supervisor has ended, or the one that was started did not come up.
        """
        if self._started is not None and self._started.poll() is not None:
            status = self._started.returncode
            if status != 0:
                raise self._start_failure(status)
            self._started = None  # another process started one first
        if self._started is None and not self._run_directory.is_held():
            raise SupervisorLostError("the supervisor has ended")

    def disconnect(self, linger_milliseconds: int = LINGER_MILLISECONDS) -> None:
        """Disconnect; queued messages get this time to be sent."""
        if self.socket is not None:
            self.socket.disable_monitor()
            self.socket.close(linger_milliseconds)
        if self._monitor is not None:
            self._monitor.close(0)
        self.socket = self._monitor = None

    def wait_for_end(self, timeout_seconds: float, is_given_up: Callable[[], bool] = bool) -> bool:
        """Wait until no supervisor holds the run directory; False on timeout or if ``is_given_up``."""
        self.disconnect()
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline and not is_given_up():
            reaped = self._started is None or self._started.poll() is not None
            if reaped and not (self._run_directory.path.exists() and self._run_directory.is_held()):
                self._started = None
                return True
            time.sleep(0.005)
        return False

    def _is_running(self) -> bool:
        self._run_directory.check()
        return self._run_directory.is_held()

    def _start(self) -> None:
        log.level(os.environ)
        command = supervisor_command(self._run_directory, self._options)
        descriptor = self._open_log()
        try:
            self._started = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=descriptor,
                env=inherited_environment.for_supervisor(os.environ),
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            hint = DESCRIPTORS_HINT if error.errno in (errno.EMFILE, errno.ENFILE) else ""
            raise ConfigurationError(f"cannot start the supervisor: {error.strerror}", hint=hint) from error
        finally:
            os.close(descriptor)

    def _open_log(self) -> int:
        """Open the log file for the supervisor's early errors and crashes; fall back to a pipe."""
        try:
            log.prepare()
            descriptor = log.open_to_write(log.path_of("supervisor"))
        except (NoLogError, OSError) as error:
            # A full disk, for instance, must not prevent speech.
            self.log_failure = str(error if isinstance(error, NoLogError) else log.no_log_error(error))
            # Receives the message of a failed start; a running supervisor writes nothing to it.
            self._close_errors()
            self._errors, descriptor = os.pipe()
            os.set_blocking(self._errors, False)
            return descriptor
        self._log_start = os.fstat(descriptor).st_size
        return descriptor

    def _start_went_wrong(self) -> bool:
        """Return whether a supervisor started from here ended by itself for a reason that a retry cannot remove.

        A supervisor that was killed does not count: the next one may run.
        """
        status = self._started.poll() if self._started is not None else None
        return status is not None and status > 0

    def _start_failure(self, status: int) -> SupervisorLostError:
        if self._errors is None:
            words = log.last_error_lines("supervisor", self._log_start)
            hint = f"Its log: {log.path_of('supervisor')}"
        else:
            words = log.last_error_lines_in("supervisor", self._read_errors(self._errors))
            hint = self.log_failure
        error = SupervisorLostError(f"the supervisor did not start (exit {status}): {words}", hint=hint)
        if status == EXIT_CONFIGURATION:
            error.exit_code = status
        return error

    @staticmethod
    def _read_errors(descriptor: int) -> bytes:
        try:
            return os.read(descriptor, ERROR_BYTES)
        except BlockingIOError:
            return b""

    def _close_errors(self) -> None:
        if self._errors is not None:
            os.close(self._errors)
            self._errors = None

    def _open_socket(self) -> None:
        self.disconnect(0)
        identity = f"client.{os.getpid()}.{os.urandom(4).hex()}".encode()
        try:
            self.socket = peer_socket(
                self._context, self._run_directory.hub, identity, linger_milliseconds=LINGER_MILLISECONDS
            )
            self._monitor = self.socket.get_monitor_socket(zmq.EVENT_CONNECTED | zmq.EVENT_DISCONNECTED)
        except zmq.ZMQError as error:
            raise ConfigurationError(f"cannot make a socket: {error.strerror}", hint=DESCRIPTORS_HINT) from error

    def _receive(self) -> Message | None:
        """Receive a message as ``receive`` does, but raise on an invalid frame.

        Raises:
            ProtocolError: a frame is no message of this version.
        """
        if self.socket is None:
            return None
        try:
            frames = self.socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None
        return unpack(frames[-1])

    def _receive_answer(self) -> Message | None:
        """Receive a message as ``receive`` does, but raise on another protocol version.

        Raises:
            VersionMismatchError: the supervisor speaks another version of the protocol.
        """
        for _ in range(MAX_BAD_FRAMES):
            try:
                return self._receive()
            except OtherVersionError as error:
                raise VersionMismatchError(
                    "the running supervisor is of another version of voicestream "
                    f"(protocol {error.version}; this one: {PROTOCOL_VERSION})",
                    hint="Try: voicestream down",
                ) from error
            except ProtocolError:
                continue
        return None

    def _poll(self, seconds: float) -> None:
        if self.socket is not None:
            self.socket.poll(round(seconds * 1000))
