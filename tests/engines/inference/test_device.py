"""Which device is chosen, and what is said of one that is not there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.neural import skip_unless_installed

skip_unless_installed()

import ctranslate2
import torch

from voicestream.config.engine_settings import COMPUTE_VARIABLE, MODELS_VARIABLE
from voicestream.errors import EngineNotReadyError
from voicestream.workers import engine_loading
from voicestream.workers.engines.nllb.transformers_translator import NllbTranslator
from voicestream.workers.engines.xtts.synthesizer import XttsSynthesizer
from voicestream.workers.inference import device

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("cards", "words", "hint"),
    [
        (1, "there is one NVIDIA card, counted from 0", "Try: --gpu 0, --compute auto or --compute cpu."),
        (2, "there are 2 NVIDIA cards, counted from 0", "Try: --gpu 0 … --gpu 1, --compute auto or --compute cpu."),
    ],
)
def test_a_card_that_is_not_there_is_an_error_that_counts_those_that_are(
    cards: int, words: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    with pytest.raises(EngineNotReadyError) as caught:
        device.choose(f"cuda:{cards}")
    assert str(caught.value) == f"there is no device cuda:{cards} here: {words}"
    assert caught.value.hint == hint
    assert device.choose(f"cuda:{cards - 1}") == device.Device(f"cuda:{cards - 1}", torch.float16)


def test_the_card_that_computes_is_the_one_on_which_the_process_starts_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    current: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    device.set_current(device.Device("cuda:1", torch.float16))
    device.set_current(device.processor())
    assert current == [torch.device("cuda:1")]


@pytest.mark.parametrize(
    ("recorded", "text"),
    [(0, "1.4 GB"), (240_000_000, "1.4 GB + 0.24 GB CUDA graphs"), (4_000_000, "1.4 GB")],
)
def test_what_recordings_keep_is_shown_beside_what_else_is_taken(
    recorded: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 1_380_000_000)
    assert device.memory_text("cuda:0", recorded) == text
    assert device.memory_text("cpu", recorded) == ""


def test_engines_show_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 1_380_000_000)
    gpu = device.Device("cuda:1", torch.float16)
    translator, voice = NllbTranslator.__new__(NllbTranslator), XttsSynthesizer.__new__(XttsSynthesizer)
    computation = SimpleNamespace(pool=SimpleNamespace(bytes=100_000_000))
    placed = SimpleNamespace(device=gpu, precision="float16", computation=computation)
    monkeypatch.setattr(translator, "_device", gpu, raising=False)
    monkeypatch.setattr(translator, "_decoder", SimpleNamespace(graph_bytes=240_000_000), raising=False)
    monkeypatch.setattr(voice, "_model", placed, raising=False)
    assert translator.device == "cuda:1 float16 1.4 GB + 0.24 GB CUDA graphs"
    assert voice.device == "cuda:1 float16 1.4 GB + 0.10 GB CUDA graphs"
    monkeypatch.setattr(translator, "_decoder", None)
    computation.pool = None
    assert translator.device == voice.device == "cuda:1 float16 1.4 GB"


def test_ctranslate2_counts_cards_likewise(exact_nllb_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(exact_nllb_models))
    monkeypatch.setenv(COMPUTE_VARIABLE, "cuda:2")
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 2)
    with pytest.raises(EngineNotReadyError, match="no device cuda:2 here: there are 2 NVIDIA cards"):
        engine_loading.load_translator("nllb-ct2", lambda *_: None)
