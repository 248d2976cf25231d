"""A small vocoder of coqui's: all layers of that of XTTS, with few channels, and weights that make it loud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from torch import Tensor

LATENT: Final = 24
"""Channels of a latent; 1024 in XTTS."""

FULL_CHANNELS: Final = 512
"""After the first layer, in XTTS."""


def build(latent: int = LATENT, channels: int = 32) -> Any:  # noqa: ANN401
    """A ``HifiDecoder``, as it is once it was loaded."""
    from voicestream.workers.engines.xtts.coqui.importing import import_coqui

    import_coqui()
    import torch
    from TTS.tts.layers.xtts.hifigan_decoder import HifiDecoder

    from voicestream.workers.engines.xtts.vocoder.streaming import fold_weight_norm

    decoder = HifiDecoder(decoder_input_dim=latent, upsample_initial_channel_decoder=channels)
    fold_weight_norm(decoder)
    decoder.requires_grad_(requires_grad=False).eval()
    numbers = torch.Generator().manual_seed(0)
    for name, weight in decoder.waveform_decoder.named_parameters():
        if not name.endswith("weight"):
            weight.copy_(torch.randn(weight.shape, generator=numbers) * 0.1)
            continue
        # The sum of what each output is made of is about as large as its inputs; half of it beside what is added to.
        parts = weight[0].numel()
        if name.startswith("ups."):
            parts = 2 * weight.shape[0]
        share = 0.5 if name.startswith("resblocks.") else 1.0
        weight.copy_(torch.randn(weight.shape, generator=numbers) * share * parts**-0.5)
    return decoder


def speakers(count: int) -> list[Tensor]:
    """Embeddings of speakers."""
    import torch

    numbers = torch.Generator().manual_seed(1)
    return [torch.nn.functional.normalize(torch.randn(1, 512, 1, generator=numbers), dim=1) * 10 for _ in range(count)]
