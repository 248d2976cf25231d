"""The decoders' kernels as a compiler sees them; for that, no GPU is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.interpreted import H100, RTX_4090
from helpers.neural import skip_unless_installed

skip_unless_installed(("torch", "transformers", "triton"))


@pytest.mark.parametrize(("capability", "memory"), [(90, H100), (89, RTX_4090)])
def test_every_kernel_finds_room_on_a_gpu(capability: int, memory: int, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "helpers.compiled_kernels", str(capability), str(memory)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "TRITON_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    needed = [line.split() for line in done.stdout.splitlines()]
    assert {name for name, _ in needed} == {
        *("one_row", "few_rows", "many_rows", "settle", "past", "source", "embed", "blocks", "follow")
    }
    assert max(int(shared) for _, shared in needed) <= memory, done.stdout
