"""Batch thread: the sentences of many requests at once, on the thread of a batching voice engine.

A sentence joins the batch as soon as the engine has a slot for it; until then it waits in the order of arrival.
"""

from __future__ import annotations

import asyncio
import collections
import threading
from typing import TYPE_CHECKING, Final

from voicestream.serve.api.api_errors import refused
from voicestream.workers.tts.batch_rendering import BatchRenderer, Output

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.engines.synthesizer import BatchSynthesizer
    from voicestream.serve.stages.engine_thread import EngineThread
    from voicestream.workers.tts.batch_rendering import Rendering
    from voicestream.workers.tts.rendering import Utterance

MAX_WAITING: Final = 64
"""Requests that may wait for a slot; further ones are refused at once."""


class _Request:
    """One sentence, and the event loop that waits for its samples."""

    def __init__(self, utterance: Utterance) -> None:
        self.utterance: Final = utterance
        self.items: Final[asyncio.Queue[Output | BaseException]] = asyncio.Queue()
        self.started: Final = asyncio.Event()
        self.has_slot = False
        self.is_withdrawn = False
        self._loop: Final = asyncio.get_running_loop()

    def start(self) -> None:
        """Report to the event loop that the sentence has joined the batch."""
        self.has_slot = True
        self._loop.call_soon_threadsafe(self.started.set)

    def put(self, item: Output | BaseException) -> None:
        """Pass an item to the event loop."""
        self._loop.call_soon_threadsafe(self.items.put_nowait, item)


class BatchThread:
    """Driver of one batching engine."""

    def __init__(self, thread: EngineThread, engine: BatchSynthesizer) -> None:
        """``thread``: on which the engine was loaded."""
        self._thread: Final = thread
        self._renderer: Final = BatchRenderer(engine)
        self._requests: Final[dict[Rendering, _Request]] = {}
        """Requests in the batch; used on the thread only, like the renderer."""
        self._lock: Final = threading.Lock()
        self._arrived: Final[collections.deque[_Request]] = collections.deque()
        self._is_driving = False
        self._failure = ""

    def check(self) -> None:
        """Check that the engine works.

        Raises:
            RuntimeError: it is broken, as opposed to a text that it cannot speak.
        """
        if self._failure:
            raise RuntimeError(f"the voice engine is broken: {self._failure}")

    async def iterate(self, utterance: Utterance, queue_seconds: float) -> AsyncGenerator[NDArray[np.float32]]:
        """Yield the samples of a sentence; to cancel, close the iterator: the slot is free after the present step.

        Args:
            utterance: the sentence.
            queue_seconds: time that it may wait for a slot.

        Raises:
            ApiError: it has waited too long, or too many others wait.
            Exception: as ``rendering.samples``, or the engine is broken.
        """
        request = _Request(utterance)
        self._enqueue(request)
        try:
            await self._wait_for_slot(request, queue_seconds)
            while True:
                item = await request.items.get()
                if isinstance(item, BaseException):
                    raise item
                for samples in item.samples:
                    yield samples
                if item.error is not None:
                    raise item.error
                if item.is_last:
                    return
        finally:
            request.is_withdrawn = True

    def _enqueue(self, request: _Request) -> None:
        with self._lock:
            waiting = sum(not one.is_withdrawn for one in self._arrived)
            if waiting >= MAX_WAITING:
                raise _overloaded()
            self._arrived.append(request)
            if not self._is_driving:
                self._is_driving = True
                self._thread.submit(self._drive)

    async def _wait_for_slot(self, request: _Request, queue_seconds: float) -> None:
        try:
            async with asyncio.timeout(queue_seconds):
                await request.started.wait()
        except TimeoutError:
            with self._lock:
                request.is_withdrawn = not request.has_slot
            if request.is_withdrawn:
                raise _overloaded() from None

    def _drive(self) -> None:
        """Do steps until no request is left; runs on the thread."""
        try:
            while self._admit():
                self._thread.note_progress()
                self._step()
        except Exception as error:  # noqa: BLE001 - raised again by those who read the items
            self._fail(error)
        finally:
            self._thread.note_idle()

    def _admit(self) -> bool:
        """Remove withdrawn requests from the batch and add those for which there is room; False: none is left."""
        for rendering in [one for one, request in self._requests.items() if request.is_withdrawn]:
            self._renderer.cancel(rendering)
            del self._requests[rendering]
        with self._lock:
            while self._arrived and self._renderer.has_room:
                request = self._arrived.popleft()
                if not request.is_withdrawn:
                    self._requests[self._renderer.add(request.utterance)] = request
                    request.start()
            self._is_driving = bool(self._requests)
            return self._is_driving

    def _step(self) -> None:
        for output in self._renderer.advance():
            self._requests[output.rendering].put(output)
            if output.is_last:
                del self._requests[output.rendering]

    def _fail(self, error: Exception) -> None:
        """End all requests, those that wait too: the engine is broken."""
        self._failure = type(error).__name__
        with self._lock:
            requests = [*self._requests.values(), *self._arrived]
            self._requests.clear()
            self._arrived.clear()
            self._is_driving = False
        for request in requests:
            request.start()
            request.put(error)
        self._renderer.cancel_all()


def _overloaded() -> Exception:
    return refused(503, "overloaded", "too many requests are waiting", retry_after=1)
