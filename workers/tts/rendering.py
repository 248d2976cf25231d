"""Rendering of one sentence: text to samples at the rate of the audio pool, with all that its engine needs around it.

The text is normalized and split where the engine asks for it, its audio postprocessed and resampled.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Final

from voicestream.errors import EngineNotReadyError
from voicestream.records import FrozenRecord
from voicestream.workers.text.clauses import divide
from voicestream.workers.tts.resample import PoolRateResampler

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.engines.synthesizer import Synthesizer

PART_PAUSE_SECONDS: Final = 0.12
"""Pause between the parts of a split sentence: that of a comma."""

_log = logging.getLogger(__name__)


class Utterance(FrozenRecord, frozen=True):
    """One sentence, and how it is spoken."""

    text: str
    language: str
    """BCP-47 tag."""
    voice: str
    """As for ``Synthesizer.synthesize``."""
    seed: int
    speed: float
    pause_seconds: float
    """Pause after the sentence."""
    part_pause_seconds: float = PART_PAUSE_SECONDS
    """Pause between its parts, if it is split."""
    lead_seconds: float = 0.0
    """Silence before the first sample."""
    name: str = ""
    """Name of the sentence in the log."""


def prepare(synthesizer: Synthesizer) -> None:
    """Import what the engine needs, so that the first sentence does not wait for it.

    Raises:
        EngineNotReadyError: num2words is missing.
    """
    PoolRateResampler(synthesizer.sample_rate)
    if synthesizer.needs_normalized_text:
        _prepare_normalization(synthesizer.name)
    if synthesizer.needs_postprocessing:
        importlib.import_module("voicestream.workers.tts.postprocessing.postprocess")


def samples(
    synthesizer: Synthesizer, utterance: Utterance, check: Callable[[], None]
) -> Generator[NDArray[np.float32]]:
    """Yield the samples of a sentence at the rate of the pool; empty arrays are points for cancellation.

    Args:
        synthesizer: the engine.
        utterance: the sentence.
        check: called before each chunk of the engine; raises to abandon the sentence.

    Raises:
        VoicestreamError, OSError, RuntimeError, ValueError: as ``Synthesizer.synthesize`` does.
    """
    rate = synthesizer.sample_rate
    resampler = PoolRateResampler(rate)
    lead = silence(utterance.lead_seconds, rate)
    text = _normalize(utterance.text, utterance.language) if synthesizer.needs_normalized_text else utterance.text
    # Split here, not in the parser: translation and normalization make a sentence longer.
    parts = divide(text, synthesizer.max_characters(utterance.language))
    for number, part in enumerate(parts, start=1):
        pause = utterance.pause_seconds if number == len(parts) else utterance.part_pause_seconds
        for chunk in _part(synthesizer, utterance, part, pause):
            check()
            if not len(chunk):
                yield chunk
                continue
            # Not before the first samples: the supervisor measures the time to first audio.
            yield resampler.feed(lead)
            lead = lead[:0]
            yield resampler.feed(chunk)
    yield resampler.end()


def silence(seconds: float, sample_rate: int) -> NDArray[np.float32]:
    """Return samples of silence."""
    import numpy as np

    return np.zeros(round(seconds * sample_rate), np.float32)


def _part(
    synthesizer: Synthesizer, utterance: Utterance, text: str, pause_seconds: float
) -> Iterator[NDArray[np.float32]]:
    """Yield the samples of one part, and the pause after it."""

    def synthesize(seed: int) -> Iterator[NDArray[np.float32]]:
        return synthesizer.synthesize(text, utterance.language, utterance.voice, seed, speed=utterance.speed)

    if not synthesizer.needs_postprocessing:
        has_sound = False
        for chunk in synthesize(utterance.seed):
            has_sound = has_sound or len(chunk) > 0
            yield chunk
        if has_sound and pause_seconds > 0:
            yield silence(pause_seconds, synthesizer.sample_rate)
        return
    from voicestream.workers.text.duration_bounds import DurationBounds
    from voicestream.workers.tts.postprocessing.postprocess import postprocess

    yield from postprocess(
        synthesize,
        utterance.seed,
        sample_rate=synthesizer.sample_rate,
        bounds=DurationBounds.of(text, utterance.language, utterance.speed),
        pause_seconds=pause_seconds,
        report=lambda defect: _log.warning("%s %s", utterance.name, defect),
    )


def _prepare_normalization(engine: str) -> None:
    """Import the packages of text normalization.

    Raises:
        EngineNotReadyError: num2words is missing.
    """
    try:
        _normalize("1", "en")
    except ImportError as error:
        raise EngineNotReadyError(f"{engine} cannot say numbers: {error}", hint="Try: pip install num2words") from error


def _normalize(text: str, language: str) -> str:
    """Normalize a text; imported lazily, because some engines do not need it."""
    from voicestream.workers.tts.normalization.normalize import words

    return words(text, language)
