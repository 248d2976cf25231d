"""Replacement of the parts of torchaudio that coqui-tts uses for synthesis: mel spectrogram and resampling.

Names and shapes of the buffers are those of torchaudio, so that checkpoints load unchanged. Unsupported arguments raise
an error.
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
"""Zero crossings of the sinc kernel on each side: the default of torchaudio."""

_ROLLOFF: Final = 0.99
"""Cutoff as share of the lower Nyquist frequency: the default of torchaudio."""


def resample(signal: Tensor, from_rate: int, to_rate: int) -> Tensor:
    """Resample (…, steps) with a Hann-windowed sinc kernel.

    The method is that of J. O. Smith, "Digital Audio Resampling", with the parameters of torchaudio.
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
    # One kernel for each phase; the phases are output channels.
    filtered = functional.conv1d(functional.pad(flat, (reach, reach + down)), kernels[:, None], stride=down)
    filtered = filtered.transpose(1, 2).reshape(*signal.shape[:-1], -1)
    return filtered[..., : math.ceil(signal.shape[-1] * up / down)]


class Resample(nn.Module):
    """``resample`` as a module."""

    def __init__(self, orig_freq: int, new_freq: int) -> None:
        super().__init__()
        self._rates = orig_freq, new_freq

    def forward(self, signal: Tensor) -> Tensor:
        """See ``resample``."""
        return resample(signal, *self._rates)


class Spectrogram(nn.Module):
    """Short-time Fourier transform magnitudes, to a power."""

    window: Tensor

    def __init__(self, size: int, window: Tensor, hop: int, power: float) -> None:
        super().__init__()
        self._size, self._hop, self._power = size, hop, power
        self.register_buffer("window", window)

    def forward(self, signal: Tensor) -> Tensor:
        """Transform (…, steps) to (…, size // 2 + 1, frames)."""
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
    """Mel filter bank."""

    fb: Tensor

    def __init__(self, bands: Tensor) -> None:
        super().__init__()
        self.register_buffer("fb", bands)

    def forward(self, spectra: Tensor) -> Tensor:
        """Transform (…, frequencies, frames) to (…, bands, frames)."""
        return (spectra.transpose(-1, -2) @ self.fb).transpose(-1, -2)


class MelSpectrogram(nn.Module):
    """Mel spectrogram with the mel scale of HTK."""

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
        """Transform (…, steps) to (…, bands, frames)."""
        return self.mel_scale.forward(self.spectrogram.forward(signal))


def mel_bands(frequencies: int, sample_rate: int, within: tuple[float, float], count: int, *, weigh: bool) -> Tensor:
    """Return triangular mel filters: (frequencies, count).

    Args:
        frequencies: number of bins from 0 to half the sample rate.
        sample_rate: Hz.
        within: lowest and highest frequency, Hz.
        count: of the bands.
        weigh: whether bands have equal area (Slaney's Auditory Toolbox).
    """
    lowest, highest = (2595.0 * math.log10(1.0 + hertz / 700.0) for hertz in within)
    corners = 700.0 * (10.0 ** (torch.linspace(lowest, highest, count + 2) / 2595.0) - 1.0)
    widths = corners.diff()
    distances = corners[None] - torch.linspace(0, sample_rate // 2, frequencies)[:, None]
    rising, falling = -distances[:, :-2] / widths[:-1], distances[:, 2:] / widths[1:]
    bands = torch.minimum(rising, falling).clamp(min=0.0)
    return bands * (2.0 / (corners[2:] - corners[:-2])) if weigh else bands
