"""Prompts of ``setup`` for a translator of many languages: the device, and the size of its model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.cli.prompts import show
from voicestream.config import gpu_probe
from voicestream.errors import UsageError
from voicestream.models import catalogue
from voicestream.models.catalogue import COMPUTES, format_size
from voicestream.terminal_text import one_line

if TYPE_CHECKING:
    from voicestream.cli.prompts import Ask
    from voicestream.config.gpu_probe import ComputeDevice
    from voicestream.engines.model import Model

COMPUTE_WORDS: Final = {"cpu": "processor", "mps": "Apple GPU", "cuda": "NVIDIA GPU"}


def choose(compute: str | None, quality: str | None, ask: Ask | None) -> Model:
    """Return the model to translate with; what no option gave is asked, or without ``ask`` recommended.

    Args:
        compute: value of ``--compute``.
        quality: value of ``--quality``.
        ask: asks at the terminal; None: nobody is asked.

    Raises:
        UsageError: there is no such quality, or no terminal to ask at.
    """
    device = _device(compute, ask)
    best = catalogue.recommended(device.compute, device.memory_bytes)
    if quality is not None or ask is None:
        return catalogue.for_quality(quality or best, device.compute)
    show("\nBigger models translate better and take longer. For this device:")
    show(f"  {'':9} {'download':>9} {'on disk':>9} {'memory':>9}")
    for model in catalogue.translation_models():
        if (model.original is not None) != (device.compute == "cpu"):
            continue
        name = model.original or model.name
        sizes = (model.download_bytes, model.disk_bytes, model.memory_bytes)
        word = model.quality or name
        columns = " ".join(f"{format_size(size):>9}" for size in sizes)
        show(f"  {word:9} {columns}  {'recommended' if word == best else name if model.quality else ''}".rstrip())
    return ask("Which one?", best, lambda answer: catalogue.for_quality(answer, device.compute))


def _device(compute: str | None, ask: Ask | None) -> ComputeDevice:
    if compute is not None:
        return gpu_probe.ComputeDevice(compute, COMPUTE_WORDS[compute], None)
    found = gpu_probe.detect()
    show(one_line(f"voicestream: best to translate with: {found.compute} ({found.name})"))
    if ask is None:
        return found

    def chosen(answer: str) -> ComputeDevice:
        if answer == found.compute:
            return found
        if answer not in COMPUTES:
            raise UsageError(f'there is no "{answer}"', hint=f"There is {', '.join(COMPUTES)}.")
        return gpu_probe.ComputeDevice(answer, COMPUTE_WORDS[answer], None)

    return ask(f"Where to translate ({', '.join(COMPUTES)})?", found.compute, chosen)
