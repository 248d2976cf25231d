"""`voicestream bench --gpu --density`: simulated listeners, with a simulated clock or engines that compute nothing."""

from __future__ import annotations

import contextlib
import importlib
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from helpers.fixtures.neural import skip_unless_voice_installed
from helpers.serving.choir import ChoirVoice
from voicestream.bench.gpu import subprocess_tasks
from voicestream.bench.gpu.density import coqui_density, suite, table
from voicestream.bench.gpu.density.listeners import Audience
from voicestream.bench.gpu.density.measuring import Clock, is_carried, measure_row, measure_with_refinements
from voicestream.bench.gpu.density.rows import BATCH, COQUI, ONE_BY_ONE, PATHS, DensityPlan, DensityRow, next_listeners
from voicestream.bench.gpu.density.sources import BatchSource, OneByOneSource
from voicestream.bench.random_models.sizes import TINY_SIZES
from voicestream.cli.commands import bench as bench_command
from voicestream.errors import VoicestreamError
from voicestream.workers import engine_loading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from voicestream.bench.gpu.density.suite import DensityReport
    from voicestream.bench.gpu.subprocess_tasks import TaskRequest, TaskResult

TEXT = "Thirty letters have one second"
SECONDS = len(TEXT) * 800 / 24_000
PLAN = DensityPlan(ramp_seconds=1.0, seconds=4.0, few_seconds=4.0)


class TimedChoir(ChoirVoice):
    """A step takes a simulated time; after `steps` of them, 0.1 s of sound are made for each of its slots."""

    max_streams = 8

    def __init__(self, seconds: float, steps: int = 1) -> None:
        super().__init__()
        self.now = 0.0
        self._seconds = seconds
        self._steps = steps
        self._count = 0

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0.0001)

    def advance(self) -> bool:
        self._count += 1
        if self._count % self._steps:
            self.now += self._seconds
            return True
        has_computed = super().advance()
        self.now += self._seconds if has_computed else 0.0
        return has_computed


def measured(step_seconds: float, listeners: int, *, steps: int = 1) -> DensityRow:
    engine = TimedChoir(step_seconds, steps)
    source = BatchSource(engine, TEXT, "en")
    return measure_row(BATCH, source, listeners, PLAN, lambda: None, clock=engine.clock)


def test_one_listener_hears_the_first_chunk_after_one_step_and_asks_again_when_all_is_played() -> None:
    row = measured(0.02, 1)
    assert row.first_ms == pytest.approx([20.0] * len(row.first_ms), abs=0.5)
    assert row.whole_ms == pytest.approx([200.0] * len(row.whole_ms), abs=0.5)
    # Each request follows the playback of the sentence before it: 1.02 s apart, four of them from 1 s to 5 s.
    assert len(row.first_ms) == 4
    assert (row.underruns, row.uninterrupted, is_carried(row)) == (0, 1, True)


def test_steps_without_a_chunk_follow_each_other_without_a_pause() -> None:
    row = measured(0.0001, 1, steps=100)
    assert row.first_ms == pytest.approx([10.0] * len(row.first_ms), abs=1.5)
    assert row.whole_ms == pytest.approx([100.0] * len(row.whole_ms), abs=1.5)


def test_an_engine_slower_than_playback_is_heard_as_under_runs_of_its_listeners() -> None:
    row = measured(0.11, 2)
    assert row.underruns > 10
    assert (row.interrupted, row.uninterrupted, is_carried(row)) == (2, 0, False)


def test_listeners_without_a_slot_wait_for_their_first_chunk_and_those_who_never_get_it_count() -> None:
    row = measured(0.02, 80)
    assert max(row.first_ms) > 500
    assert not is_carried(row)
    assert is_carried(measured(0.02, 24))


