"""`voicestream bench --gpu`: the same code, tiny and on the processor."""

from __future__ import annotations

import importlib
import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from helpers.fixtures.neural import skip_unless_voice_installed
from helpers.process.running import COMMAND
from voicestream.bench import table
from voicestream.bench.figures import Figure, Report
from voicestream.bench.gpu import (
    contention,
    end_to_end,
    gpu_memory,
    gpu_suite,
    nllb_throughput,
    profile,
    subprocess_tasks,
)
from voicestream.bench.gpu.profile import Kernel, exclusive_times, kind_of
from voicestream.bench.gpu.subprocess_tasks import TaskRequest, TaskResult
from voicestream.bench.random_models.sizes import FULL_RUNS, FULL_SIZES, QUICK_RUNS, TINY_SIZES, GpuRuns
from voicestream.bench.sandbox import Sandbox
from voicestream.cli.commands import bench as bench_command
from voicestream.config.engine_settings import EngineSettings
from voicestream.errors import ConfigurationError, EngineNotReadyError, VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from voicestream.bench.gpu.contention_process import Work
    from voicestream.bench.random_models.sizes import Sizes

ROWS = [
    "nllb_1_greedy",
    "transformers_1_greedy",
    "nllb_1_5_beams",
    "transformers_1_5_beams",
    "nllb_16_greedy",
    "transformers_16_greedy",
    "nllb_16_5_beams",
    "transformers_16_5_beams",
    "nllb_1_greedy_profile",
    "nllb_1_5_beams_profile",
    "nllb_16_greedy_profile",
    "nllb_16_5_beams_profile",
    "xtts_first",
    "xtts_whole",
    "xtts_profile",
    "coqui_20_first",
    "coqui_20_whole",
    "coqui_10_first",
    "coqui_10_whole",
    "line_to_pcm",
    "xtts_first_shared",
]
GOALS = {
    "nllb_1_greedy": 16,
    "nllb_16_greedy": 16,
    "nllb_16_5_beams": 30,
    "xtts_first": 15,
    "xtts_whole": 60,
    "line_to_pcm": 45,
}
RUNS = GpuRuns(own=1, others=1, lines=1, warm_ups=0)

pytestmark = [
    pytest.mark.filterwarnings("ignore:`past_key_values` is deprecated:FutureWarning"),
]


