"""Recording a step where there is no device for it, and where recording fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.neural import skip_unless_installed

skip_unless_installed()

import torch

from voicestream.workers.inference import cuda_graphs
from voicestream.workers.inference.cuda_graphs import CapturedStep, GraphPool

if TYPE_CHECKING:
    from collections.abc import Callable


class Graph:
    """Stands in for a recording: what was done while it was recorded is done again."""

    def __init__(self, step: Callable[[], None]) -> None:
        self.step = step
        self.replays = 0

    def replay(self) -> None:
        self.replays += 1
        self.step()


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> list[Graph]:
    """A device of which torch says that it can record; the list gets what is recorded."""
    graphs: list[Graph] = []
    reserved = iter(range(0, 1000, 64))

    def record(step: Callable[[], None], _pool: GraphPool) -> Graph:
        graphs.append(Graph(step))
        return graphs[-1]

    def warm_up(step: Callable[[], None]) -> None:
        step()

    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 1))
    monkeypatch.setattr(torch.cuda, "device", lambda _: pytest.MonkeyPatch.context())
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: next(reserved))
    monkeypatch.setattr(cuda_graphs, "_capture_graph", record)
    monkeypatch.setattr(cuda_graphs, "_warm_up", warm_up)
    return graphs


def test_elsewhere_than_on_cuda_a_step_is_only_run() -> None:
    runs: list[int] = []
    step = CapturedStep(lambda: runs.append(1), GraphPool(torch.device("cpu")))
    step.capture()
    assert not runs
    step()
    step()
    assert len(runs) == 2
    assert step.memory_bytes == 0


def test_a_recorded_step_is_replayed(gpu: list[Graph]) -> None:
    pool = GraphPool(torch.device("cuda:0"))
    runs: list[int] = []
    step = CapturedStep(lambda: runs.append(1), pool)
    step()
    assert not gpu
    step.capture()
    step.capture()
    assert len(gpu) == 1
    step()
    assert gpu[0].replays == 1
    assert (step.memory_bytes, pool.bytes) == (64, 64)


def test_what_is_recorded_after_all_was_let_go_of_is_in_memory_of_its_own(
    gpu: list[Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    handles = iter([(0, 1), (0, 2)])
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: next(handles))
    pool = GraphPool(torch.device("cuda:0"))
    CapturedStep(lambda: None, pool).capture()
    pool.reset()
    assert (pool.handle, pool.bytes) == ((0, 2), 0)
    CapturedStep(lambda: None, pool).capture()
    assert pool.bytes == 64
    assert len(gpu) == 2


def test_where_recording_fails_steps_are_run_and_it_is_said_once(
    gpu: list[Graph], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_step: Callable[[], None], _pool: GraphPool) -> None:
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(cuda_graphs, "_capture_graph", fail)
    pool = GraphPool(torch.device("cuda:0"))
    runs: list[int] = []
    steps = [CapturedStep(lambda: runs.append(1), pool) for _ in range(2)]
    for step in steps:
        step.capture()
        runs.clear()
        step()
        assert len(runs) == 1
    assert not gpu
    assert len(caplog.records) == 1
    assert "cuda:0 CUDA graph capture failed, falling back to eager execution: operation not permitted" in caplog.text


@pytest.mark.usefixtures("gpu")
def test_what_a_step_itself_raises_is_no_failure_to_record() -> None:
    def step() -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    pool = GraphPool(torch.device("cuda:0"))
    with pytest.raises(RuntimeError, match="out of memory"):
        CapturedStep(step, pool).capture()
    assert not pool.has_failed
