"""A row of programs that answer each text, with programs that misbehave."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from helpers.fixtures.deadline import remaining
from helpers.process.running import has_ended
from voicestream.workers.engines.apertium.process_pipeline import PipelineError, ProcessPipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Start = Callable[[Sequence[Sequence[str]]], ProcessPipeline]

CAT = [shutil.which("cat") or "/bin/cat"]


def python(program: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", program]


@pytest.fixture
def start() -> Iterator[Callable[[Sequence[Sequence[str]]], ProcessPipeline]]:
    started: list[ProcessPipeline] = []

    def begin(commands: Sequence[Sequence[str]]) -> ProcessPipeline:
        started.append(ProcessPipeline(commands))
        return started[-1]

    yield begin
    for pipeline in started:
        pipeline.kill()
        pipeline.close()


def test_texts_come_back_one_after_another(start: Start) -> None:
    pipeline = start([CAT, CAT, CAT])
    for text in (b"one", b"", b"two\nlines", "drei ä".encode()):
        assert pipeline.exchange(text, remaining()) == text


def test_a_text_longer_than_all_pipes_together_does_not_block(start: Start) -> None:
    text = b"0123456789" * 100_000
    assert start([CAT, CAT]).exchange(text, remaining()) == text


def test_a_program_that_talks_on_stderr_does_not_block(start: Start) -> None:
    chatty = python(
        "import os\nwhile data := os.read(0, 65536):\n    os.write(2, b'x' * 300_000)\n    os.write(1, data)\n"
    )
    pipeline = start([CAT, chatty, CAT])
    assert pipeline.exchange(b"one", remaining()) == b"one"
    assert pipeline.exchange(b"two", remaining()) == b"two"


def test_a_program_that_ends_is_named_with_its_last_words(start: Start) -> None:
    failing = python("import os, sys; os.read(0, 1); sys.exit('no such dictionary')")
    pipeline = start([CAT, failing, CAT])
    with pytest.raises(PipelineError, match=r"ended with exit 1: no such dictionary"):
        pipeline.exchange(b"text", remaining())


def test_a_killed_program_is_named_with_its_signal(start: Start) -> None:
    pipeline = start([CAT, CAT, CAT])
    pipeline.exchange(b"text", remaining())
    os.kill(pipeline.pids[1], signal.SIGKILL)
    with pytest.raises(PipelineError, match="cat ended with SIGKILL"):
        pipeline.exchange(b"text", remaining())


def test_a_program_that_hangs_is_given_up_in_time(start: Start) -> None:
    pipeline = start([CAT, CAT])
    pipeline.exchange(b"text", remaining())
    os.kill(pipeline.pids[1], signal.SIGSTOP)
    with pytest.raises(PipelineError, match=r"no answer from cat \| cat within 0.2 s"):
        pipeline.exchange(b"text", 0.2)


def test_close_ends_all_programs_and_can_be_repeated(start: Start) -> None:
    pipeline = start([CAT, CAT, CAT])
    pids = pipeline.pids
    pipeline.close()
    pipeline.close()
    assert all(has_ended(pid) for pid in pids)
    with pytest.raises(PipelineError, match="closed"):
        pipeline.exchange(b"text", remaining())


def test_close_ends_a_program_that_ignores_the_end_of_its_input(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicestream.workers.engines.apertium.process_pipeline.END_SECONDS", 0.2)
    pipeline = start([CAT, python("import time; time.sleep(600)")])
    pids = pipeline.pids
    pipeline.close()
    assert all(has_ended(pid) for pid in pids)


def test_a_program_that_cannot_be_started_leaves_nothing_behind() -> None:
    before = psutil.Process().children()
    with pytest.raises(FileNotFoundError):
        ProcessPipeline([CAT, ["/no/such/program"]])
    assert psutil.Process().children() == before


@pytest.mark.platform
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_descriptor_stays_open() -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = count()
    for _ in range(3):
        pipeline = ProcessPipeline([CAT, CAT, CAT])
        pipeline.exchange(b"text", remaining())
        assert count() == before + 4, "first input, last output, stderr, selector"
        pipeline.close()
    assert count() == before
