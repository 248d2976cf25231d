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

MAX_PATH_CHARACTERS = 4096
"""Upper bound of a path."""

MAX_EVENT_BYTES = 1 << 20
"""Upper bound of one event."""

VARIABLES = (
    "VOICESTREAM_ENABLED",
    "VOICESTREAM_NAME",
    "VOICESTREAM_FROM",
    "VOICESTREAM_TO",
    "VOICESTREAM_VOICE",
    "VOICESTREAM_SPEED",
    "VOICESTREAM_CAPTIONS",
    "VOICESTREAM_TURN_SIGNAL",
)
"""Environment variables of the agent that its session follows, those of the options that a project may set. All others
are those of the process that has started the supervisor."""

MAX_VALUE_BYTES = 512
"""Upper bound of the value of such a variable; a longer one is left out."""

EXIT_DISABLED = 4
"""Exit code of the process that opens a session if its project is not to be spoken."""

MAX_TIME_DIGITS = 20

_MAGIC = b"voicestream-hook 1 "
"""First bytes of a connection. The rest of its first line names the agent and has its variables, in hexadecimal."""

_TIME = "AT"
"""Name of the time of the events among the variables."""


def frame(agent: str, *events: bytes, environment: Mapping[str, str] | None = None, at: int = 0) -> bytes:
    """Return the bytes that hand events over; line ends in JSON are white space outside of its strings.

    Args:
        agent: name of the agent.
        events: JSON.
        environment: that of the agent.
        at: time of the events in nanoseconds of the monotonic clock; 0: unknown.
    """
    found = ((name, os.fsencode((environment or {}).get(name, ""))) for name in VARIABLES)
    variables = "".join(f" {name}={value.hex()}" for name, value in found if 0 < len(value) <= MAX_VALUE_BYTES)
    time = f" {_TIME}={at}" if at else ""
    header = _MAGIC + agent.encode() + variables.encode() + time.encode()
    lines = [event.replace(b"\r", b" ").replace(b"\n", b" ") for event in events]
    return b"\n".join([header, *lines, b""])


def opening_command(agent: str, session: str, directory: str = "") -> list[str]:
    """Return the command that opens the session which an agent's session feeds.

    Args:
        agent: name of the agent.
        session: id of its session.
        directory: absolute path of its working directory; empty: unknown.
    """
    return [sys.executable, "-P", "-m", "voicestream", "hook", "open", agent, "--", session, directory]


def agent_of(header: bytes) -> str:
    """Return the agent that the first line of a connection names; empty if it is no such line."""
    name, *variables = header.removeprefix(_MAGIC).split(b" ")
    if not header.startswith(_MAGIC) or not all(b"=" in one for one in variables):
        return ""
    is_name = name.isascii() and name.isalpha() and name.islower() and len(name) <= 16  # noqa: PLR2004
    return name.decode() if is_name else ""


def variables_of(header: bytes) -> dict[str, str]:
    """Return the agent's variables in the first line of a connection; what is no such variable is left out."""
    found: dict[str, str] = {}
    for part in header.removeprefix(_MAGIC).split(b" ")[1:]:
        name, _, value = part.partition(b"=")
        if name.decode(errors="replace") not in VARIABLES or len(value) > 2 * MAX_VALUE_BYTES:
            continue
        try:
            decoded = bytes.fromhex(value.decode(errors="replace"))
        except ValueError:
            continue
        if b"\0" not in decoded:
            found[name.decode()] = os.fsdecode(decoded)
    return found


def time_of(header: bytes) -> int:
    """Return the time in the first line of a connection, in nanoseconds of the agent's monotonic clock; 0: unknown."""
    digits = header.rpartition(f" {_TIME}=".encode())[2][:MAX_TIME_DIGITS]
    return int(digits) if digits.isdigit() else 0


def directory_of(cwd: object) -> str:
    """Return the working directory that an event names; empty if that is no absolute path."""
    is_path = isinstance(cwd, str) and cwd.startswith("/") and len(cwd) <= MAX_PATH_CHARACTERS and cwd.isprintable()
    return str(cwd) if is_path else ""


def _absolute(path: str) -> str:
    """Return an absolute path; the working directory, which may have been deleted, is needed for a relative one only.

    Raises:
        FileNotFoundError: it was deleted.
    """
    return path if path.startswith("/") else os.path.join(os.getcwd(), path)


def default_path(environment: Mapping[str, str], uid: int) -> str:
    """Return the absolute path of a user's run directory.

    ``VOICESTREAM_RUNTIME_DIR`` if set, else ``voicestream`` below ``XDG_RUNTIME_DIR`` if that may be written to and
    a socket path fits there, else ``/tmp/vs-<uid>``.
    """
    named = environment.get(ENVIRONMENT_VARIABLE)
    if named:
        return _absolute(named)
    xdg = environment.get("XDG_RUNTIME_DIR")
    if xdg:
        parent = _absolute(xdg)
        path = os.path.join(parent, "voicestream")
        # After su it may be the directory of another user.
        if is_text(path) and fits(path) and os.path.isdir(parent) and os.access(parent, os.W_OK | os.X_OK):
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
