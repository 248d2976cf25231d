"""The fixtures with models: tiny ones, made once for all tests, which read them only."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("ctranslate2", "huggingface_hub", "tokenizers", "torch", "transformers")


VOICE_PACKAGES = ("TTS", "six", "soundfile", "torch", "transformers")


def skip_unless_installed(packages: tuple[str, ...] = PACKAGES) -> None:
    """Skip the test where packages are missing: those of the extra ``translation``, or others."""
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not found: make neural", allow_module_level=True)


def skip_unless_voice_installed() -> None:
    """Skip the test where the packages that XTTS needs are missing."""
    skip_unless_installed(VOICE_PACKAGES)


@pytest.fixture(scope="session")
def _models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    skip_unless_installed()
    directory = tmp_path_factory.mktemp("models")
    _make("helpers.tiny_nllb", directory)
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


@pytest.fixture(scope="session")
def xtts_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of models with a tiny XTTS in it."""
    skip_unless_voice_installed()
    directory = tmp_path_factory.mktemp("voices")
    _make("helpers.tiny_xtts", directory)
    return directory


def _make(module: str, directory: Path) -> None:
    """Have a module make its models, in a process of its own: importing torch changes the one it is in."""
    subprocess.run(
        [sys.executable, "-P", "-m", module, directory],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1]), "HF_HUB_OFFLINE": "1"},
        check=True,
        capture_output=True,
    )
