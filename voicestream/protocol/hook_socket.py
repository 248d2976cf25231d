"""Path and frame of the hook socket, and the path of the run directory.

Imported by every hook process, which an agent waits for: imports no other module of ours and little of Python's.
"""

from __future__ import annotations

# The module behind ``socket``, which takes longer to import than all else here.
import _socket
import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT_VARIABLE = "VOICESTREAM_RUNTIME_DIR"

MAX_SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107
"""``sun_path`` without its final NUL."""

SOCKET_NAME = "hook"
"""Name of the socket in the run directory; the longest of all sockets there."""

MAX_EVENT_BYTES = 1 << 20
"""Upper bound of one event."""

_MAGIC = b"voicestream-hook 1 "
"""First bytes of a connection; the rest of its first line names the agent."""


def frame(agent: str, event: bytes) -> bytes:
    """Return the bytes that hand one event over; line ends in JSON are white space outside of its strings."""
    return _MAGIC + agent.encode() + b"\n" + event.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n"


def opening_command(agent: str, session: str) -> list[str]:
    """Return the command that opens the session which an agent's session feeds.

    Args:
        agent: name of the agent.
        session: id of its session.
    """
    return [sys.executable, "-P", "-m", "voicestream", "hook", "open", agent, "--", session]


def agent_of(header: bytes) -> str:
    """Return the agent that the first line of a connection names; empty if it is no such line."""
    name = header.removeprefix(_MAGIC)
    is_name = len(name) < len(header) and name.isascii() and name.isalpha() and name.islower() and len(name) <= 16  # noqa: PLR2004
    return name.decode() if is_name else ""


def default_path(environment: Mapping[str, str], uid: int) -> str:
    """Return the absolute path of a user's run directory.

    ``VOICESTREAM_RUNTIME_DIR`` if set, else ``voicestream`` below ``XDG_RUNTIME_DIR`` if a socket path fits there, else
    ``/tmp/vs-<uid>``.
    """
    named = environment.get(ENVIRONMENT_VARIABLE)
    if named:
        return os.path.join(os.getcwd(), named)
    xdg = environment.get("XDG_RUNTIME_DIR")
    if xdg:
        parent = os.path.join(os.getcwd(), xdg)
        path = os.path.join(parent, "voicestream")
        if is_text(path) and fits(path) and os.path.isdir(parent):
            return path
    # The system's own temporary directory, not $TMPDIR: on macOS that one is too long for a socket.
    root = "/tmp"  # noqa: S108 - mode and owner are checked
    if not os.path.isdir(root):
        import tempfile  # noqa: PLC0415 - rarely needed, and takes its time

        root = tempfile.gettempdir()
    return os.path.join(root, f"vs-{uid}")


def is_text(path: str) -> bool:
    """Return whether the bytes of a path are UTF-8, which ZeroMQ requires."""
    return os.fsencode(path).decode(errors="replace") == path


def fits(path: str) -> bool:
    """Return whether the path of a run directory is short enough for its sockets."""
    return len(os.fsencode(os.path.join(path, SOCKET_NAME))) <= MAX_SOCKET_PATH_BYTES


def is_private(found: os.stat_result) -> bool:
    """Return whether a run directory belongs to this user alone."""
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077


def send(path: str, data: bytes, seconds: float) -> bool:
    """Send a frame to the hook socket; False if it was not taken in time.

    Args:
        path: of the socket.
        data: see ``frame``; the supervisor ignores one that was sent in part.
        seconds: timeout.

    Raises:
        OSError: there is no socket, or nobody behind it.
    """
    socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        socket.settimeout(seconds)
        socket.connect(path)
        sent = 0
        while sent < len(data):
            sent += socket.send(data[sent:])
    except (TimeoutError, BlockingIOError):
        return False
    else:
        return True
    finally:
        socket.close()
