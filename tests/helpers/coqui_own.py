"""Coqui's own XTTS, loaded by its own code: what ours is compared with."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def loaded(directory: Path) -> Iterator[Any]:
    """The model of a directory, as long as the block lasts, in which nothing is recorded for training."""
    from voicestream.workers.tts.xtts.importing import import_coqui

    import_coqui()
    import torch
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.layers.xtts.gpt_inference import GPT2InferenceModel
    from TTS.tts.models.xtts import Xtts

    config = XttsConfig()
    config.load_json(str(directory / "config.json"))
    model = Xtts(config)
    model.load_checkpoint(config, checkpoint_dir=str(directory))
    model.eval()
    forward = GPT2InferenceModel.forward

    def forward_of_today(self: object, *args: object, cache: object = None, **others: object) -> object:
        """Transformers 5.24 hands the cache over by another name than coqui-tts 0.28 expects."""
        if cache is not None:
            others["past_key_values"] = cache
        return forward(self, *args, **others)

    with pytest.MonkeyPatch.context() as patch, torch.inference_mode():
        patch.setattr(GPT2InferenceModel, "forward", forward_of_today)
        yield model
