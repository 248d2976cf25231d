"""Continuation of a stream of speech on another replica, when the one that made it was lost.

The engines make the same samples again for the same request, so the rest is requested with the frames to skip. It is
accepted only with the same fingerprint.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream.serve.api.api_errors import Refusal
from voicestream.serve.stages.speech import BrokenSpeechError, Head
from voicestream.workers.player.wav_output import FRAME_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from voicestream.serve.api.requests import SpeechJob
    from voicestream.serve.stages.speech import SpeechItem

MAX_SECONDS: Final = 10.0
"""Time after a loss within which another replica is tried."""

RETRY_SECONDS: Final = 0.05

UNAVAILABLE: Final = Refusal(
    status=503, code="unavailable", message="no replica of the voice engine is running", retry_after=1
)


class ReplicaLostError(Exception):
    """The replica that served a request has ended, or cannot be reached."""


async def continued(
    speak: Callable[[SpeechJob], AsyncGenerator[SpeechItem]],
    job: SpeechJob,
    report: Callable[[], None],
    now: Callable[[], float] = time.monotonic,
) -> AsyncGenerator[SpeechItem]:
    """Yield the items of a sentence, from as many replicas as it takes.

    Args:
        speak: requests a sentence; raises ``ReplicaLostError``.
        job: the sentence.
        report: called for each loss.
        now: seconds on a monotonic clock.

    Raises:
        BrokenSpeechError: the rest cannot be had.
    """
    head: Head | None = None
    sent = 0
    lost_at = 0.0
    while True:
        try:
            rest = msgspec.structs.replace(job, skip=job.skip + sent // FRAME_BYTES)
            async with contextlib.aclosing(speak(rest)) as items:
                async for item in items:
                    lost_at = 0.0
                    if isinstance(item, bytes):
                        sent += len(item)
                        yield item
                    elif head is None:
                        head = item if isinstance(item, Head) else None
                        yield item
                    elif item != head:
                        raise BrokenSpeechError("another replica is not the same, or refuses the rest")
        except ReplicaLostError:
            report()
            lost_at = lost_at or now()
            if now() - lost_at < MAX_SECONDS:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if head is None:
                yield UNAVAILABLE
                return
            raise BrokenSpeechError("no other replica could continue") from None
        return
