"""Import of coqui-tts without torchaudio: what stands in for it computes the same."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.fixtures.neural import skip_unless_voice_installed
from helpers.models import tiny_xtts
from voicestream.errors import EngineNotReadyError
from voicestream.workers.engines.xtts.coqui import importing
from voicestream.workers.engines.xtts.model import INSTALL

skip_unless_voice_installed()

import torch

from voicestream.workers.engines.xtts.coqui.torchaudio_stand_in import MelSpectrogram, Resample, mel_bands, resample

if TYPE_CHECKING:
    from pathlib import Path


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "TTS", None)
    with pytest.raises(EngineNotReadyError, match=r"a package is missing: .*TTS") as caught:
        importing.import_coqui()
    assert caught.value.hint == INSTALL


@pytest.mark.parametrize(("from_rate", "to_rate"), [(22_050, 16_000), (16_000, 22_050), (44_100, 22_050)])
def test_a_resampled_tone_is_the_tone(from_rate: int, to_rate: int) -> None:
    def tone(rate: int) -> torch.Tensor:
        return torch.sin(2 * np.pi * 440 * torch.arange(rate, dtype=torch.float64) / rate).float()

    found = resample(tone(from_rate)[None], from_rate, to_rate)[0]
    assert found.shape == (to_rate,)
    inside = slice(to_rate // 20, -to_rate // 20)
    assert (found - tone(to_rate))[inside].abs().max() < 2e-3
    assert torch.equal(Resample(from_rate, to_rate)(tone(from_rate)), found)


def test_what_the_lower_rate_cannot_carry_is_gone() -> None:
    high = torch.sin(2 * np.pi * 10_000 * torch.arange(22_050) / 22_050)
    assert resample(high, 22_050, 16_000)[800:-800].abs().max() < 0.02


def test_a_mel_spectrogram_is_made_of_the_power_of_windows() -> None:
    signal = torch.randn(4000, generator=torch.Generator().manual_seed(0), dtype=torch.float64).float()
    mel = MelSpectrogram(sample_rate=16_000, n_fft=512, win_length=400, hop_length=160, n_mels=64)
    found = mel(signal)
    assert found.shape == (64, 26)
    # The tenth window, by hand: in the middle of the transform, around sample 1600.
    window = np.zeros(512)
    window[56:456] = np.hanning(401)[:-1]
    spectrum = np.abs(np.fft.rfft(signal.numpy()[1600 - 256 : 1600 + 256] * window)) ** 2
    bands = mel_bands(257, 16_000, (0.0, 8000.0), 64, weigh=False).numpy()
    assert np.allclose(found[:, 10].numpy(), spectrum @ bands, rtol=1e-3, atol=1e-4)


def test_what_is_not_covered_is_refused() -> None:
    with pytest.raises(NotImplementedError):
        MelSpectrogram(sample_rate=16_000, n_fft=512, win_length=400, hop_length=160, n_mels=64, norm="other")


def test_a_checkpoint_has_the_names_of_torchaudio(xtts_models: Path) -> None:
    weights = torch.load(xtts_models / tiny_xtts.NAME / "model.pth", weights_only=True)["model"]
    prefix = "hifigan_decoder.speaker_encoder.torch_spec.1"
    assert weights[f"{prefix}.spectrogram.window"].shape == (400,)
    assert weights[f"{prefix}.mel_scale.fb"].shape == (257, 64)
