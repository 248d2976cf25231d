"""Loading of an XTTS directory into the model of coqui-tts, without executing code from its files."""

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
from voicestream.workers.engines.xtts.sampling import SamplingParameters
from voicestream.workers.engines.xtts.weights import VOCABULARY, WEIGHTS

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

_LEGACY_CLASSES: Final = [
    (XttsConfig, "TTS.tts.configs.xtts_config.XttsConfig"),
    (XttsArgs, "TTS.tts.models.xtts.XttsArgs"),
    (XttsAudioConfig, "TTS.tts.models.xtts.XttsAudioConfig"),
    (BaseDatasetConfig, "TTS.config.shared_configs.BaseDatasetConfig"),
]
"""Classes of configuration objects in the published checkpoint, by the module names at that time."""

_TRAINING_ONLY: Final = ("torch_mel_spectrogram_style_encoder", "torch_mel_spectrogram_dvae", "dvae")
_DUPLICATES: Final = ("gpt.gpt_inference.", "gpt.gpt.wte.", "gpt.gpt.wpe.")
"""Prefixes of weights that the v1 checkpoint stores twice, for generation."""


@dataclass(frozen=True)
class ModelSettings:
    """Tokenizer and settings from the directory of a model."""

    tokenizer: VoiceBpeTokenizer
    sampling: SamplingParameters
    sample_rate: int
    """Hz, of the vocoder."""
    reference_seconds: int
    """Maximum length of a voice sample that is used."""
    chunk_seconds: int
    """Length of the chunks in which it is processed."""


def read(directory: Path) -> tuple[Xtts, ModelSettings]:
    """Load the model on the CPU in float32, and its settings.

    The weights are memory-mapped: those that are dropped before use take no memory.

    Raises:
        EngineNotReadyError: a file is damaged, or the model is not XTTS v2.
    """
    config = XttsConfig()
    try:
        config.load_json(str(directory / CONFIGURATION))
        tokenizer = _tokenizer(directory / VOCABULARY)
        args = config.model_args
        args.gpt_number_text_tokens = tokenizer.get_number_tokens()
        args.gpt_start_text_token = tokenizer.tokenizer.token_to_id("[START]")
        args.gpt_stop_text_token = tokenizer.tokenizer.token_to_id("[STOP]")
        # On the meta device, so that no weights are initialized before those of the file are assigned.
        with torch.device("meta"):
            model = Xtts(config)
        model.load_state_dict(_weights(directory / WEIGHTS), strict=True, assign=True)
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, pickle.UnpicklingError) as error:
        raise EngineNotReadyError(f"the model in {directory} cannot be loaded: {error}", hint=AGAIN) from error
    model.train(mode=False)
    model.requires_grad_(requires_grad=False)
    return model, ModelSettings(
        tokenizer=tokenizer,
        sampling=SamplingParameters(
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
        # The library raises plain Exceptions for a file that is no tokenizer.
        if type(error) is not Exception:
            raise
        raise ValueError(f"{file.name}: {error}") from error


def _weights(file: Path) -> dict[str, Tensor]:
    with torch.serialization.safe_globals(_LEGACY_CLASSES):
        loaded = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    weights = cast("dict[str, Tensor]", loaded["model"])
    # Checkpoints of coqui's trainer have the prefix ``xtts.``.
    renamed = {name.removeprefix("xtts."): weight for name, weight in weights.items()}
    return {
        name: weight
        for name, weight in renamed.items()
        if name.partition(".")[0] not in _TRAINING_ONLY and not name.startswith(_DUPLICATES)
    }
