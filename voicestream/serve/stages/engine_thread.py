"""Engine thread: the one thread of a replica on which its engine is loaded and called.

An engine is never called twice at once, and a request that waits too long for it is refused: the client may have
another server.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from voicestream.serve.api.api_errors import refused

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable
    from concurrent.futures import Future

MAX_STEP_SECONDS: Final = 60.0
"""Longest time between two results of a healthy engine."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class AbandonedError(Exception):
    """The result is no longer wanted."""


@dataclass(frozen=True)
class _End(Generic[Item]):
    """Last item of a stream."""

    error: BaseException | None


class _Claim:
    """Right to use the engine: a request either starts or is withdrawn, never both."""

    def __init__(self) -> None:
        self.is_withdrawn = False

    def check(self) -> None:
        """Raise ``AbandonedError`` if the result is no longer wanted."""
        if self.is_withdrawn:
            raise AbandonedError


class EngineThread:
    """One thread, with a queue of requests in the order of their arrival."""

    def __init__(self, name: str) -> None:
        self._pool: Final = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._busy_since: float | None = None
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """Return the number of requests under way."""
        return self._waiting

    def busy_seconds(self) -> float:
        """Return how long the current call has been running without result; 0 if there is none."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def check(self, engine: str) -> None:
        """Check that the engine makes progress.

        Args:
            engine: its role, for the message.

        Raises:
            RuntimeError: it hangs.
        """
        if self.busy_seconds() > MAX_STEP_SECONDS:
            raise RuntimeError(f"{engine} hangs")

    def call_now(self, function: Callable[[], Result]) -> Result:
        """Call a function on the thread and wait for it; for loading and closing."""
        return self._pool.submit(function).result()

    def submit(self, function: Callable[[], None]) -> None:
        """Call a function on the thread without waiting for it; it reports its progress by ``note_progress``."""
        self._pool.submit(function)

    def note_progress(self) -> None:
        """Report that the engine has made progress, and is working."""
        self._busy_since = time.monotonic()

    def note_idle(self) -> None:
        """Report that the engine has nothing to do."""
        self._busy_since = None

    async def call(self, function: Callable[[Callable[[], bool]], Result], queue_seconds: float) -> Result:
        """Return the result of a function on the thread.

        Args:
            function: receives a function that returns whether the result is no longer wanted.
            queue_seconds: time that it may wait before it is called.

        Raises:
            ApiError: it has waited too long.
        """
        results = self.iterate(lambda check: [function(lambda: _is_over(check))], queue_seconds)
        async with contextlib.aclosing(results):
            return await anext(results)

    async def iterate(
        self, make: Callable[[Callable[[], None]], Iterable[Item]], queue_seconds: float
    ) -> AsyncGenerator[Item]:
        """Yield what ``make`` yields on the thread; to cancel, close the iterator: it ends within one item.

        Args:
            make: receives a function that raises ``AbandonedError`` when the items are no longer wanted.
            queue_seconds: time that it may wait before it is called.

        Raises:
            ApiError: it has waited too long.
        """
        loop = asyncio.get_running_loop()
        items: asyncio.Queue[Item | _End[Item]] = asyncio.Queue()
        started = asyncio.Event()
        claim = _Claim()

        def put(item: Item | _End[Item]) -> None:
            loop.call_soon_threadsafe(items.put_nowait, item)

        def produce() -> None:
            self._busy_since = time.monotonic()
            error: BaseException | None = None
            try:
                claim.check()
                loop.call_soon_threadsafe(started.set)
                for item in make(claim.check):
                    claim.check()
                    self._busy_since = time.monotonic()
                    put(item)
            except AbandonedError:
                pass
            except BaseException as caught:  # noqa: BLE001 - raised again by the one who reads the items
                error = caught
            finally:
                self._busy_since = None
            put(_End(error))

        self._waiting += 1
        future = self._pool.submit(produce)
        try:
            await _start(started, future, queue_seconds)
            while not isinstance(item := await items.get(), _End):
                yield item
            if item.error is not None:
                raise item.error
        finally:
            claim.is_withdrawn = True
            future.cancel()
            self._waiting -= 1


async def _start(started: asyncio.Event, future: Future[None], queue_seconds: float) -> None:
    """Wait until a request is served.

    Raises:
        ApiError: the time is over.
    """
    try:
        async with asyncio.timeout(queue_seconds):
            await started.wait()
    except TimeoutError:
        if future.cancel():
            raise refused(503, "overloaded", "too many requests are waiting", retry_after=1) from None
        await started.wait()


def _is_over(check: Callable[[], None]) -> bool:
    try:
        check()
    except AbandonedError:
        return True
    return False
