"""Signals during the start of Ray: handlers are kept, and SIGTERM is blocked.

Ray replaces Python's handlers while it starts, that of SIGTERM by one of Abseil that dumps the stack and aborts the
process. A handler is set again only when the start is over, so SIGTERM waits until then. SIGINT and SIGHUP are not
blocked.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator

REPLACED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def kept() -> Generator[None]:
    """Keep the handlers within the block; main thread only.

    SIGTERM is blocked in this thread, in the threads that it starts, and not in processes that it starts with a
    ``preexec_fn``, as Ray does: these have to receive it.
    """
    handlers = {number: signal.getsignal(number) for number in REPLACED}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    is_blocking = True

    def unblock() -> None:
        if is_blocking:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    os.register_at_fork(after_in_child=unblock)  # cannot be undone
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        is_blocking = False
        # A signal that came in the block is received here.
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
