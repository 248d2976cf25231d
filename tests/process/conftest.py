"""The fixtures ``hub`` and ``big_hub``, at which voicestream of a place looks, and ``installed``, pulled there."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.neural import skip_unless_installed
from helpers.models import tiny_voices
from helpers.models.hub_server import HubServer
from helpers.models.pulling import BIG_BYTES, models_of, pull
from helpers.models.tiny_nllb import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.process.running import Voicestream


@pytest.fixture(scope="session")
def big_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model for fetching alone: nothing can read it."""
    directory = tmp_path_factory.mktemp("big")
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        (directory / name).write_text(f'{{"name": "{name}"}}\n')
    (directory / "pytorch_model.bin").write_bytes(random.Random(0).randbytes(BIG_BYTES))
    (directory / "README.md").write_text("Nobody needs it.\n")
    return directory


@pytest.fixture
def hub(place: Voicestream, nllb_models: Path) -> Iterator[HubServer]:
    """Has the tiny NLLB."""
    with HubServer(nllb_models / NAME, f"facebook/{NAME}") as server:
        _look_at(place, server)
        yield server


@pytest.fixture
def big_hub(place: Voicestream, big_model: Path) -> Iterator[HubServer]:
    """Has a model that takes a moment to be sent."""
    skip_unless_installed()
    with HubServer(big_model, f"facebook/{NAME}") as server:
        _look_at(place, server)
        yield server


@pytest.fixture
def voice_hub(place: Voicestream, tmp_path: Path) -> Iterator[HubServer]:
    """Has what looks like XTTS from outside, and a file in a sub-directory."""
    skip_unless_installed()
    with HubServer(tiny_voices.xtts(tmp_path / "xtts"), "coqui/XTTS-v2") as server:
        _look_at(place, server)
        place.environment.pop("COQUI_TOS_AGREED", None)
        yield server


@pytest.fixture
def kokoro_hub(place: Voicestream, tmp_path: Path) -> Iterator[HubServer]:
    """Has what looks like Kokoro from outside, with its sub-directories."""
    skip_unless_installed()
    with HubServer(tiny_voices.kokoro(tmp_path / "kokoro"), "onnx-community/Kokoro-82M-v1.0-ONNX") as server:
        _look_at(place, server)
        yield server


@pytest.fixture
def installed(place: Voicestream, big_hub: HubServer) -> Path:
    """The directory of a model that was pulled."""
    done = pull(place)
    assert done.returncode == 0, done.stderr
    return models_of(place) / NAME


def _look_at(place: Voicestream, server: HubServer) -> None:
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        place.environment.pop(name, None)
    place.environment |= {
        "HF_ENDPOINT": server.address,
        "HF_HOME": str(place.home / "huggingface"),
        "XDG_DATA_HOME": str(place.home / "data"),
    }
