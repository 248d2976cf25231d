"""The fixture ``nllb_models``: a directory of models with a tiny NLLB in it, made once for all tests."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("ctranslate2", "huggingface_hub", "tokenizers", "torch", "transformers")

NAME = "nllb-200-distilled-600M"
"""What the tiny one passes for."""


def skip_unless_installed() -> None:
    """Skip the test where the packages of the extra ``translation`` are missing."""
    missing = [package for package in PACKAGES if importlib.util.find_spec(package) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not found: make neural")


@pytest.fixture(scope="session")
def nllb_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory; tests read it only."""
    skip_unless_installed()
    directory = tmp_path_factory.mktemp("models")
    # In a process of its own: importing torch changes the one it is in.
    subprocess.run(
        [sys.executable, "-P", "-m", "helpers.tiny_nllb", directory / NAME],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1]), "HF_HUB_OFFLINE": "1"},
        check=True,
        capture_output=True,
    )
    return directory
