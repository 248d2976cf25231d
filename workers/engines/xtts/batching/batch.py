"""Continuous batch: open sentences join and leave between steps of the decoder and the vocoder."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from voicestream.errors import VoicestreamError
from voicestream.workers.engines.xtts.batching import scheduler
from voicestream.workers.engines.xtts.batching.scheduler import Phase
from voicestream.workers.engines.xtts.batching.slot_decoder import Sentence
from voicestream.workers.engines.xtts.batching.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicestream.workers.engines.xtts.batching.scheduler import Limits
    from voicestream.workers.engines.xtts.batching.slot_decoder import SlotDecoder
    from voicestream.workers.engines.xtts.batching.vocoding import BatchVocoder, PendingSamples
    from voicestream.workers.engines.xtts.synthesis import Utterance

_ASYNCHRONOUS: Final = (Phase.STEP, Phase.PREFILL)
"""Phases whose action returns before the device has computed it."""


class _Pending(NamedTuple):
    """Windows under way in the vocoder."""

    streams: Sequence[Stream]
    samples: PendingSamples


class Batch:
    """All open sentences of a synthesizer."""

    def __init__(
        self,
        decoder: SlotDecoder,
        vocoder: BatchVocoder,
        limits: Limits,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the decoder and the vocoder.

        Args:
            decoder: of the tokens.
            vocoder: of the sound.
            limits: of the device.
            clock: in seconds; it decides on the order of the actions, never on samples.
        """
        self._decoder = decoder
        self._vocoder = vocoder
        self._limits = limits
        self._clock = clock
        self._numbers = itertools.count()
        self._streams: dict[int, Stream] = {}
        self._pending: _Pending | None = None
        self._has_room = True
        """False while the first waiting stream needs memory that others hold."""

    def open(self, prepare: Callable[[], Utterance]) -> Stream:
        """Open a stream.

        Args:
            prepare: reads text and voice, once the stream has its turn; its errors are raised by the stream.
        """
        number = next(self._numbers)
        stream = Stream(number, prepare, scheduler.first_deadline(self._clock()), self._close)
        self._streams[number] = stream
        return stream

    def advance(self) -> bool:
        """Do one action; return False if there was nothing to do."""
        free = self._decoder.free_slots if self._has_room else 0
        states = [stream.state for stream in self._streams.values() if stream.state is not None]
        action = scheduler.next_action(states, free, self._clock(), self._limits)
        if action is None:
            return self._deliver()
        if action.phase not in _ASYNCHRONOUS:
            self._deliver()
        # A delivery can end streams.
        chosen = [self._streams[number] for number in action.numbers if number in self._streams]
        if action.phase is Phase.WAITING:
            self._admit(chosen)
        elif action.phase is Phase.PREFILL:
            self._prefill(chosen)
        elif action.phase is Phase.STEP:
            self._step(chosen, action.steps)
        else:
            self._vocode(chosen)
        if action.phase in _ASYNCHRONOUS:
            # The device is busy with the action while the processor delivers what was computed before.
            self._deliver()
        return True

    def _admit(self, streams: Sequence[Stream]) -> None:
        """Give slots to streams, until one needs memory that others hold."""
        for stream in streams:
            try:
                utterance = stream.prepared()
            except (VoicestreamError, OSError, RuntimeError, ValueError) as error:
                stream.fail(error)
                del self._streams[stream.number]
                continue
            detector = utterance.end_detector
            slot = self._decoder.open(
                Sentence(
                    utterance.voice.kv_cache,
                    utterance.tokens,
                    utterance.seed,
                    detector.min_tokens,
                    detector.token_limit,
                )
            )
            if slot is None:
                self._has_room = False
                return
            stream.admit(slot, self._vocoder.stream(utterance.voice.speaker_embedding, utterance.speed))

    def _prefill(self, streams: Sequence[Stream]) -> None:
        self._decoder.prefill([stream.slot for stream in streams])
        for stream in streams:
            if self._decoder.is_prefilled(stream.slot):
                self._begin_chunk(stream)

    def _step(self, streams: Sequence[Stream], count: int) -> None:
        self._decoder.step([stream.slot for stream in streams], count)
        for stream in streams:
            stream.expect(self._decoder.remaining(stream.slot))

    def _begin_chunk(self, stream: Stream) -> None:
        self._decoder.begin(stream.slot, stream.next_count())
        stream.expect(self._decoder.remaining(stream.slot))

    def _vocode(self, streams: Sequence[Stream]) -> None:
        read = self._decoder.take([stream.slot for stream in streams])
        self._overlap()
        sampled = read()
        now = self._clock()
        requests = [
            stream.record(tokens, self._decoder.stop_token, now)
            for stream, tokens in zip(streams, sampled, strict=True)
        ]
        for stream, request in zip(streams, requests, strict=True):
            if request.is_last:
                self._free(stream)
            else:
                self._begin_chunk(stream)
        self._pending = _Pending(streams, self._vocoder.launch(requests))
        if self._pending.samples.is_there:
            self._deliver()

    def _overlap(self) -> None:
        """Give the device a step, for the time in which the processor prepares windows."""
        states = [stream.state for stream in self._streams.values() if stream.state is not None]
        action = scheduler.overlapping_step(states, self._clock(), self._limits)
        if action is not None:
            self._step([self._streams[number] for number in action.numbers], action.steps)

    def _deliver(self) -> bool:
        """Give the computed samples to their streams; return False if there are none."""
        pending, self._pending = self._pending, None
        if pending is None:
            return False
        samples = pending.samples.result()
        for stream, chunk in zip(pending.streams, samples, strict=True):
            # It may have been cancelled meanwhile.
            if stream.number in self._streams and stream.deliver(chunk):
                self._close(stream)
        return True

    def _close(self, stream: Stream) -> None:
        """Forget a stream."""
        if self._streams.pop(stream.number, None) is not None:
            self._free(stream)

    def _free(self, stream: Stream) -> None:
        if stream.has_slot:
            self._decoder.free(stream.slot)
            stream.leave()
            self._has_room = True
