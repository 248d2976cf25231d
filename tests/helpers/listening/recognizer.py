"""Speech recognition by Whisper base, the same text for the same samples."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING, Final

import numpy as np
import soxr

from helpers.listening import weights

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE_RATE: Final = 16_000
BEAMS: Final = 5


class Recognizer:
    """Whisper base in 8 bits on the processor."""

    def __init__(self, threads: int = 2) -> None:
        from faster_whisper import WhisperModel

        self._model = WhisperModel(
            str(weights.recognizer()), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
        )

    def text(self, file: Path, language: str) -> str:
        """Return what is said in a WAV file of 16 bits; empty if it has no samples.

        Args:
            file: of any sample rate, mono.
            language: base language that is spoken.
        """
        with wave.open(str(file)) as sound:
            rate = sound.getframerate()
            samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16).astype(np.float32) / 32_768
        if not samples.size:
            return ""
        # One temperature: with several, a doubtful sentence is recognized again with random choices.
        segments, _ = self._model.transcribe(
            soxr.resample(samples, rate, SAMPLE_RATE), language=language, beam_size=BEAMS, temperature=0.0
        )
        return " ".join(segment.text.strip() for segment in segments)
