"""The kernels of the vocoder, where there is a Triton that can interpret them; and how they are cut."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.fixtures.neural import skip_unless_installed, skip_unless_voice_installed

skip_unless_voice_installed()

from voicestream.workers.engines.xtts.vocoder import tile_config

H100, RTX_4090, OLDEST = 227 << 10, 99 << 10, 64 << 10
"""Bytes that a program can share."""


def test_each_kernel_does_what_torch_does() -> None:
    skip_unless_installed(("triton",))
    done = subprocess.run(
        [sys.executable, "-P", "-m", "helpers.kernels.vocoder_in_triton"],
        env=os.environ
        | {
            "TRITON_INTERPRET": "1",
            "PYTHONPATH": os.pathsep.join(
                [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
            ),
        },
        check=True,
        capture_output=True,
        text=True,
    )
    differences = [(name, float(found)) for name, found in (line.rsplit(" ", 1) for line in done.stdout.splitlines())]
    assert len(differences) == 20
    for name, found in differences:
        assert found == 0.0 if name == "alone" else found < 1e-4, done.stdout


@pytest.mark.parametrize("memory", [H100, RTX_4090, OLDEST])
@pytest.mark.parametrize("number_bytes", [2, 4])
@pytest.mark.parametrize("summed", [1, 3])
@pytest.mark.parametrize(
    ("channels", "outputs"), [(1024, 512), (512, 2048), (256, 1024), (128, 128), (64, 64), (32, 32)]
)
def test_a_tile_fits_the_layer_and_the_memory(
    channels: int, outputs: int, summed: int, number_bytes: int, memory: int
) -> None:
    tile = tile_config.choose(channels, outputs, summed=summed, memory=memory, element_bytes=number_bytes)
    assert outputs % tile.outputs == channels % tile.channels == 0
    stage = (summed * tile.steps + tile.outputs) * tile.channels * number_bytes
    assert tile.stages >= 1
    assert stage * tile.stages <= memory or tile.stages == 1
