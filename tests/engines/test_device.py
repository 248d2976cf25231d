"""Which device is chosen, and what is said of one that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.neural import skip_unless_installed

skip_unless_installed()

import ctranslate2
import torch

from voicestream.engine_settings import COMPUTE_VARIABLE, MODELS_VARIABLE
from voicestream.errors import EngineNotReadyError
from voicestream.workers import device, engines

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("cards", "words", "hint"),
    [
        (1, "there is one NVIDIA card, counted from 0", "Type --gpu 0, --compute auto or --compute cpu."),
        (2, "there are 2 NVIDIA cards, counted from 0", "Type --gpu 0 … --gpu 1, --compute auto or --compute cpu."),
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


def test_ctranslate2_counts_cards_likewise(exact_nllb_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(exact_nllb_models))
    monkeypatch.setenv(COMPUTE_VARIABLE, "cuda:2")
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 2)
    with pytest.raises(EngineNotReadyError, match="no device cuda:2 here: there are 2 NVIDIA cards"):
        engines.load_translator("nllb-ct2", lambda *_: None)