def run_here(request: TaskRequest, _environment: Mapping[str, str]) -> TaskResult:
    """A part of the measuring in this process, in which everything is imported already."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in EngineSettings(models=request.models, compute=request.compute).environment().items():
            patch.setenv(name, value)
        found: TaskResult = importlib.import_module(
            f"voicestream.bench.{subprocess_tasks.TASKS[request.task]}"
        ).measure(request)
        return found


def measure_nothing(models: Path, device: str, work: Work, runs: int) -> list[Figure]:
    """Instead of two processes that share a device; tests/engines/inference/test_contention.py has them."""
    assert {path.name for path in models.iterdir()} == {"nllb-200-distilled-600M", "xtts-v2"}
    assert (device, work.pair, work.answer_tokens, runs) == ("cpu", ("en", "es"), 24, RUNS.own)
    return [Figure("xtts_first_shared", "shared", "ms", (1.0,))]


@pytest.fixture(scope="module")
def report() -> Report:
    skip_unless_voice_installed()
    import torch

    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setattr(subprocess_tasks, "run_task", run_here)
        patch.setattr(contention, "measure", measure_nothing)
        patch.setattr(profile, "RUNS", 1)
        patch.setattr(end_to_end, "WARM_UP_LINES", 0)
        return gpu_suite.measure_all(TINY_SIZES, RUNS, lambda _: None, compute="cpu", with_profile=True)


def test_every_row_is_there_each_of_ours_before_what_it_is_held_against(report: Report) -> None:
    found = json.loads(table.as_json(report))
    assert [row["name"] for row in found["figures"]] == ROWS
    assert [row["absent"] for row in found["figures"] if row["absent"]] == []
    assert {row["name"]: row["goal"] for row in found["figures"] if row["goal"]} == GOALS
    assert all(row["p50"] > 0 and row["p95"] > 0 for row in found["figures"])


def test_the_answers_of_the_random_model_are_those_of_transformers(report: Report) -> None:
    assert report.hardware["equal answers"] == (
        "nllb_1_greedy 1 of 1, nllb_1_5_beams 1 of 1, nllb_16_greedy 16 of 16, nllb_16_5_beams 16 of 16"
    )


def test_a_sentence_has_as_many_tokens_of_sound_as_the_goals_speak_of(report: Report) -> None:
    tokens = float(report.hardware["xtts tokens"].split()[0])
    assert tokens == pytest.approx(TINY_SIZES.spoken_tokens, abs=0.5)


def test_the_way_from_a_line_to_its_sound_is_shown_stage_by_stage(report: Report) -> None:
    line = next(figure for figure in report.figures if figure.name == "line_to_pcm")
    assert list(line.parts) == ["to sentence_found", "to translated", "to speech_started"]
    assert sum(line.parts.values()) == pytest.approx(line.samples[0])


def test_the_versions_of_what_was_measured_are_said(report: Report) -> None:
    for package in ("torch", "transformers", "coqui-tts"):
        assert f"{package} " in report.hardware["neural packages"]
        assert f"{package} absent" not in report.hardware["neural packages"]


def test_where_the_time_goes_is_shown_by_kind_of_work(report: Report) -> None:
    looked = next(figure for figure in report.figures if figure.name == "nllb_1_greedy_profile")
    assert looked.samples[0] == pytest.approx(sum(ms for kind, ms in looked.parts.items() if kind != "nothing"))
    assert {"matrices", "attention", "norms"} <= set(looked.parts)
    assert "kernels a sentence" in report.hardware["nllb_1_greedy kernels"]


@pytest.mark.parametrize(
    ("kernel", "kind"),
    [
        ("nvjet_hsh_64x8_64x16_4x1_v_bz_TNT", "matrices"),
        ("void gemv2T_kernel_val<int, int, __half, __half, __half, float, 128, 16, 4, 4>", "matrices"),
        ("fmha_cutlassF_f16_aligned_64x64_rf_sm80", "attention"),
        ("void at::native::(anonymous namespace)::vectorized_layer_norm_kernel<c10::Half, float>", "norms"),
        ("void cudnn::cnn::conv1D_grouped_direct_kernel", "vocoder"),
        ("void at::native::mbtopk::radixFindKthValues<float>", "choosing tokens"),
        ("void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<c10::Half>>", "arithmetic"),
        ("void cunn_SoftMaxForward<4, float, float, float, LogSoftMaxForwardEpilogue>", "choosing tokens"),
        ("gemv", "matrices"),
        ("add_layer_norm", "matrices"),
        ("greedy_step", "choosing tokens"),
        ("embed", "copies"),
        ("convolve", "vocoder"),
        ("finish", "vocoder"),
        ("self_attention", "attention"),
        ("ampere_fp16_s16816gemm_fp16_64x64_ldg8_f2f_stages_64x5_tn", "matrices"),
        ("void at::native::elementwise_kernel<128, 4, direct_copy_kernel_cuda>", "copies"),
        ("Memcpy DtoH (Device -> Pinned)", "copies"),
        ("something_new", "others"),
    ],
)
def test_a_kernels_name_says_what_it_is_for(kernel: str, kind: str) -> None:
    assert kind_of(kernel) == kind


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        (None, {"weights and caches": 1400, "recordings": 200, "set aside": 400}),
        (2500, {"weights and caches": 1400, "recordings": 200, "set aside": 400, "CUDA itself": 500}),
    ],
)
def test_memory_is_shown_by_what_it_is_for(used: int | None, expected: dict[str, int]) -> None:
    assert gpu_memory.shares(1400, 2000, 200, used) == expected


def test_what_recordings_have_given_out_counts_once() -> None:
    assert gpu_memory.shares(1400, 1500, 200, 1700) == {
        "weights and caches": 1400,
        "recordings": 100,
        "set aside": 0,
        "CUDA itself": 200,
    }


@pytest.mark.parametrize(
    ("program", "expected"),
    [('echo "$*" > asked; echo 1000', 1000 << 20), ("echo 1000; exit 6", None), ("echo [N/A]", None)],
)
def test_the_gpu_itself_is_asked_how_much_is_used(
    program: str, expected: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{program}\n")
    (tmp_path / "nvidia-smi").chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    monkeypatch.chdir(tmp_path)
    assert gpu_memory.used_bytes() == expected
    if expected:
        assert (tmp_path / "asked").read_text().split()[-1] == "--id=2"


def test_where_nobody_tells_how_much_is_used_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert gpu_memory.used_bytes() is None


def test_a_kernel_that_waits_for_the_one_in_front_of_it_does_not_work_meanwhile() -> None:
    kernels = [
        Kernel("gemv", 0.0, 10.0),
        Kernel("self_attention", 1.0, 14.0),  # is there at once, and begins when the first has ended
        Kernel("gemv", 11.0, 13.0),  # beside it, and sooner at its end
        Kernel("gemv", 13.5, 20.0),
        Kernel("gemv", 25.0, 27.0),  # before it, nothing was to be done
    ]
    expected = {"gemv": (18.0, 4), "self_attention": (4.0, 1)}
    assert exclusive_times(kernels) == expected
    assert exclusive_times(reversed(kernels)) == expected


def test_a_part_that_fails_becomes_a_row_that_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_task(request: TaskRequest, _environment: Mapping[str, str]) -> TaskResult:
        if request.task in ("environment", "make nllb", "make xtts"):
            return TaskResult()
        raise VoicestreamError(f"{request.task} has no memory")

    def through(*_: object) -> tuple[()]:
        raise VoicestreamError("no speech_started event")

    def fail(*_: object) -> list[Figure]:
        raise VoicestreamError("the process for tts has ended")

    monkeypatch.setattr(contention, "measure", fail)
    monkeypatch.setattr(subprocess_tasks, "run_task", run_task)
    monkeypatch.setattr(gpu_suite.end_to_end, "measure", through)
    found = gpu_suite.measure_all(TINY_SIZES, RUNS, lambda _: None, compute="cpu")
    assert {figure.name: figure.absent for figure in found.figures} == {
        "nllb": "nllb has no memory",
        "xtts": "xtts has no memory",
        "transformers": "transformers has no memory",
        "coqui": "coqui has no memory",
        "line_to_pcm": "no speech_started event",
        "contention": "the process for tts has ended",
    }
    assert all(figure.is_failure for figure in found.figures)


def request(task: str, **changes: object) -> TaskRequest:
    plain = TaskRequest(task=task, models="/nowhere", sizes=TINY_SIZES, compute="cpu", runs=1, warm_ups=0)
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_the_throughput_of_nllb_is_measured_for_clients_beside_sixteen_sentences_at_once(
    nllb_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nllb_throughput, "CLIENTS", (1, 3))
    monkeypatch.setattr(nllb_throughput, "ROWS", (2,))
    found = run_here(request("nllb throughput", models=str(nllb_models)), {})
    names = [
        f"{way}_{clients}_clients" for way in ("nllb", "nllb_mixed", "nllb_16", "nllb_16_mixed") for clients in (1, 3)
    ]
    assert [figure.name for figure in found.figures] == ["nllb_decode_2", *names]
    assert [len(figure.samples) for figure in found.figures] == [1] + [1, 3] * 4
    assert all(int(found.details[f"{name} sentences/s"]) > 0 for name in names)
    assert json.loads(json.dumps(nllb_throughput.summary(found)))["goal with 256 clients"] == 3000


def test_a_part_runs_in_a_process_of_its_own() -> None:
    skip_unless_voice_installed()
    with Sandbox() as sandbox:
        found = subprocess_tasks.run_task(request("environment"), sandbox.environment)
        assert found.details["device"].startswith("cpu ")
        with pytest.raises(ConfigurationError, match=r"finds no NVIDIA GPU here") as caught:
            subprocess_tasks.run_task(request("environment", compute="cuda:99"), sandbox.environment)
    assert "https://pytorch.org" in caught.value.hint


def test_a_part_that_breaks_says_the_last_thing_it_knew() -> None:
    with Sandbox() as sandbox, pytest.raises(VoicestreamError, match=r"^nonsense ended with exit code 1: KeyError"):
        subprocess_tasks.run_task(request("nonsense"), sandbox.environment)


def test_too_little_room_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(VoicestreamError, match=r"random models take .* GB while it is measured") as caught:
        gpu_suite.check_room(tmp_path, 1 << 62)
    assert "TMPDIR=" in caught.value.hint


def test_without_a_gpu_it_says_what_can_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_suite.packages, "is_installed", lambda _: True)
    monkeypatch.setattr(gpu_suite.gpu_probe, "may_have_gpu", lambda: False)
    with pytest.raises(EngineNotReadyError, match="no NVIDIA GPU") as caught:
        gpu_suite.check()
    assert "voicestream bench" in caught.value.hint
    assert caught.value.exit_code == 78


def test_without_the_packages_it_says_how_to_install_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_suite.packages, "is_installed", lambda name: name != "TTS")
    monkeypatch.setattr(gpu_suite.gpu_probe, "may_have_gpu", lambda: True)
    with pytest.raises(ConfigurationError, match="this needs TTS") as caught:
        gpu_suite.check()
    assert "pip install 'voicestream[neural]'" in caught.value.hint


@pytest.mark.parametrize(
    ("options", "expected", "exit_code"),
    [([], (FULL_SIZES, FULL_RUNS, False), 0), (["--quick", "--profile"], (FULL_SIZES, QUICK_RUNS, True), 1)],
)
def test_the_command_measures_full_sizes_and_says_by_its_exit_code_whether_all_of_it_worked(
    options: list[str], expected: tuple[object, ...], exit_code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = exit_code == 1
    asked: list[tuple[object, ...]] = []

    def measure_all(sizes: Sizes, runs: GpuRuns, _report_progress: object, *, with_profile: bool) -> Report:
        asked.append((sizes, runs, with_profile))
        figure = Figure("one", "one", "ms", () if failed else (1.0,), absent="why" * failed, is_failure=failed)
        return Report({}, (figure,), 1.0)

    monkeypatch.setattr(gpu_suite, "check", lambda: None)
    monkeypatch.setattr(gpu_suite, "measure_all", measure_all)
    monkeypatch.setattr(bench_command.signal, "signal", lambda *_: None)
    found = CliRunner().invoke(bench_command.bench, ["--gpu", "--json", *options], standalone_mode=False)
    assert found.return_value == exit_code
    assert json.loads(found.stdout)["figures"][0]["absent"] == ("why" if failed else None)
    assert asked == [expected]


def test_the_command_measures_nothing_where_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        raise EngineNotReadyError("there is no NVIDIA GPU here")

    monkeypatch.setattr(gpu_suite, "check", check)
    monkeypatch.setattr(bench_command.signal, "signal", lambda *_: None)
    with pytest.raises(EngineNotReadyError):
        CliRunner().invoke(bench_command.bench, ["--gpu"], standalone_mode=False, catch_exceptions=False)


def test_a_profile_is_not_taken_without_a_gpu() -> None:
    done = subprocess.run([*COMMAND, "bench", "--profile"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "voicestream bench --gpu --profile" in done.stderr
