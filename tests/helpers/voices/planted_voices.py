"""Voice engines that tests put in voicestream's way, through the door that anybody's engine comes through.

``plant`` makes them known in a place: ``place.run("--tts", "steady")``. They run inside the tts worker.
"""

from __future__ import annotations

import os
import resource
import signal
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers.voices.plugging import offer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from helpers.process.running import Voicestream

DEATH_VARIABLE = "VOICESTREAM_TEST_DEATH"

MEMORY_LEFT_BYTES = 256 << 20


class Steady:
    """Takes the same time for every sentence, however quick the machine is, and gives samples that tell its text."""

    name = "steady"
    device = "cpu"
    sample_rate = 24_000
    needs_normalized_text = False
    needs_postprocessing = False

    seconds_a_sentence = 0.04
    frames_a_sentence = 4_800

    def load(self, report: Callable[[str, float | None], None]) -> None:
        report("nothing to load", None)

    def max_characters(self, language: str) -> int:  # noqa: ARG002 - no limit in any
        return 0

    def supports(self, language: str) -> bool:  # noqa: ARG002 - it speaks all
        return True

    def synthesize(
        self,
        text: str,
        language: str,  # noqa: ARG002 - it speaks all alike
        voice: str,  # noqa: ARG002
        seed: int,  # noqa: ARG002
        *,
        speed: float = 1.0,  # noqa: ARG002
    ) -> Iterator[NDArray[np.float32]]:
        time.sleep(self.seconds_a_sentence)
        tells = np.random.default_rng(zlib.crc32(text.encode()))
        yield tells.uniform(-0.5, 0.5, self.frames_a_sentence).astype(np.float32)

    def close(self) -> None:
        pass


class Mortal(Steady):
    """Dies of a text with the word ``deadly`` in it, in the way that the environment names."""

    name = "mortal"

    def load(self, report: Callable[[str, float | None], None]) -> None:
        super().load(report)
        if os.environ[DEATH_VARIABLE] == "memory limit":
            used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_LEFT_BYTES, resource.RLIM_INFINITY))

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        if "deadly" in text:
            if os.environ[DEATH_VARIABLE] == "memory killer":
                os.kill(os.getpid(), signal.SIGKILL)
            yield np.ones(MEMORY_LEFT_BYTES, dtype=np.float32)
        yield from super().synthesize(text, language, voice, seed, speed=speed)


def plant(place: Voicestream) -> None:
    """Make these engines known to the workers of a place."""
    voices = {voice.name: f"{__name__}:{voice.__name__}" for voice in (Steady, Mortal)}
    place.environment["PYTHONPATH"] = offer(place.home / "site", "planted-voices", synthesizers=voices)
