"""The kernels as a compiler sees them; for that, no GPU is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.fixtures.interpreted import H100, RTX_4090
from helpers.fixtures.neural import skip_unless_installed

skip_unless_installed(("torch", "transformers", "triton"))

GPUS = {90: H100, 89: RTX_4090}
"""Bytes of shared memory, by compute capability."""

LARGE = {"small_m_linear", "large_m_linear", "narrow_linear", "interpolate", "convolve"}
SMALL = {
    *("gemv", "add_layer_norm", "self_attention", "cross_attention", "embed", "block_max_and_sum", "greedy_step"),
    *("finish", "embed_slots", "paged_self_attention"),
}
"""Need so little memory on one GPU that there is room for them on any."""

QUICK = {"DISABLE_LLVM_OPT": "1", "TRITON_DISABLE_LINE_INFO": "1"}
"""Settings for a quick compilation: they leave out steps after the allocation of shared memory."""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """Capability, kernel and bytes of shared memory; one process for all GPUs, because its imports take long.

    It has a session of its own: Linux divides the processors among sessions, and that of the tests has many threads.
    """
    done = subprocess.run(
        [
            sys.executable,
            "-P",
            "-m",
            "helpers.kernels.compiled_kernels",
            *(f"{gpu}:{memory}" for gpu, memory in GPUS.items()),
        ],
        env=os.environ
        | QUICK
        | {"PYTHONPATH": str(Path(__file__).parents[2]), "TRITON_CACHE_DIR": str(tmp_path_factory.mktemp("triton"))},
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


@pytest.mark.parametrize(("capability", "kernels"), [(90, LARGE | SMALL), (89, LARGE)])
def test_every_kernel_finds_room_on_a_gpu(compiled: list[list[str]], capability: int, kernels: set[str]) -> None:
    needed = {name: int(shared) for gpu, name, shared in compiled if gpu == str(capability)}
    assert set(needed) == kernels
    assert max(needed.values()) <= GPUS[capability], needed
