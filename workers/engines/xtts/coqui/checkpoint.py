"""Reads an XTTS directory into coqui's own model, without running anything that is in its files."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import torch
from TTS.config.shared_configs import BaseDatasetConfig
from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig
from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer
from TTS.tts.models.xtts import Xtts

from voicestream.errors import EngineNotReadyError
from voicestream.models.weights import AGAIN, CONFIGURATION
from voicestream.workers.engines.xtts.sampling import Manner
from voicestream.workers.engines.xtts.weights import VOCABULARY, WEIGHTS

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

_LEGACY: Final = [
    (XttsConfig, "TTS.tts.configs.xtts_config.XttsConfig"),
    (XttsArgs, "TTS.tts.models.xtts.XttsArgs"),
    (XttsAudioConfig, "TTS.tts.models.xtts.XttsAudioConfig"),
    (BaseDatasetConfig, "TTS.config.shared_configs.BaseDatasetConfig"),
]
"""The published checkpoint has its configuration in it, as objects of these classes, by the names they had then."""

_TRAINING_ONLY: Final = ("torch_mel_spectrogram_style_encoder", "torch_mel_spectrogram_dvae", "dvae")
_DUPLICATES: Final = ("gpt.gpt_inference.", "gpt.gpt.wte.", "gpt.gpt.wpe.")
"""The checkpoint of v1 has the same weights a second time, under the names of what generates from them."""


@dataclass(frozen=True)
class Facts:
    """What a directory says beside its weights."""

    tokenizer: VoiceBpeTokenizer
    manner: Manner
    sample_rate: int
    """Hertz of what its vocoder makes."""
    reference_seconds: int
    """How much of a sample of a voice is listened to at most."""
    chunk_seconds: int
    """In parts of which length."""


def read(directory: Path) -> tuple[Xtts, Facts]:
    """The model, on the processor in float32, and what is said about it.

    The model's numbers stay in the file until they are computed with: what is dropped by then takes no memory.

    Raises:
        EngineNotReadyError: something in it is damaged, or is not XTTS v2.
    """
    config = XttsConfig()
    try:
        config.load_json(str(directory / CONFIGURATION))
        tokenizer = _tokenizer(directory / VOCABULARY)
        args = config.model_args
        args.gpt_number_text_tokens = tokenizer.get_number_tokens()
        args.gpt_start_text_token = tokenizer.tokenizer.token_to_id("[START]")
        args.gpt_stop_text_token = tokenizer.tokenizer.token_to_id("[STOP]")
        # On a device that keeps no numbers: they come from the file, so none need be drawn at random before.
        with torch.device("meta"):
            model = Xtts(config)
        model.load_state_dict(_weights(directory / WEIGHTS), strict=True, assign=True)
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, pickle.UnpicklingError) as error:
        raise EngineNotReadyError(f"the model in {directory} cannot be loaded: {error}", hint=AGAIN) from error
    model.train(mode=False)
    model.requires_grad_(requires_grad=False)
    return model, Facts(
        tokenizer=tokenizer,
        manner=Manner(
            temperature=config.temperature,
            top_k=config.top_k,
            top_p=config.top_p,
            repetition_penalty=config.repetition_penalty,
        ),
        sample_rate=config.model_args.output_sample_rate,
        reference_seconds=config.max_ref_len,
        chunk_seconds=config.gpt_cond_chunk_len,
    )


def _tokenizer(file: Path) -> VoiceBpeTokenizer:
    try:
        return VoiceBpeTokenizer(str(file))
    except Exception as error:
        # The library raises plain Exceptions; any of them means that the file is no tokenizer.
        if type(error) is not Exception:
            raise
        raise ValueError(f"{file.name}: {error}") from error


def _weights(file: Path) -> dict[str, Tensor]:
    with torch.serialization.safe_globals(_LEGACY):
        loaded = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    weights = cast("dict[str, Tensor]", loaded["model"])
    # A checkpoint from coqui's trainer has everything one level deeper.
    renamed = {name.removeprefix("xtts."): weight for name, weight in weights.items()}
    return {
        name: weight
        for name, weight in renamed.items()
        if name.partition(".")[0] not in _TRAINING_ONLY and not name.startswith(_DUPLICATES)
    }
