"""Batch rendering: many sentences at once with a ``BatchSynthesizer``, each as ``rendering.samples`` renders it.

Sans-I/O and single-threaded: the caller adds and cancels sentences between two steps. An error of one sentence ends
that sentence only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import field

from voicestream.records import Record
from voicestream.workers.tts import rendering

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.engines.synthesizer import BatchSynthesizer, SynthesisStream, Synthesizer
    from voicestream.workers.tts.rendering import Utterance


class EngineView:
    """Facts about an engine, for a ``Synthesizer`` around it."""

    def __init__(self, engine: Synthesizer) -> None:
        self.name: Final = engine.name
        self.device: Final = engine.device
        self.sample_rate: Final = engine.sample_rate
        self.needs_normalized_text: Final = engine.needs_normalized_text
        self.needs_postprocessing: Final = engine.needs_postprocessing
        self.max_characters: Final = engine.max_characters
        self.supports: Final = engine.supports

    def close(self) -> None:
        """Do nothing: the owner closes the engine."""


class _StreamingVoice(EngineView):
    """``Synthesizer`` of one sentence: its iterator yields empty arrays while the stream has nothing."""

    def __init__(self, engine: BatchSynthesizer) -> None:
        super().__init__(engine)
        self._engine: Final = engine
        self.stream: SynthesisStream | None = None
        """Open stream of the present part of the sentence."""

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the chunks of a new stream, and empty arrays as long as it is not ready."""
        stream = self._engine.open(text, language, voice, seed, speed=speed)
        self.stream = stream
        try:
            while True:
                try:
                    chunk = next(stream)
                except StopIteration:
                    return
                yield chunk
        finally:
            self.stream = None
            stream.close()


class Rendering:
    """One sentence under way; created by ``BatchRenderer.add``."""

    def __init__(self, engine: BatchSynthesizer, utterance: Utterance) -> None:
        self._voice: Final = _StreamingVoice(engine)
        self._samples: Final = rendering.samples(self._voice, utterance, _never_cancelled)
        self.is_over = False
        """True after the last samples, an error or ``BatchRenderer.cancel``."""

    @property
    def is_ready(self) -> bool:
        """True if a step of it needs nothing of the engine but what is there."""
        stream = self._voice.stream
        return not self.is_over and (stream is None or stream.is_ready)

    def take(self) -> Output:
        """Return all samples that are ready."""
        output = Output(self)
        try:
            while self.is_ready:
                samples = next(self._samples)
                if len(samples):
                    output.samples.append(samples)
        except StopIteration:
            self.is_over = output.is_last = True
        except Exception as error:  # noqa: BLE001 - the caller decides which one is a defect
            self.is_over = output.is_last = True
            output.error = error
        return output

    def close(self) -> None:
        """End it without further samples."""
        self.is_over = True
        self._samples.close()


class Output(Record, eq=False):
    """Samples of one sentence that became ready in a step."""

    rendering: Rendering
    samples: list[NDArray[np.float32]] = field(default_factory=list["NDArray[np.float32]"])
    """Arrays at the rate of the pool, in order, none of them empty."""
    is_last: bool = False
    """True if nothing follows: the sentence is rendered, or has failed."""
    error: Exception | None = None
    """Reason of a failure."""


class BatchRenderer:
    """All sentences that one engine renders at the same time."""

    def __init__(self, engine: BatchSynthesizer) -> None:
        self._engine: Final = engine
        self._renderings: list[Rendering] = []
        self._joining: list[Rendering] = []
        """Those without a stream yet; only these are ready before a step of the engine."""

    def __len__(self) -> int:
        return len(self._renderings)

    @property
    def has_room(self) -> bool:
        """True if another sentence gets a slot of the engine at once."""
        return len(self._renderings) < max(1, self._engine.max_streams)

    def add(self, utterance: Utterance) -> Rendering:
        """Add a sentence; it joins at the next step."""
        added = Rendering(self._engine, utterance)
        self._renderings.append(added)
        self._joining.append(added)
        return added

    def cancel(self, rendering: Rendering) -> None:
        """Cancel a sentence and free its slot; nothing if it is over, or of another renderer."""
        if rendering in self._renderings:
            rendering.close()
            self._renderings.remove(rendering)

    def cancel_all(self) -> list[Rendering]:
        """Cancel all sentences, and return them."""
        cancelled = list(self._renderings)
        for one in cancelled:
            self.cancel(one)
        return cancelled

    def advance(self) -> list[Output]:
        """Do one step for all sentences, and return what became ready.

        Raises:
            Exception: the engine is broken (``BatchSynthesizer.advance``), or waits although sentences are open.
        """
        outputs = [one.take() for one in self._joining if not one.is_over]
        self._joining = []
        has_computed = self._engine.advance()
        outputs += [one.take() for one in self._renderings if one.is_ready]
        if any(one.is_last for one in outputs):
            self._renderings = [one for one in self._renderings if not one.is_over]
        if self._renderings and not (outputs or has_computed):
            raise RuntimeError(f"{self._engine.name} has {len(self._renderings)} open texts and computes none of them")
        return [one for one in outputs if one.samples or one.is_last]


def _never_cancelled() -> None:
    """Do nothing: a sentence is cancelled between two steps."""