def test_one_sentence_after_another_a_listener_waits_for_all_that_asked_before() -> None:
    engine = TimedChoir(0.02)

    def speak(seed: int) -> Iterator[float]:
        return (len(chunk) / 24_000 for chunk in engine.synthesize(TEXT, "en", "", seed))

    rows = [
        measure_row(ONE_BY_ONE, OneByOneSource(speak), count, PLAN, lambda: 7, clock=engine.clock) for count in (1, 8)
    ]
    assert [is_carried(row) for row in rows] == [True, False]
    assert rows[0].first_ms == pytest.approx([20.0] * len(rows[0].first_ms), abs=0.5)
    assert rows[0].memory_bytes == 7
    assert max(rows[1].first_ms) > 150


def test_a_chunk_counts_as_late_only_after_all_before_it_was_played() -> None:
    audience = Audience.beginning(1, 10.0, 0.0)
    assert list(audience.requests(10.5)) == [0]
    audience.received(0, 1.0, 10.7)
    audience.received(0, 1.0, 11.7)
    assert audience.underruns == 0
    audience.received(0, 0.5, 12.8)
    assert audience.underruns == 1
    audience.ended(0, 12.9)
    assert audience.next_request_at == pytest.approx(13.3)
    assert list(audience.requests(13.2)) == []
    assert audience.first_seconds == pytest.approx([0.7])
    assert audience.whole_seconds == pytest.approx([2.9])
    assert list(audience.requests(20.0)) == [0]
    audience.close(20.0)
    assert audience.first_seconds == pytest.approx([0.7, 6.7])


@pytest.mark.parametrize(
    ("carried", "failed", "following"),
    [((1, 256), (512,), 384), ((384,), (512, 400), None), ((512,), (), 768), ((), (1, 8), None), ((8,), (32,), 16)],
)
def test_the_largest_number_of_voices_is_narrowed_down(
    carried: tuple[int, ...], failed: tuple[int, ...], following: int | None
) -> None:
    assert next_listeners(carried, failed) == following


def test_rows_between_the_last_that_is_carried_and_the_first_that_is_not_are_added() -> None:
    asked: list[int] = []

    def measure(listeners: int) -> DensityRow:
        asked.append(listeners)
        return DensityRow(BATCH, listeners, first_ms=(1.0,), underruns=int(listeners > 420))

    rows = measure_with_refinements(measure, DensityPlan(refinements=3))
    assert asked == [1, 8, 32, 64, 128, 256, 512, 384, 448, 416]
    assert [row.listeners for row in rows] == sorted(asked)
    assert suite.largest(tuple(rows), BATCH) == 416


def test_processes_share_the_listeners_and_wait_for_each_other(tmp_path: Path) -> None:
    plans = [DensityPlan(processes=4, process=number) for number in range(4)]
    assert [plan.share(10) for plan in plans] == [3, 3, 2, 2]
    assert sum(plan.share(1) for plan in plans) == 1
    (tmp_path / "row-1").touch()
    coqui_density.wait_for_all(tmp_path, "row", 0, 2)
    (tmp_path / coqui_density.ABORTED).touch()
    with pytest.raises(VoicestreamError, match="another process"):
        coqui_density.wait_for_all(tmp_path, "other", 0, 2)


def measured_here(plan: DensityPlan) -> dict[str, Any]:
    """The report of all paths, measured in this process."""

    def run_here(request: TaskRequest, _environment: Mapping[str, str]) -> TaskResult:
        if request.task in ("environment", "make xtts"):
            return subprocess_tasks.TaskResult()
        module = importlib.import_module(f"voicestream.bench.{subprocess_tasks.TASKS[request.task]}")
        found: TaskResult = module.measure(request)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess_tasks, "run_task", run_here)
        patch.setattr(suite, "WARM_UPS", 0)
        found: dict[str, Any] = json.loads(
            table.as_json(suite.measure_all(TINY_SIZES, plan, lambda _: None, compute="cpu"))
        )
        return found


