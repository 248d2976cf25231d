"""Batch speaking of the tts worker: its sentences at once, each written into its own slots of the audio pool."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Final

from msgspec import field

from voicestream.engines.synthesizer import as_batch
from voicestream.records import Record
from voicestream.workers.tts.batch_rendering import BatchRenderer
from voicestream.workers.tts.one_at_a_time import OneAtATime

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.engines.synthesizer import Synthesizer
    from voicestream.protocol.messages import Lease, Speak
    from voicestream.workers.tts.batch_rendering import Output, Rendering
    from voicestream.workers.tts.rendering import Utterance
    from voicestream.workers.tts.slot_writer import SlotWriter, Written


class _Sentence(Record, eq=False):
    job: Speak
    writer: SlotWriter
    samples: collections.deque[NDArray[np.float32]] = field(default_factory=collections.deque["NDArray[np.float32]"])
    """Samples that wait for a slot."""
    is_rendered: bool = False
    error: Exception | None = None


class BatchSpeaking:
    """All sentences that the worker has, with the renderers of their engines."""

    def __init__(
        self,
        written: Callable[[Speak, Written], None],
        ended: Callable[[Speak, Exception | None], None],
    ) -> None:
        """``written``: called for each segment in the pool; ``ended``: after the last one, or with the error."""
        self._written: Final = written
        self._ended: Final = ended
        self._renderers: Final[dict[str, BatchRenderer]] = {}
        """By name of the engine."""
        self._sentences: Final[dict[Rendering, _Sentence]] = {}

    def __len__(self) -> int:
        return len(self._sentences)

    @property
    def can_compute(self) -> bool:
        """True if a step does something; False if all sentences wait for slots."""
        return any(len(renderer) for renderer in self._renderers.values())

    def add(self, engine: Synthesizer, utterance: Utterance, job: Speak, writer: SlotWriter) -> None:
        """Add a sentence."""
        renderer = self._renderers.get(engine.name)
        if renderer is None:
            renderer = self._renderers[engine.name] = BatchRenderer(as_batch(engine) or OneAtATime(engine))
        self._sentences[renderer.add(utterance)] = _Sentence(job, writer)

    def lease(self, message: Lease) -> None:
        """Add slots to a sentence, and write what waits for them; nothing if the sentence has ended."""
        for rendering, sentence in list(self._sentences.items()):
            job = sentence.job
            if (job.session, job.sentence, job.attempt) == (message.session, message.sentence, message.attempt):
                sentence.writer.add(message.slots)
                self._write(rendering, sentence)

    def cancel(self, session: str, number: int | None) -> None:
        """Cancel a sentence (None: all of the session)."""
        for rendering, sentence in list(self._sentences.items()):
            if sentence.job.session == session and number in (None, sentence.job.sentence):
                del self._sentences[rendering]
                for renderer in self._renderers.values():
                    renderer.cancel(rendering)

    def step(self) -> None:
        """Do one step for all sentences, and write what became ready.

        Raises:
            Exception: an engine is broken; the process must end.
        """
        for renderer in self._renderers.values():
            if len(renderer):
                for output in renderer.advance():
                    self._take(output)

    def _take(self, output: Output) -> None:
        sentence = self._sentences[output.rendering]
        sentence.samples.extend(sentence.writer.skip(samples) for samples in output.samples)
        sentence.is_rendered, sentence.error = output.is_last, output.error
        self._write(output.rendering, sentence)

    def _write(self, rendering: Rendering, sentence: _Sentence) -> None:
        """Write the samples for which there are slots, and end the sentence after the last ones."""
        waiting = sentence.samples
        while waiting and (not len(waiting[0]) or not sentence.writer.needs_slot):
            samples = waiting.popleft()
            if len(samples):
                written, remaining = sentence.writer.write(samples)
                waiting.appendleft(remaining)
                self._written(sentence.job, written)
        if sentence.is_rendered and not waiting:
            del self._sentences[rendering]
            self._ended(sentence.job, sentence.error)
