"""Lifelines: detection of a dead supervisor by its workers, and of a dead worker by its supervisor.

A lifeline is one socket pair. The supervisor keeps one end, the worker inherits the other, and the kernel closes the
end of a dead process. The survivor then reads end-of-file, whatever killed the other.

A waiting thread cannot run while C code holds the interpreter lock. On Linux the kernel is therefore also asked to kill
a worker that runs models when its parent ends. A worker without models removes the name of the shared memory first; the
kernel wakes it if it is stopped. On macOS only the lifeline works: a worker inside such a call ends when the call
returns.
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
    """Do nothing: most processes leave nothing that the kernel does not clean up."""


def make() -> tuple[socket.socket, socket.socket]:
    """Create a lifeline: the supervisor's end (non-blocking), and the worker's end (inherited, then closed here)."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return ours, theirs


def is_cut(end: socket.socket) -> bool:
    """Return whether the process at the other end has ended; ``end`` must be non-blocking."""
    try:
        return end.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def die_with(
    parent: int, number: signal.Signals = signal.SIGKILL, orphaned: Callable[[], None] = _nothing_to_do
) -> None:
    """Have this worker signalled when process ``parent`` ends, and end now if it has ended already.

    The kernel signals when the *thread* that started us ends: the supervisor starts workers from its main thread only.

    Args:
        parent: process id of the supervisor.
        number: SIGKILL, or SIGCONT for a process that ends by its lifeline and may be stopped.
        orphaned: called last when the parent has ended already.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        # The parent ended between our start and the request: no signal would ever come.
        try:
            orphaned()
        finally:
            os._exit(0)
