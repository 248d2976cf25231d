"""Engines set variables for the libraries they load, as is right in a worker; here they must not outlive a test."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from helpers.models import tiny_kokoro
from voicestream.config.engine_settings import MODELS_VARIABLE
from voicestream.workers import engine_loading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.models.kokoro_engine import Load
    from voicestream.engines.synthesizer import Synthesizer
    from voicestream.workers.engines.kokoro.synthesizer import KokoroSynthesizer


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Puts the environment back."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Let torch compute on one thread: its threads wait by spinning, and other tests run beside these."""
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(1)


@pytest.fixture(scope="module")
def kokoro(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KokoroSynthesizer]:
    """The engine ``kokoro``, loaded once for a file of tests, which leave it as it was."""
    with pytest.MonkeyPatch.context() as patch:
        found = _load_kokoro(tmp_path_factory.mktemp("models"), patch)
    yield found  # type: ignore[misc]
    found.close()


@pytest.fixture
def load_kokoro(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Load the engine ``kokoro`` with a model made for the test."""
    loaded: list[Synthesizer] = []

    def begin(**settings: object) -> Synthesizer:
        loaded.append(_load_kokoro(tmp_path / f"models-{len(loaded)}", monkeypatch, **settings))
        return loaded[-1]

    yield begin
    for synthesizer in loaded:
        synthesizer.close()


def _load_kokoro(models: Path, monkeypatch: pytest.MonkeyPatch, **settings: object) -> Synthesizer:
    """Load the engine ``kokoro`` with a model that is made in a directory."""
    tiny_kokoro.build(models / tiny_kokoro.NAME, **settings)
    monkeypatch.setenv(MODELS_VARIABLE, str(models))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return engine_loading.load_synthesizer("kokoro", lambda *_: None)
