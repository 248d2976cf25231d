"""How a worker and its supervisor notice each other's death at once.

A lifeline is one socket pair: the supervisor keeps one end, the worker inherits the other, and the kernel closes a dead
process's end for it. Reading then gives end-of-file on the survivor's side, whatever killed the other.

A thread that waits for this cannot run while C code holds the interpreter lock, so on Linux the kernel is also asked to
kill a worker that runs models with its parent. A worker without models removes the name of the shared memory first; the
kernel wakes it if it is stopped. On macOS the lifeline alone stands: a worker stuck in such a call there ends only when
the call returns.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_PR_SET_PDEATHSIG: Final = 1


def _nothing_to_do() -> None:
    """Most processes leave nothing that the kernel does not remove."""


def make() -> tuple[socket.socket, socket.socket]:
    """The supervisor's end (non-blocking) and the worker's end (to be inherited, then closed here)."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return ours, theirs


def is_cut(end: socket.socket) -> bool:
    """Whether the process at the other end has ended; ``end`` must be non-blocking."""
    try:
        return end.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def die_with(
    parent: int, number: signal.Signals = signal.SIGKILL, orphaned: Callable[[], None] = _nothing_to_do
) -> None:
    """In a worker: be signalled when process ``parent`` ends, and end now if it has ended already.

    The kernel signals when the *thread* that started us ends: the supervisor starts workers from its main thread only.

    Args:
        parent: process id of the supervisor.
        number: SIGKILL, or SIGCONT for a process that is to end by its lifeline and may be stopped.
        orphaned: the last thing to do when the parent has ended already.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        # The parent ended between our start and the request: nobody would ever signal us.
        try:
            orphaned()
        finally:
            os._exit(0)
