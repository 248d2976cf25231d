"""Attacks on the edges, each a script that exits 0 when the product behaves; ``make attacks`` runs them alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.fixtures.deadline import remaining

FOLDER = Path(__file__).parent
PATIENCE = "20"
"""What an idle machine does in one second may take so many on this one: other tests run beside these."""

SENTENCES = "1000"
"""For the attack that counts leaked bytes, which has 2,500 alone: they take half a minute of processor time more."""

ATTACKS = sorted(path.name for path in FOLDER.glob("[0-9][0-9]-*"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ATTACKS)
def test_the_product_behaves_under_attack(name: str) -> None:
    done = subprocess.run(
        [FOLDER / name],
        cwd=FOLDER.parents[1],
        env=os.environ
        | {
            "PATIENCE": PATIENCE,
            "SENTENCES": SENTENCES,
            "VOICESTREAM_BIN": str(Path(sys.executable).with_name("voicestream")),
            "VOICESTREAM_TTS": "espeak",  # the attacks are on the edges: the quickest voice will do
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=remaining(),
        check=False,
    )
    assert done.returncode == 0, done.stdout
