"""The fixtures with models: a tiny NLLB in several formats, made once for all tests, which read them only."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("ctranslate2", "huggingface_hub", "tokenizers", "torch", "transformers")


def skip_unless_installed() -> None:
    """Skip the test where the packages of the extra ``translation`` are missing."""
    missing = [package for package in PACKAGES if importlib.util.find_spec(package) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not found: make neural", allow_module_level=True)


@pytest.fixture(scope="session")
def _models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    skip_unless_installed()
    directory = tmp_path_factory.mktemp("models")
    # In a process of its own: importing torch changes the one it is in.
    subprocess.run(
        [sys.executable, "-P", "-m", "helpers.tiny_nllb", directory],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1]), "HF_HUB_OFFLINE": "1"},
        check=True,
        capture_output=True,
    )
    return directory


@pytest.fixture(scope="session")
def nllb_models(_models: Path) -> Path:
    """A directory of models: the tiny one as it was published, and converted to 8 bits."""
    return _models / "usual"


@pytest.fixture(scope="session")
def exact_nllb_models(_models: Path) -> Path:
    """The same with all digits in both formats."""
    return _models / "exact"


@pytest.fixture(scope="session")
def random_nllb_models(_models: Path) -> Path:
    """The same shape, never trained: hardly ever stops, and loops."""
    return _models / "random"
