"""Speech process: who feeds it never waits, and what it did not get is counted."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from voicestream.client.sources import speech_process
from voicestream.client.sources.speech_process import SpeechProcess

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

COPY = "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read()); sys.exit(3)"


def test_lines_reach_the_child_in_order_and_its_exit_code_comes_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(speech_process, "COMMAND", (sys.executable, "-I", "-c", COPY))
    speech = SpeechProcess([str(tmp_path / "got")])
    lines = [b"%d\n" % number for number in range(1000)]
    for line in lines:
        speech.put(line)
    speech.end_input(20)
    assert speech.wait(20) == 3
    assert (tmp_path / "got").read_bytes() == b"".join(lines)
    assert (speech.lost_lines, speech.failure) == (0, None)


def test_a_child_that_does_not_read_blocks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_process, "COMMAND", (sys.executable, "-I", "-c", "import signal; signal.pause()"))
    speech = SpeechProcess([], limit_bytes=500_000)
    for _ in range(10):
        speech.put(b"x" * 99_999 + b"\n")
    assert speech.lost_lines >= 4
    speech.end_input(0.05)
    assert speech.lost_lines >= 9
    assert speech.wait(0) is None
    speech.signal(15)
    assert speech.wait(20) == -15


def test_a_child_that_cannot_be_started_loses_all_lines_and_has_an_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_process, "COMMAND", ("/no/such/program",))
    speech = SpeechProcess([])
    speech.put(b"x\n")
    assert speech.wait(20) == 1
    speech.end_input(1)
    assert speech.failure is not None
    assert speech.lost_lines == 1