def check_rows(found: dict[str, Any], expected: set[tuple[str, int]]) -> None:
    rows = {(row["path"], row["listeners"]): row for row in found["rows"]}
    assert expected <= set(rows)
    assert all(rows[key]["first_ms"]["p95"] > 0 and rows[key]["sentences"] for key in expected)
    assert set(found["voices"]) == set(PATHS)
    assert found["goal"] == {"voices": 400, "first_p95_ms": 150.0}


class FakeCoqui:
    """As much of coqui's model as the benchmark calls; two chunks of 0.1 s for a sentence."""

    def __init__(self) -> None:
        self.args = SimpleNamespace(output_sample_rate=24_000)
        self.speaker_manager = self
        self.speakers = {"one": {"gpt_cond_latent": self, "speaker_embedding": self}}

    def to(self, _where: str) -> FakeCoqui:
        return self

    def inference_stream(self, *_: object, **__: object) -> Iterator[FakeCoqui]:
        yield from (self, self)

    def cpu(self) -> range:
        return range(2_400)


def test_all_voice_paths_are_measured_in_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    skip_unless_voice_installed()
    monkeypatch.setattr(engine_loading, "load_synthesizer", lambda *_: ChoirVoice())
    monkeypatch.setattr(coqui_density, "load", lambda _: contextlib.nullcontext(FakeCoqui()))
    plan = DensityPlan((1, 2), 0, (1, 2), (1, 2), ramp_seconds=0.0, seconds=0.05, few_seconds=0.05, processes=1)
    check_rows(measured_here(plan), {(path, 1) for path in PATHS})


def test_the_table_ends_with_the_number_of_voices_of_each_path(capsys: pytest.CaptureFixture[str]) -> None:
    rows = (
        DensityRow(BATCH, 64, first_ms=(10.0, 20.0), whole_ms=(90.0,), memory_bytes=3_000_000_000),
        DensityRow(COQUI, 0, absent="out of memory"),
    )
    table.show(suite.DensityReport({"gpu": "one"}, rows, (), 7.0, {BATCH: 64, COQUI: 0}))
    shown = capsys.readouterr().out
    assert "coqui: not measured: out of memory" in shown
    assert "batch: 64 voices in real time (goal: 400): no under-run, 95 % of the first chunks within 150 ms" in shown
    assert "3.0 GB" in shown


def test_a_process_that_fails_becomes_a_row_with_the_reason(tmp_path: Path) -> None:
    def run_task(process: int) -> TaskResult:
        if process:
            raise VoicestreamError("out of memory")
        coqui_density.wait_for_all(tmp_path, "row", 0, 2)
        raise AssertionError

    found = suite._in_processes(replace(PLAN, processes=2), tmp_path, run_task)
    assert [bool(row.absent) for row in found.rows] == [True]


def test_the_command_measures_density_on_a_gpu_only(monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[DensityPlan] = []

    def measure_all(_sizes: object, plan: DensityPlan, _progress: object, *, with_profile: bool) -> DensityReport:
        plans.append(plan)
        rows = (DensityRow(BATCH, 1, first_ms=(1.0,)),) if with_profile else (DensityRow(BATCH, 0, absent="why"),)
        return suite.DensityReport({}, rows, (), 1.0, {BATCH: 1})

    monkeypatch.setattr(suite, "measure_all", measure_all)
    monkeypatch.setattr("voicestream.bench.gpu.gpu_suite.check", lambda: None)
    monkeypatch.setattr(bench_command.signal, "signal", lambda *_: None)
    invoke = CliRunner().invoke
    failed = invoke(bench_command.bench, ["--gpu", "--density", "--json"], standalone_mode=False)
    assert (failed.return_value, json.loads(failed.stdout)["rows"][0]["absent"]) == (1, "why")
    quick = ["--gpu", "--density", "--quick", "--profile"]
    assert invoke(bench_command.bench, quick, standalone_mode=False).return_value == 0
    assert [len(plan.listeners) for plan in plans] == [7, 3]
    refused = invoke(bench_command.bench, ["--density"], standalone_mode=False)
    assert "voicestream bench --gpu --density" in getattr(refused.exception, "hint", "")
