"""`voicestream bench`: what it measures it measures, and it leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from helpers.fixtures.deadline import takes
from helpers.process.running import COMMAND, wait_until
from voicestream.bench import first_sound, hub_overhead, light_commands, proportional_memory, sound_server, table
from voicestream.bench.figures import Figure, Report, percentile
from voicestream.bench.hardware import describe
from voicestream.bench.sandbox import Sandbox
from voicestream.bench.suite import QUICK
from voicestream.errors import VoicestreamError
from voicestream.protocol import audio_pool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = (
    "hub_overhead",
    "cold_to_pcm",
    "warm_run_to_pcm",
    "warm_to_pcm",
    "memory",
    "human_to_pcm",
    "remote_added",
    "warm_to_heard",
    "help",
    "bare_python",
    "hook",
    "hook_frozen",
    "hook_killed",
)

TAKE_SECONDS = 10
"""For one measurement on a busy machine, which may hold up the interpreter alone for longer than ours."""


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def figure(*samples: float, goal: float | None = None) -> Figure:
    return Figure(name="one", title="one", unit="ms", samples=samples, goal=goal)


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(50, 5.0), (90, 9.0), (95, 10.0), (99, 10.0), (100, 10.0), (1, 1.0), (0, 1.0)],
)
def test_a_percentile_is_a_sample_that_was_measured(percent: float, expected: float) -> None:
    assert percentile([10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0], percent) == expected


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 50)


@pytest.mark.parametrize(
    ("found", "met"),
    [
        (figure(1.0, 1.0, 99.0, goal=1.0), True),
        (figure(1.0, 1.1, 1.2, goal=1.0), False),
        (figure(1.0), None),
        (figure(goal=1.0), None),
    ],
)
def test_a_goal_is_met_by_the_median(found: Figure, *, met: bool | None) -> None:
    assert found.is_met is met


def test_the_json_has_every_figure_with_its_goal_and_the_hardware() -> None:
    absent = Figure(name="two", title="two", unit="MB", samples=(), goal=2.0, absent="nothing to measure it with")
    report = Report(hardware=describe(), figures=(figure(3.0, 1.0, 2.0, goal=2.0), absent), seconds=1.25)
    found = json.loads(table.as_json(report))
    one, two = found["figures"]
    assert (one["runs"], one["p50"], one["p95"], one["max"], one["goal"], one["met"]) == (3, 2.0, 3.0, 3.0, 2.0, True)
    assert (two["runs"], two["p50"], two["met"], two["absent"]) == (0, None, None, "nothing to measure it with")
    assert found["hardware"]["cores"] == str(os.cpu_count())
    assert all(found["hardware"].values())
    assert "absent" not in found["hardware"]["packages"]


def test_the_table_says_what_was_missed_and_what_could_not_be_measured(capsys: pytest.CaptureFixture[str]) -> None:
    absent = Figure(name="two", title="sound heard", unit="ms", samples=(), absent="no [audio] server; try: apt")
    table.show(Report(hardware={"cpu": "Abacus"}, figures=(figure(3.0, goal=2.0), absent), seconds=1.0))
    printed = capsys.readouterr().out
    assert "≤ 2 ms missed" in printed
    assert "sound heard: not measured: no [audio] server; try: apt" in printed
    assert "cpu: Abacus" in printed


def test_a_percentile_that_few_samples_cannot_tell_from_the_largest_is_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table.show(Report(hardware={}, figures=(figure(*map(float, range(1, 20))),), seconds=1.0))
    assert capsys.readouterr().out.split("one", 1)[1].split()[:5] == ["19", "10.0", "-", "-", "19.0"]


TOUCHING = """
import os
from voicestream.protocol import audio_pool
from voicestream.bench import proportional_memory as memory

me = os.getpid()
descriptor = audio_pool.create()
pool = audio_pool.AudioPool(descriptor)
untouched, before = memory.untouched_pool([me]), memory.proportional_bytes(me)
with pool.frames(0, 0, audio_pool.SLOT_FRAMES) as view:
    view[:] = bytes(len(view))
grown = memory.proportional_bytes(me) - before
print(os.fstat(descriptor).st_size, untouched, untouched - memory.untouched_pool([me]), grown)
"""
"""A process of its own: what others have left in this one's heap may be given back at any moment."""


@pytest.mark.platform
@pytest.mark.skipif(proportional_memory.KIND != "PSS", reason="the system does not tell proportional memory")
def test_a_page_of_the_pool_is_counted_once_whether_it_was_touched_or_not() -> None:
    done = subprocess.run([sys.executable, "-P", "-c", TOUCHING], capture_output=True, text=True, check=True)
    size, untouched, less_untouched, grown = map(int, done.stdout.split())
    assert abs(untouched - size) < 64 << 10
    assert less_untouched == pytest.approx(audio_pool.SLOT_FRAMES * 4, abs=8 << 10)
    assert grown == pytest.approx(audio_pool.SLOT_FRAMES * 4, abs=64 << 10)


def test_what_a_run_says_when_it_fails_stands_in_the_error() -> None:
    with Sandbox() as sandbox:
        run = sandbox.run("--output", "/nowhere/at/all.wav")
        run.end_input()
        with pytest.raises(VoicestreamError, match=r"no speech_started event: exit code 2.*there is no directory"):
            run.wait_for("speech_started")


