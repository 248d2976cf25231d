"""Relay between an editor and an agent that speak the Agent Client Protocol.

The process that the editor has started becomes the agent: process id, signals and exit code are the agent's own. Before
that, it forks the relay, which passes both directions on and hands the agent's lines to a speech process. The relay is
no child of the agent and has a session of its own: the agent does not reap it, and keys of a terminal do not reach it.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.client.sources.acp_history import HistoryFilter
from voicestream.client.sources.lines import LineSplitter
from voicestream.client.sources.speech_process import SpeechProcess
from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

EXIT_NOT_EXECUTABLE: Final = 126
"""A shell's convention: the program was found and cannot be executed."""

EXIT_NOT_FOUND: Final = 127
"""A shell's convention: there is no such program."""

READ_BYTES: Final = 1 << 16

MAX_REQUEST_BYTES: Final = 1 << 20
"""Longer lines of the editor are not looked at; a request to load a session is short."""

HAND_OVER_SECONDS: Final = 2.0
"""Timeout, after the agent's end, for the speech process to take the rest; one that runs reads at once."""

END_SECONDS: Final = 1.0
"""Timeout for its last messages on stderr; the editor may wait for the end of stderr."""

_STDIN: Final = 0
_STDOUT: Final = 1
_STDERR: Final = 2


class AgentNotStartedError(VoicestreamError):
    """The agent's program cannot be started."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message, hint="Give the agent's command behind --, for example: gemini --acp")
        self.exit_code = exit_code


def become_agent(command: Sequence[str], options: Sequence[str]) -> NoReturn:
    """Start the relay, and become the agent.

    Args:
        command: of the agent.
        options: of the speech process.

    Raises:
        AgentNotStartedError: there is no such program, or it cannot be executed.
    """
    program = _program(command[0])
    from_agent, agent_stdout = os.pipe()
    agent_stdin, to_agent = os.pipe()
    _fork_relay(from_agent, to_agent, (agent_stdout, agent_stdin), options)
    os.dup2(agent_stdin, _STDIN)
    os.dup2(agent_stdout, _STDOUT)
    # Python ignores it; a program that was started directly would be killed by it.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execv(program, list(command))  # noqa: S606 - what the user has asked for
    except OSError as error:
        raise AgentNotStartedError(f"cannot start {command[0]}: {error.strerror}", EXIT_NOT_EXECUTABLE) from error


def _program(name: str) -> str:
    """Return the path of a program.

    Raises:
        AgentNotStartedError: there is none.
    """
    found = shutil.which(name)
    if found is not None:
        return found
    if os.sep in name and Path(name).exists():
        raise AgentNotStartedError(f"cannot start {name}: it is no program", EXIT_NOT_EXECUTABLE)
    raise AgentNotStartedError(f"cannot start {name}: there is no such program", EXIT_NOT_FOUND)


def _fork_relay(from_agent: int, to_agent: int, agents_ends: Sequence[int], options: Sequence[str]) -> None:
    """Fork the relay as a grandchild: the agent never gets it as a child of its own."""
    middle = os.fork()
    if middle:
        os.waitpid(middle, 0)
        os.close(from_agent)
        os.close(to_agent)
        return
    try:
        os.setsid()
        if not os.fork():
            for end in agents_ends:
                os.close(end)
            Relay(from_agent, to_agent, options).run()
    except BaseException as error:  # noqa: BLE001 - this process has nobody above it who would report it
        _tell(f"the pass-through has failed: {type(error).__name__}: {error}")
    finally:
        os._exit(0)


class Relay:
    """Both directions, and the speech of one."""

    def __init__(self, from_agent: int, to_agent: int, options: Sequence[str]) -> None:
        """Initialize; ``from_agent`` and ``to_agent``: descriptors of the agent's pipes."""
        self._from_agent = from_agent
        self._to_agent = to_agent
        self._options = options
        self._history = HistoryFilter()
        self._spoken = LineSplitter()
        self._speech: SpeechProcess | None = None

    def run(self) -> None:
        """Pass on until the agent has ended."""
        threading.Thread(target=self._pass_requests, name="requests", daemon=True).start()
        _pass_on(self._from_agent, _STDOUT, after=self._take)
        # Told at once: the agent, that nobody reads; the editor, that nothing follows.
        _close(self._from_agent)
        _close(_STDOUT)
        self._end_speech()

    def _pass_requests(self) -> None:
        requests = LineSplitter(MAX_REQUEST_BYTES)

        def note(data: bytes) -> None:
            for line in requests.add(data):
                self._history.request(line)

        _pass_on(_STDIN, self._to_agent, before=note)
        _close(self._to_agent)
        _close(_STDIN)

    def _take(self, data: bytes) -> None:
        lines = [line for line in self._spoken.add(data) if self._history.is_new(line)]
        if lines and self._speech is None:
            self._speech = SpeechProcess(self._options, copies_stderr=True)
        for line in lines:
            self._put(line)

    def _put(self, line: bytes) -> None:
        if self._speech is not None:
            self._speech.put(line)

    def _end_speech(self) -> None:
        rest = self._spoken.take()
        if rest and self._history.is_new(rest):
            self._put(rest)
        if self._speech is None:
            return
        self._speech.end_input(HAND_OVER_SECONDS)
        lost = self._speech.lost_lines + self._spoken.lost_lines
        if lost:
            failure = self._speech.failure
            why = f"the speech process has ended ({failure.strerror})" if failure else "speech was too slow"
            _tell(f"{lost} lines of the agent were not spoken: {why}")
        self._speech.wait(END_SECONDS)


def _pass_on(
    source: int,
    target: int,
    *,
    before: Callable[[bytes], None] | None = None,
    after: Callable[[bytes], None] | None = None,
) -> None:
    """Copy bytes as they come, until the source ends or the target has no reader.

    Args:
        source: descriptor to read.
        target: descriptor to write; a full one makes the writer of the source wait, as without us.
        before: gets the bytes before they are written.
        after: gets the bytes after that.
    """
    poll = select.poll()
    poll.register(source, select.POLLIN)
    poll.register(target, 0)  # an error is always reported: its reader is gone
    while True:
        if any(descriptor == target for descriptor, _ in poll.poll()):
            return
        try:
            data = os.read(source, READ_BYTES)
        except BlockingIOError:
            continue  # another process that shares the descriptor has made it non-blocking
        except OSError:
            return
        if not data:
            return
        if before is not None:
            before(data)
        if not _write(target, data):
            return
        if after is not None:
            after(data)


def _write(target: int, data: bytes) -> bool:
    """Write everything; False if nobody reads."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(target, view) :]
        except BlockingIOError:
            select.select([], [target], [])
        except OSError:
            return False
    return True


def _close(descriptor: int) -> None:
    """Close a descriptor; its number stays taken, so that nothing else is written there."""
    with contextlib.suppress(OSError):
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        os.dup2(null, descriptor, inheritable=False)
        os.close(null)


def _tell(text: str) -> None:
    """Print a message, without waiting for its reader."""
    with contextlib.suppress(OSError):
        if select.select([], [_STDERR], [], 0)[1]:
            os.write(_STDERR, f"voicestream: {text}\n".encode())
