"""Random XTTS model: files and shapes of XTTS v2 with a GPT of any size, created by coqui's own classes.

Vocoder and speaker encoder keep their full shape, because coqui's configuration has no sizes for them. The model
produces noise of varying loudness, no speech.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from voicestream.config import languages
from voicestream.workers.engines.xtts.coqui.importing import import_coqui

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from voicestream.bench.random_models.sizes import XttsSize

NAME: Final = "xtts-v2"
"""Name of its directory."""

SPEAKERS: Final = ("Claribel Dervla", "Daisy Studious")
"""Two of the real model's 58 names."""

ALWAYS: Final = 100.0
"""Bias of the stop token that ends a sentence at the minimum length."""

_BLOCK: Final = 1 << 16
_STRIDES: Final = (1, 3, 7, 13)
"""Strides from the last dimension on: views of the block differ, and stay inside it for every shape."""


def make(
    directory: Path, size: XttsSize, texts: Iterable[str], *, seed: int, stop_bias: float, shares_numbers: bool
) -> None:
    """Create a model directory with the files of ``coqui/XTTS-v2``.

    Args:
        directory: created by this function.
        size: of the GPT.
        texts: source of the vocabulary's letters.
        seed: of the weights.
        stop_bias: added to the logit of the stop token.
        shares_numbers: large weights are views of one random block, and only the block is saved.
    """
    import_coqui()
    torch: Any = importlib.import_module("torch")
    torch.manual_seed(seed)
    directory.mkdir(parents=True)
    _save_vocabulary(directory / "vocab.json", texts)
    tokenizer: Any = importlib.import_module("TTS.tts.layers.xtts.tokenizer").VoiceBpeTokenizer(
        str(directory / "vocab.json")
    )
    config = configuration(tokenizer, size)
    model: Any = importlib.import_module("TTS.tts.models.xtts").Xtts(config)
    model.gpt.mel_head.bias.data[config.model_args.gpt_stop_audio_token] += stop_bias
    weights = model.state_dict()
    torch.save({"model": _shared(weights, seed) if shares_numbers else weights}, directory / "model.pth")
    speakers = {
        name: {
            "gpt_cond_latent": torch.randn(1, 32, size.width) * 0.1,
            "speaker_embedding": torch.nn.functional.normalize(torch.randn(1, 512, 1), dim=1),
        }
        for name in SPEAKERS
    }
    torch.save(speakers, directory / "speakers_xtts.pth")
    config.save_json(str(directory / "config.json"))


def configuration(tokenizer: Any, size: XttsSize) -> Any:  # noqa: ANN401 - coqui's
    """Return the published configuration with another size of the GPT and of the vocabulary."""
    configs: Any = importlib.import_module("TTS.tts.configs.xtts_config")
    args = configs.XttsArgs(
        gpt_layers=size.layers,
        gpt_n_model_channels=size.width,
        gpt_n_heads=size.heads,
        gpt_max_audio_tokens=605,
        gpt_max_text_tokens=402,
        gpt_max_prompt_tokens=70,
        gpt_number_text_tokens=tokenizer.get_number_tokens(),
        gpt_start_text_token=tokenizer.tokenizer.token_to_id("[START]"),
        gpt_stop_text_token=tokenizer.tokenizer.token_to_id("[STOP]"),
        gpt_num_audio_tokens=1026,
        gpt_start_audio_token=1024,
        gpt_stop_audio_token=1025,
        gpt_code_stride_len=1024,
        gpt_use_masking_gt_prompt_approach=True,
        gpt_use_perceiver_resampler=True,
        input_sample_rate=22_050,
        output_sample_rate=24_000,
        output_hop_length=256,
        decoder_input_dim=size.width,
        d_vector_dim=512,
        cond_d_vector_in_each_upsampling_layer=True,
    )
    return configs.XttsConfig(
        model_args=args,
        audio=configs.XttsAudioConfig(),
        temperature=0.75,
        repetition_penalty=5.0,
        top_k=50,
        top_p=0.85,
        gpt_cond_len=30,
        gpt_cond_chunk_len=4,
        max_ref_len=30,
    )


def _save_vocabulary(file: Path, texts: Iterable[str]) -> None:
    tokenizers: Any = importlib.import_module("tokenizers")
    codes = sorted({language.xtts for language in languages.known() if language.xtts})
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="[UNK]"))  # noqa: S106 - a word of the vocabulary
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    texts = list(texts)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["[STOP]", "[UNK]", "[SPACE]", "[START]", *(f"[{code}]" for code in codes)],
        initial_alphabet=sorted({*"abcdefghijklmnopqrstuvwxyz0123456789.,!?'-()", *"".join(texts)} - {" "}),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(str(file))


def _shared(weights: dict[str, Any], seed: int) -> dict[str, Any]:
    """Return weights of the same names and shapes, the large ones as views of one random block."""
    torch: Any = importlib.import_module("torch")
    block = torch.randn(_BLOCK, generator=torch.Generator().manual_seed(seed)) * 0.02
    exact = ("running", "mel_scale", "window", "filter", "norm", ".bn", "original0", "mel_head", "mel_stats")
    shared: dict[str, Any] = {}
    for name, weight in weights.items():
        if not weight.is_floating_point() or weight.numel() <= 64 or any(part in name for part in exact):  # noqa: PLR2004
            shared[name] = weight.clone()
            continue
        strides = _STRIDES[: weight.dim()][::-1]
        shared[name] = torch.as_strided(block, weight.shape, strides)
    return shared
