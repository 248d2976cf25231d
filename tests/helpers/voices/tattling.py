"""A translator and a voice that repeat what they are given in every way in which words can get into a log.

How they fail is a word of the sentence; ``plug_in`` makes both known in a place.
"""

from __future__ import annotations

import ctypes
import logging
import os
import subprocess
import sys
import threading
import time
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

from helpers.voices.plain_voice import PlainVoice
from helpers.voices.plugging import offer
from voicestream.errors import UnusableSoundError, VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from helpers.process.running import Voicestream
    from voicestream.engines.translator import Job

NAME: Final = "tattler"
GREETING: Final = "tattler prints this while it loads"
"""Printed before there is any sentence, and worth a place in the log."""

_GATE: Final = "VOICESTREAM_TEST_GATE"


class TattlingTranslator:
    """Translates a sentence to itself."""

    name: Final = NAME
    device = "cpu"

    def load(self, report: Callable[[str, float | None], None]) -> None:
        """Nothing to load."""
        report("nothing to load", None)

    def supports(self, source: str, target: str) -> bool:
        """Every pair."""
        return bool(source and target)

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
        """The same texts; raises its input where that says so."""
        del source, target, job
        for text in texts:
            if "untranslatable" in text:
                raise ValueError(f"cannot translate {text!r}")
        return list(texts)

    def close(self) -> None:
        """Nothing to let go of."""


class TattlingVoice(PlainVoice):
    """Makes a moment of sound of a sentence, after it has told everybody what it says."""

    name: Final = NAME

    def __init__(self) -> None:
        self._helper: subprocess.Popen[bytes] | None = None

    def load(self, report: Callable[[str, float | None], None]) -> None:
        """Start a program that prints what it reads, and greet."""
        super().load(report)
        self._helper = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, bufsize=0)
        print(GREETING)

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """One chunk, unless the text wants it otherwise."""
        import numpy as np

        del language, voice, seed, speed
        while "endless" in text or ("gated" in text and not Path(os.environ[_GATE]).exists()):
            time.sleep(0.005)
            yield np.zeros(0, np.float32)  # between two chunks it can be told to stop
        self._tattle(text)
        if "unspeakable" in text:
            raise UnusableSoundError(f"no sound for {text!r}")
        if "refused" in text:
            raise VoicestreamError(f"cannot say {text!r}", hint=f"Try: another text than {text}")
        if "wrong" in text:
            try:
                {}[text]
            except KeyError as error:
                raise RuntimeError(f"no entry: {text}") from error
        if "missing" in text:
            Path(f"/nowhere/{text}").read_bytes()
        if "deadly" in text:
            raise TypeError(f"a defect met {text!r}")
        yield np.full(2400, 0.1, np.float32)

    def _tattle(self, text: str) -> None:
        assert self._helper is not None
        assert self._helper.stdin is not None
        print(text)
        print(text, file=sys.stderr, flush=True)
        os.write(2, f"{text}\n".encode())
        ctypes.CDLL(None).perror(text.encode())
        self._helper.stdin.write(f"{text}\n".encode())
        warnings.warn(f"odd text: {text}", stacklevel=1)
        logging.getLogger("tattler").warning("speaking %s", text)
        logging.warning(f"speaking {text}")  # noqa: G004, LOG015 - as libraries do
        logging.getLogger("tattler").error("%d", text)  # logging prints the arguments of what it cannot format
        try:
            int(text)
        except ValueError as error:
            traceback.print_exc()
            logging.getLogger("tattler").exception("cannot say %s", text, stack_info=True)
            logging.getLogger("tattler").warning(error)
        thread = threading.Thread(target=self._raise, args=(text,), name=text)
        thread.start()
        thread.join()

    def _raise(self, text: str) -> None:
        raise LookupError(text)

    def close(self) -> None:
        """End the program."""
        if self._helper is not None:
            self._helper.kill()
            self._helper.wait()


def plug_in(place: Voicestream) -> Path:
    """Make them known in a place; returns the file without which a ``gated`` sentence is not spoken."""
    gate = place.home / "gate"
    place.environment[_GATE] = str(gate)
    place.environment["PYTHONPATH"] = offer(
        place.home / "tattler",
        "voicestream-tattler",
        translators={NAME: f"{__name__}:TattlingTranslator"},
        synthesizers={NAME: f"{__name__}:TattlingVoice"},
    )
    return gate
