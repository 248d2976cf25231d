"""The fixtures with models: tiny ones, made once for all tests, which read them only."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Final

import pytest

from helpers.made_once import Made

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = ("ctranslate2", "huggingface_hub", "tokenizers", "torch", "transformers")
VOICE_PACKAGES = ("TTS", "six", "soundfile", "torch", "transformers")


def missing(packages: tuple[str, ...]) -> list[str]:
    """Return those that are not installed."""
    return [package for package in packages if importlib.util.find_spec(package) is None]


def skip_unless_installed(packages: tuple[str, ...] = PACKAGES) -> None:
    """Skip the test where packages are missing: those of the extra ``translation``, or others."""
    lacking = missing(packages)
    if lacking:
        pytest.skip(f"{', '.join(lacking)} not found: make neural", allow_module_level=True)


def skip_unless_voice_installed() -> None:
    """Skip the test where the packages that XTTS needs are missing."""
    skip_unless_installed(VOICE_PACKAGES)


NLLB: Final = Made(
    "helpers.tiny_nllb",
    ("tests/helpers/tiny_nllb.py", "voicestream/bench/gpu"),
    ("ctranslate2", "tokenizers", "torch", "transformers"),
)
XTTS: Final = Made(
    "helpers.tiny_xtts",
    ("tests/helpers/tiny_xtts.py", "voicestream/bench/gpu", "workers/engines/xtts/coqui/importing.py"),
    ("coqui-tts", "tokenizers", "torch", "transformers"),
)
OF_FIXTURES: Final = {"_models": (NLLB, PACKAGES), "xtts_models": (XTTS, VOICE_PACKAGES)}
"""What a fixture needs, and the modules with which that is made."""


def pytest_collection_finish(session: pytest.Session) -> None:
    """Make the models before the first test begins: this takes most of a minute, and is no part of a test's time."""
    wanted = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    if session.config.option.collectonly or session.config.pluginmanager.hasplugin("dsession"):
        return
    for name, (made, packages) in OF_FIXTURES.items():
        if name in wanted and not missing(packages):
            made.directory()


@pytest.fixture(scope="session")
def _models() -> Path:
    skip_unless_installed()
    return NLLB.directory()


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
def xtts_models() -> Path:
    """A directory of models with a tiny XTTS in it."""
    skip_unless_voice_installed()
    return XTTS.directory()
