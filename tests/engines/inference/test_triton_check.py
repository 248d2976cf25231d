"""Whether kernels of our own are used, and the glance at a GPU that goes on meanwhile."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import Any

import pytest

from helpers.fixtures.interpreted import H100, skip_unless_interpreted

skip_unless_interpreted()

import torch
from triton.errors import TritonError

from voicestream.workers.inference import fused_step, triton_check
from voicestream.workers.inference.async_flag import AsyncFlag
from voicestream.workers.inference.kernel_launches import Gpu

CPU, CUDA = torch.device("cpu"), torch.device("cuda:0")


class Facts:
    """What torch says of an NVIDIA GPU."""

    def __init__(self, major: int) -> None:
        self.major = major
        self.shared_memory_per_block_optin = H100


@pytest.fixture
def hopper(gpu: Gpu, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A GPU of that generation; it is the processor that computes."""
    tried = triton_check._self_test
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: Facts(9))
    monkeypatch.setattr(torch.cuda, "device", lambda _: pytest.MonkeyPatch.context())
    monkeypatch.setattr(triton_check, "_self_test", lambda _found, _device: tried(gpu, CPU))
    caplog.set_level(logging.INFO)


def test_elsewhere_than_on_cuda_there_are_no_kernels_and_nobody_wonders(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert triton_check.probe(CPU) is None
    assert triton_check.probe(torch.device("mps")) is None
    assert not caplog.records


@pytest.mark.usefixtures("hopper")
def test_where_a_kernel_computes_right_kernels_are_used(caplog: pytest.LogCaptureFixture) -> None:
    assert triton_check.probe(CUDA) == Gpu(has_pdl=True, shared_memory=H100)
    assert not caplog.records


@pytest.mark.usefixtures("hopper")
def test_without_triton_torch_does_it_which_is_said(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "triton.errors", None)
    assert triton_check.probe(CUDA) is None
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert "cuda:0 falling back to the kernels of torch" in record.getMessage()


@pytest.mark.usefixtures("hopper")
def test_an_old_gpu_is_left_to_torch_and_nothing_is_tried(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: Facts(7))
    monkeypatch.setattr(triton_check, "_self_test", lambda *_: pytest.fail("it was tried"))
    assert triton_check.probe(CUDA) is None
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert "older" in record.getMessage()


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Failed to find C compiler. Please specify via CC environment variable"),
        subprocess.CalledProcessError(1, ["gcc", "main.c"]),
        AssertionError("libcuda.so cannot found!"),
        ImportError("wrong ELF class"),
        PermissionError(13, "Permission denied", "cache"),
        TritonError("out of resource: shared memory"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.usefixtures("hopper")
def test_a_kernel_that_cannot_be_made_is_warned_of_and_torch_does_it(
    error: Exception, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(fused_step, "multiply", fail)
    assert triton_check.probe(CUDA) is None
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert str(error) in record.getMessage()
    assert "apt-get install gcc python3-dev" in record.getMessage()


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.usefixtures("hopper")
def test_a_kernel_that_computes_wrongly_is_warned_of_and_torch_does_it(
    rows: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = fused_step.multiply

    def nearly(gpu: Gpu, signal: torch.Tensor, linear: Any) -> torch.Tensor:
        found = right(gpu, signal, linear)
        if len(signal) == rows:
            found[-1, -1] *= 1.01
        return found

    monkeypatch.setattr(fused_step, "multiply", nearly)
    assert triton_check.probe(CUDA) is None
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "wrongly" in record.getMessage()


@pytest.mark.usefixtures("hopper")
def test_that_the_memory_is_full_says_nothing_of_kernels(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(fused_step, "multiply", fail)
    with pytest.raises(torch.OutOfMemoryError):
        triton_check.probe(CUDA)
    assert not caplog.records


class Beside:
    """A GPU that does later what it is told: a copy is there when somebody has waited for a moment behind it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[tuple[Here, bool]] = []
        self.moments = 0
        self.waited: list[int] = []
        """The moments that were waited for, counted from 1."""
        self.places = 0
        monkeypatch.setattr(torch.cuda, "Event", lambda *, blocking: Moment(self, is_blocking=blocking))
        monkeypatch.setattr(torch, "zeros", self.zeros)

    def zeros(self, *_: int, dtype: torch.dtype, pin_memory: bool) -> Here:
        assert dtype == torch.bool
        assert pin_memory, "a copy to other memory is waited for"
        self.places += 1
        return Here(self)


class Here:
    """Memory of the computer."""

    def __init__(self, gpu: Beside) -> None:
        self.gpu = gpu
        self.value: bool | None = None

    def copy_(self, flag: torch.Tensor, *, non_blocking: bool) -> None:
        assert non_blocking
        self.value = None
        self.gpu.told.append((self, bool(flag)))

    def item(self) -> bool:
        assert self.value is not None, "it is not there yet"
        return self.value


class Moment:
    """An event of CUDA."""

    def __init__(self, gpu: Beside, *, is_blocking: bool) -> None:
        assert is_blocking, "others need the processor"
        self.gpu = gpu
        self.before: list[tuple[Here, bool]] = []
        self.number = 0

    def record(self) -> None:
        self.gpu.moments += 1
        self.number = self.gpu.moments
        self.before, self.gpu.told = self.gpu.told, []

    def synchronize(self) -> None:
        self.gpu.waited.append(self.number)
        for here, value in self.before:
            here.value = value


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Beside:
    return Beside(monkeypatch)


@pytest.fixture
def flag() -> torch.Tensor:
    return torch.tensor([False])


@pytest.fixture
def glance(flag: torch.Tensor, beside: Beside) -> AsyncFlag:
    """At the flag of that GPU."""
    found = AsyncFlag(flag)
    found._is_remote = True
    found.reset()
    return found


def test_a_glance_is_answered_for_the_step_before_the_newest(glance: AsyncFlag, flag: torch.Tensor) -> None:
    answers = []
    for step in range(1, 8):
        answers.append(glance.is_set())
        flag.fill_(step in {3, 4})
        glance.start_copy()
    assert answers == [False, False, False, False, True, True, False]


def test_a_glance_never_waits_for_the_newest_step(glance: AsyncFlag, beside: Beside) -> None:
    for step in range(1, 8):
        glance.is_set()
        assert beside.waited == list(range(1, step - 1))
        glance.start_copy()
        assert beside.moments == step


def test_who_only_looks_learns_nothing_new_and_waits_for_nothing(glance: AsyncFlag, beside: Beside) -> None:
    glance.start_copy()
    assert [glance.is_set() for _ in range(3)] == [False] * 3
    assert not beside.waited


def test_when_other_work_begins_what_was_seen_before_is_forgotten(glance: AsyncFlag, flag: torch.Tensor) -> None:
    flag.fill_(value=True)
    for _ in range(3):
        glance.start_copy()
    glance.reset()
    flag.fill_(value=False)
    for _ in range(4):
        assert not glance.is_set()
        glance.start_copy()


def test_glances_need_no_more_memory_than_two_steps_do(glance: AsyncFlag, beside: Beside) -> None:
    for _ in range(3):
        glance.reset()
        for _ in range(10):
            glance.is_set()
            glance.start_copy()
    assert beside.places == 2


def test_on_a_processor_a_glance_is_answered_for_the_newest_step(flag: torch.Tensor) -> None:
    glance = AsyncFlag(flag)
    glance.reset()
    glance.start_copy()
    assert not glance.is_set()
    flag.fill_(value=True)
    assert glance.is_set()
    flag.fill_(value=False)
    assert not glance.is_set()
