"""Where a model would run best, as torch and the machine's drivers say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from voicestream.config import gpu_probe

if TYPE_CHECKING:
    from pathlib import Path

TORCH = """
class Card:
    name = "NVIDIA H200"
    total_memory = 150_000_000_000

class cuda:
    is_available = staticmethod(lambda: {cuda})
    get_device_properties = staticmethod(lambda number: Card)

class backends:
    class mps:
        is_available = staticmethod(lambda: {mps})
"""


@pytest.fixture
def torch_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What takes the place of torch, on a machine with the driver of a GPU."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(gpu_probe, "may_have_gpu", lambda: True)
    return tmp_path / "torch.py"


def test_a_gpu_that_torch_can_use_is_proposed_with_its_memory(torch_file: Path) -> None:
    torch_file.write_text(TORCH.format(cuda=True, mps=False))
    assert gpu_probe.detect() == gpu_probe.ComputeDevice("cuda", "NVIDIA H200", 150_000_000_000)


def test_an_apple_gpu_is_proposed(torch_file: Path) -> None:
    torch_file.write_text(TORCH.format(cuda=False, mps=True))
    assert gpu_probe.detect() == gpu_probe.ComputeDevice("mps", "Apple GPU", None)


@pytest.mark.parametrize("text", [TORCH.format(cuda=False, mps=False), "raise ImportError", "print('hello')"])
def test_a_torch_that_sees_no_gpu_or_does_not_answer_means_the_processor(torch_file: Path, text: str) -> None:
    torch_file.write_text(text)
    assert gpu_probe.detect().compute == "cpu"


def test_without_a_driver_torch_is_not_asked(torch_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch_file.write_text(TORCH.format(cuda=True, mps=False))
    monkeypatch.setattr(gpu_probe, "may_have_gpu", lambda: False)
    assert gpu_probe.detect().compute == "cpu"
