"""A tts worker that is killed in mid-sentence, beside an undisturbed run of the same sentences."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Final

from helpers.audio.comparing import frames_of
from helpers.process.running import line

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

LONG: Final = (
    "I fixed the parser; it now keeps the last line, even when the file ends without a newline, and all tests pass."
)


def whole_and_killed(place: Voicestream, *options: str) -> tuple[bytes, bytes]:
    """Speak the same sentences twice, the second time with a killed worker, and return the frames of both files."""
    for name in ("whole.wav", "killed.wav"):
        run = place.run(*options, output=name)
        run.write(line("Yes."))
        run.wait_for("speech_finished")
        # Asked for before, because asking takes as long as a piece.
        pid = place.pid_of("tts")
        run.write(line(LONG))
        run.wait_for("speech_started", 2)
        if name == "killed.wav":
            os.kill(pid, signal.SIGKILL)
            assert len(run.of("speech_finished")) == 1
        assert run.finish() == 0, run.stderr
        assert run.of("failed") == run.of("skipped") == []
    return frames_of(place.cwd / "whole.wav"), frames_of(place.cwd / "killed.wav")