def test_a_place_is_gone_when_it_is_left_whatever_was_running_there() -> None:
    with Sandbox() as sandbox:
        run = sandbox.run("--output", "null", "--keep-alive", "60")
        run.say("Somebody is still speaking.")
        run.wait_for("speech_started")
        processes = [*sandbox.processes(), psutil.Process(run.process.pid)]
        assert len(processes) == 5  # nobody needs a translator
    # One that is just ending has no command line any more, by which the place knows it, and is there for a moment.
    wait_until(lambda: not any(is_alive(process) for process in processes), "all have ended")
    assert not sandbox.home.exists()


def test_the_users_settings_do_not_reach_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICESTREAM_TTS", "no-such-engine")
    monkeypatch.setenv("VOICESTREAM_RUNTIME_DIR", "/nowhere")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    with Sandbox() as sandbox:
        assert "VOICESTREAM_TTS" not in sandbox.environment
        assert "PYTHONDONTWRITEBYTECODE" not in sandbox.environment
        assert sandbox.environment["VOICESTREAM_RUNTIME_DIR"] == str(sandbox.runtime)
        assert sandbox.environment["TMPDIR"] == str(sandbox.home)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The rows of one benchmark of few runs, by name; it leaves nothing."""
    folder = tmp_path_factory.mktemp("bench")
    done = subprocess.run(
        [*COMMAND, "bench", "--quick", "--json"],
        capture_output=True,
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(folder.iterdir()) == []
    return {row["name"]: row for row in json.loads(done.stdout)["figures"]}


@pytest.mark.slow
def test_the_command_prints_every_row_in_its_order(rows: dict[str, dict[str, Any]]) -> None:
    assert tuple(rows) == ROWS
    assert [name for name, row in rows.items() if row["absent"] and name != "warm_to_heard"] == []


@pytest.mark.slow
def test_every_sentence_goes_through_all_stages_of_the_hub(rows: dict[str, dict[str, Any]]) -> None:
    found = rows["hub_overhead"]
    assert found["runs"] == QUICK.sentences
    assert found["p50"] > 0
    assert list(found["parts"]) == [*(f"to {step}" for step in hub_overhead.STEPS), "of it work"]
    assert min(found["parts"].values()) > 0


@pytest.mark.slow
def test_a_cold_start_finds_nothing_running_and_a_warm_line_finds_all_of_it(rows: dict[str, dict[str, Any]]) -> None:
    cold, warm, held = rows["cold_to_pcm"], rows["warm_to_pcm"], rows["memory"]
    assert (cold["runs"], warm["runs"]) == (QUICK.cold, QUICK.lines)
    assert sum(cold["parts"].values()) == pytest.approx(cold["p50"], abs=0.01)
    assert warm["max"] < cold["p50"]
    assert set(held["parts"]) == {"run", "supervisor", "parser", "tts", "player", "pool, untouched"}
    assert held["p50"] == pytest.approx(sum(held["parts"].values()), abs=0.01)


@pytest.mark.slow
def test_help_is_measured_beside_an_interpreter_that_does_nothing() -> None:
    with Sandbox() as sandbox:
        for _ in takes(TAKE_SECONDS):
            ours, bare = light_commands.measure_help(sandbox, QUICK.help)
            assert len(ours.samples) == len(bare.samples) == QUICK.help
            if min(ours.samples) > min(bare.samples):
                return
    pytest.fail(f"less than an interpreter alone takes, {bare.samples}: {ours.samples}")


@pytest.mark.slow
def test_a_hook_is_measured_beyond_an_interpreter_also_with_a_supervisor_that_is_frozen_or_killed(
    rows: dict[str, dict[str, Any]],
) -> None:
    for name in ("hook", "hook_frozen", "hook_killed"):
        assert rows[name]["runs"] == QUICK.help
        assert set(rows[name]["parts"]) == {"voicestream hook", "python -c pass"}
        # The load of other tests is on both; a hook that waited for something would take seconds.
        assert rows[name]["p50"] < 1000


@pytest.mark.slow
def test_what_is_played_is_heard(rows: dict[str, dict[str, Any]]) -> None:
    if missing := sound_server.why_not():
        pytest.skip(missing)
    assert rows["warm_to_heard"]["runs"] == QUICK.heard
    assert rows["warm_to_heard"]["p50"] > 0


def test_where_there_is_no_sound_server_the_row_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with Sandbox() as sandbox:
        found = first_sound.audible_latency(sandbox, 1)
    assert found.samples == ()
    assert "sudo apt-get install libportaudio2 libasound2-plugins pulseaudio pulseaudio-utils" in found.absent
    assert not found.is_failure


@pytest.fixture
def running_bench(tmp_path: Path) -> Iterator[tuple[psutil.Process, list[psutil.Process]]]:
    """A benchmark in the middle of its work, with its temporary files in ``tmp_path``; and its processes."""
    with subprocess.Popen(
        [*COMMAND, "bench", "--json"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as bench:
        process = psutil.Process(bench.pid)
        wait_until(lambda: len(process.children(recursive=True)) >= 5, "its supervisor has its workers")
        yield process, process.children(recursive=True)
        if is_alive(process):
            bench.kill()


def test_a_bench_that_is_told_to_end_takes_everything_with_it(
    running_bench: tuple[psutil.Process, list[psutil.Process]], tmp_path: Path
) -> None:
    bench, children = running_bench
    bench.terminate()
    wait_until(lambda: not any(map(is_alive, [bench, *children])), "all of it has ended")
    assert list(tmp_path.iterdir()) == []


def test_a_bench_that_is_killed_leaves_no_process(
    running_bench: tuple[psutil.Process, list[psutil.Process]],
) -> None:
    bench, children = running_bench
    bench.kill()
    wait_until(lambda: not any(map(is_alive, [bench, *children])), "all of it has ended")
