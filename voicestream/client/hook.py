"""Hook process of an agent: hands one event from stdin to the supervisor, and exits 0 whatever happens.

The agent waits for this process, so it imports little, waits for nobody, and prints nothing: agents read the output of
their hooks. What takes longer (a supervisor that is starting, frozen or not there) is done by a child in the background
(``voicestream.client.hook_delivery``).
"""

from __future__ import annotations

import os
import select
import time

from voicestream.protocol import hook_socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

START_FLAG = "--start"

AGENT_OPTION = "--agent"

CONNECT_OPTION = "--connect"

AGENT = "claude"
"""Agent of a hook without ``--agent``."""

CONVERTED_AGENTS = ("codex", "gemini")
"""Agents whose events have another form than those of the hook socket."""

READ_SECONDS = 1.0
"""Timeout for the event: an agent writes it at once and closes the pipe."""

SEND_SECONDS = 0.015
"""Timeout for handing the event over; a supervisor that runs needs less than a millisecond."""


class _Options:
    """Command line of a hook."""

    starts = False
    """Start a supervisor if none is there."""
    agent = AGENT
    connect = ""
    """Path of the hook socket, which may be forwarded from another machine; empty for that of the run directory."""


def run_if_event(arguments: Sequence[str]) -> None:
    """Hand over the event on stdin and end the process; return if the command line is meant for a person."""
    options = _parse(arguments)
    if options is None:
        return
    try:
        if os.isatty(0):
            return
        _hand_over(options)
    except BaseException as error:  # noqa: BLE001 - nothing may disturb the agent
        _report(error)
    _exit()


def _parse(arguments: Sequence[str]) -> _Options | None:
    """Return the options; None if there is anything else in the command line."""
    options = _Options()
    left = iter(arguments)
    for argument in left:
        if argument == START_FLAG:
            options.starts = True
        elif argument == AGENT_OPTION:
            options.agent = next(left, "")
        elif argument == CONNECT_OPTION:
            options.connect = next(left, "")
        else:
            return None
    is_name = hook_socket.agent_of(hook_socket.frame(options.agent)[:-1])
    return options if is_name and (options.connect or CONNECT_OPTION not in arguments) else None


def _hand_over(options: _Options) -> None:
    at = time.monotonic_ns()
    event = _read()
    if not event.strip() or _is_spoken():
        return
    events = [event]
    if options.agent in CONVERTED_AGENTS:
        from voicestream.client import hook_events

        events = hook_events.converted(options.agent, event)
        if not events:
            return
    frame = hook_socket.frame(options.agent, *events, environment=os.environ, at=at)
    if options.connect:
        _send_to(options.connect, frame)
    else:
        _send(frame, starts=options.starts)


def _is_spoken() -> bool:
    """Return whether voicestream speaks the agent's output already."""
    try:
        # The agent's, or that of a shell between: a terminal, a file, a pipe or a socket.
        output = os.readlink(f"/proc/{os.getppid()}/fd/1")
    except OSError:  # not Linux
        return False
    if output.startswith("/"):
        return False
    from voicestream.client import agent_pipe

    return agent_pipe.is_spoken()


def _send_to(path: str, frame: bytes) -> None:
    """Send to a socket that another machine's supervisor is behind, or log why this is not possible."""
    found = os.stat(path)
    if found.st_uid != os.getuid():
        raise PermissionError(f"the socket {path} belongs to another user")
    if not hook_socket.send(path, frame, SEND_SECONDS):
        _in_background(lambda: _deliver(frame, path=path))


def _send(frame: bytes, *, starts: bool) -> None:
    path = hook_socket.default_path(os.environ, os.getuid())
    if not _is_there(path):
        if starts:
            _in_background(lambda: _deliver(frame, starts=True))
        return
    try:
        is_sent = hook_socket.send(os.path.join(path, hook_socket.SOCKET_NAME), frame, SEND_SECONDS)
    except (FileNotFoundError, ConnectionRefusedError):
        # A supervisor without a socket is starting or ending.
        if starts or os.path.exists(os.path.join(path, "lock")):
            _in_background(lambda: _deliver(frame, starts=starts))
        return
    if not is_sent:
        _in_background(lambda: _deliver(frame))


def _is_there(path: str) -> bool:
    """Return whether there is a run directory; others could read what is sent into one that is not private."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    if not hook_socket.is_private(found):
        raise PermissionError(f"the run directory {path} is not private")
    return True


def _read() -> bytes:
    """Return the event on stdin, which is read to its end: the agent would get an error otherwise."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    parts: list[bytes] = []
    size = 0
    while poll.poll(READ_SECONDS * 1000):
        part = os.read(0, 1 << 16)
        if not part:
            break
        size += len(part)
        if size <= hook_socket.MAX_EVENT_BYTES:
            parts.append(part)
    else:
        raise TimeoutError("stdin was not closed")
    if size > hook_socket.MAX_EVENT_BYTES:
        raise ValueError(f"an event of {size} bytes; at most {hook_socket.MAX_EVENT_BYTES} are taken")
    return b"".join(parts)


def _deliver(frame: bytes, *, starts: bool = False, path: str = "") -> None:
    from voicestream.client import hook_delivery

    hook_delivery.deliver(frame, starts=starts, path=path)


def _report(error: BaseException) -> None:
    def write() -> None:
        from voicestream.client import hook_delivery

        hook_delivery.log_error(error)

    try:
        _in_background(write)
    except OSError:
        _exit()  # no process can be started: nobody is left to be told


def _in_background(action: Callable[[], None]) -> None:
    """Run an action in a child that the agent does not wait for."""
    if os.fork():
        return
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        # A pipe of the agent that stays open would keep it waiting.
        os.closerange(3, 256)
        os.chdir("/")
        action()
    finally:
        _exit()


def _exit() -> NoReturn:
    os._exit(0)
