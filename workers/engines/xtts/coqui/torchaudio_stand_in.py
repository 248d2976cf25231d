"""What coqui-tts takes from torchaudio when it speaks, in torch alone: two transforms and the resampling of samples.

Names and shapes of the buffers are torchaudio's, so that a checkpoint fits as it is. Whoever calls these with what
is not covered here gets an error, never another result.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable

_ZERO_CROSSINGS: Final = 6
"""Of the sinc kernel, to each side: torchaudio's default."""

_ROLLOFF: Final = 0.99
"""Share of the lower band that is kept: torchaudio's default."""


def resample(signal: Tensor, from_rate: int, to_rate: int) -> Tensor:
    """Samples (…, steps) at another rate, through a sinc kernel under a Hann window.

    The method is that of J. O. Smith, "Digital Audio Resampling", with the parameters that torchaudio takes.
    """
    from_rate, to_rate = int(from_rate), int(to_rate)
    common = math.gcd(from_rate, to_rate)
    down, up = from_rate // common, to_rate // common
    if down == up:
        return signal
    band = min(down, up) * _ROLLOFF
    reach = math.ceil(_ZERO_CROSSINGS * down / band)
    steps = torch.arange(-reach, reach + down, dtype=torch.float64, device=signal.device) / down
    phases = torch.arange(up, dtype=torch.float64, device=signal.device) / up
    at = ((steps[None] - phases[:, None]) * band).clamp(-_ZERO_CROSSINGS, _ZERO_CROSSINGS)
    window = torch.cos(at * (math.pi / 2 / _ZERO_CROSSINGS)).square()
    kernels = (torch.sinc(at) * window * (band / down)).to(signal.dtype)
    flat = signal.reshape(-1, 1, signal.shape[-1])
    # One kernel for each of the outputs between two inputs: they come out as channels.
    made = functional.conv1d(functional.pad(flat, (reach, reach + down)), kernels[:, None], stride=down)
    made = made.transpose(1, 2).reshape(*signal.shape[:-1], -1)
    return made[..., : math.ceil(signal.shape[-1] * up / down)]


class Resample(nn.Module):
    """``resample`` as a module."""

    def __init__(self, orig_freq: int, new_freq: int) -> None:
        super().__init__()
        self._rates = orig_freq, new_freq

    def forward(self, signal: Tensor) -> Tensor:
        """As ``resample``."""
        return resample(signal, *self._rates)


class Spectrogram(nn.Module):
    """Magnitudes of short spectra, to a power."""

    window: Tensor

    def __init__(self, size: int, window: Tensor, hop: int, power: float) -> None:
        super().__init__()
        self._size, self._hop, self._power = size, hop, power
        self.register_buffer("window", window)

    def forward(self, signal: Tensor) -> Tensor:
        """(…, steps) to (…, size // 2 + 1, frames)."""
        spectra = torch.stft(
            signal.reshape(-1, signal.shape[-1]),
            self._size,
            self._hop,
            len(self.window),
            self.window,
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )
        return spectra.abs().pow(self._power).reshape(*signal.shape[:-1], *spectra.shape[1:])


class MelScale(nn.Module):
    """Bands of the mel scale instead of frequencies."""

    fb: Tensor

    def __init__(self, bands: Tensor) -> None:
        super().__init__()
        self.register_buffer("fb", bands)

    def forward(self, spectra: Tensor) -> Tensor:
        """(…, frequencies, frames) to (…, bands, frames)."""
        return (spectra.transpose(-1, -2) @ self.fb).transpose(-1, -2)


class MelSpectrogram(nn.Module):
    """Bands of the mel scale (the formula of HTK) over time."""

    def __init__(  # noqa: PLR0913 - the parameters are torchaudio's, and their names
        self,
        *,
        sample_rate: int,
        n_fft: int,
        win_length: int,
        hop_length: int,
        n_mels: int,
        f_min: float = 0.0,
        f_max: float | None = None,
        window_fn: Callable[[int], Tensor] = torch.hann_window,
        power: float = 2.0,
        norm: str | None = None,
        normalized: bool = False,
    ) -> None:
        super().__init__()
        if normalized or norm not in (None, "slaney"):
            raise NotImplementedError("normalized spectra, and bands weighted otherwise than by their width")
        self.spectrogram = Spectrogram(n_fft, window_fn(win_length), hop_length, power)
        highest = sample_rate // 2 if f_max is None else f_max
        bands = mel_bands(n_fft // 2 + 1, sample_rate, (f_min, highest), n_mels, weigh=norm == "slaney")
        self.mel_scale = MelScale(bands)

    def forward(self, signal: Tensor) -> Tensor:
        """(…, steps) to (…, bands, frames)."""
        return self.mel_scale.forward(self.spectrogram.forward(signal))


def mel_bands(frequencies: int, sample_rate: int, within: tuple[float, float], count: int, *, weigh: bool) -> Tensor:
    """Triangles over the frequencies, as far apart as the mel scale says: (frequencies, count).

    Args:
        frequencies: how many there are from 0 to half the sample rate.
        sample_rate: Hertz.
        within: lowest and highest, Hertz.
        count: of the bands.
        weigh: whether a band counts for less the wider it is (Slaney's Auditory Toolbox).
    """
    lowest, highest = (2595.0 * math.log10(1.0 + hertz / 700.0) for hertz in within)
    corners = 700.0 * (10.0 ** (torch.linspace(lowest, highest, count + 2) / 2595.0) - 1.0)
    widths = corners.diff()
    distances = corners[None] - torch.linspace(0, sample_rate // 2, frequencies)[:, None]
    rising, falling = -distances[:, :-2] / widths[:-1], distances[:, 2:] / widths[1:]
    bands = torch.minimum(rising, falling).clamp(min=0.0)
    return bands * (2.0 / (corners[2:] - corners[:-2])) if weigh else bands
