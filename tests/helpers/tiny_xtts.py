"""A small XTTS: the files and the shapes of XTTS v2, with a tiny GPT and random weights, made by coqui's own classes.

Vocoder and speaker encoder keep their full shape, because coqui's configuration has no sizes for them; their weights
are views of one small block of numbers, which is all that gets saved. It makes noise of changing loudness, no speech:
the real weights are in no test of ours. The stop token is likelier than chance, so that sentences end.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME: Final = "xtts-v2"
"""What its directory is called."""

SPEAKERS: Final = ("Claribel Dervla", "Daisy Studious")
"""Two names of the real model's 58."""

TEXTS: Final = {
    "en": "i will run the tests now, and then fix the failing one.",
    "es": "voy a ejecutar las pruebas ahora, y luego arreglo la que falla.",
    "fr": "je vais lancer les tests, puis corriger celui qui échoue.",
    "de": "ich führe jetzt die prüfungen aus, dann behebe ich den fehler.",
    "it": "adesso eseguo i test, poi correggo quello che fallisce.",
    "pt": "vou executar os testes agora, depois corrijo a falha.",
    "pl": "uruchomię teraz testy, a potem naprawię błąd.",
    "tr": "şimdi testleri çalıştıracağım, sonra hatayı düzelteceğim.",
    "ru": "сейчас я запущу тесты, а потом исправлю ошибку.",
    "nl": "ik voer nu de tests uit, daarna los ik de fout op.",
    "cs": "teď spustím testy, potom opravím chybu.",
    "ar": "سأشغل الاختبارات الآن، ثم أصلح الخطأ.",
    "zh": "我现在运行测试，然后修复错误。",
    "hu": "most lefuttatom a teszteket, aztán kijavítom a hibát.",
    "ko": "지금 테스트를 실행하고, 그다음 오류를 고치겠습니다.",
    "ja": "今からテストを実行して、そのあとエラーを直します。",
    "hi": "अब मैं परीक्षण चलाऊँगा, फिर गलती ठीक करूँगा।",
}
"""A sentence in each of XTTS' languages, by BCP-47 tag."""

STOP_BIAS: Final = 5.0
"""Of the stop token's logit: about one token in ten is one."""

_BLOCK: Final = 1 << 16
_STRIDES: Final = (1, 3, 7, 13)
"""From the last dimension on: so the views of the block differ, and stay inside it for every shape there is."""


def build(
    directory: Path, *, layers: int = 2, width: int = 64, heads: int = 4, seed: int = 0, small: bool = True
) -> Path:
    """Make a model directory with the files of ``coqui/XTTS-v2``.

    Args:
        directory: is made.
        layers: of the GPT.
        width: numbers for a position.
        heads: of attention.
        seed: of the weights.
        small: False: all weights are random, each for itself, and the file is as large as they are.
    """
    from voicestream.workers.tts.xtts.importing import import_coqui

    import_coqui()
    import torch
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer
    from TTS.tts.models.xtts import Xtts

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    directory.mkdir(parents=True)
    _save_vocabulary(directory / "vocab.json", TEXTS.values())
    tokenizer = VoiceBpeTokenizer(str(directory / "vocab.json"))
    config = configuration(tokenizer, layers=layers, width=width, heads=heads)
    model = Xtts(config)
    model.gpt.mel_head.bias.data[config.model_args.gpt_stop_audio_token] += STOP_BIAS
    weights = model.state_dict()
    torch.save({"model": _small(weights, seed) if small else weights}, directory / "model.pth")
    speakers = {
        name: {
            "gpt_cond_latent": torch.randn(1, 32, width) * 0.1,
            "speaker_embedding": torch.nn.functional.normalize(torch.randn(1, 512, 1), dim=1),
        }
        for name in SPEAKERS
    }
    torch.save(speakers, directory / "speakers_xtts.pth")
    config.save_json(str(directory / "config.json"))
    return directory


def configuration(tokenizer: Any, *, layers: int = 30, width: int = 1024, heads: int = 16) -> Any:  # noqa: ANN401
    """The published configuration, but for the size of the GPT and of the vocabulary."""
    from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig

    args = XttsArgs(
        gpt_layers=layers,
        gpt_n_model_channels=width,
        gpt_n_heads=heads,
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
        decoder_input_dim=width,
        d_vector_dim=512,
        cond_d_vector_in_each_upsampling_layer=True,
    )
    return XttsConfig(
        model_args=args,
        audio=XttsAudioConfig(),
        temperature=0.75,
        repetition_penalty=5.0,
        top_k=50,
        top_p=0.85,
        gpt_cond_len=30,
        gpt_cond_chunk_len=4,
        max_ref_len=30,
    )


def _save_vocabulary(file: Path, texts: Iterable[str]) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    from voicestream import languages

    codes = sorted({language.xtts for language in languages.known() if language.xtts})
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))  # noqa: S106 - a word of the vocabulary
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    texts = list(texts)
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["[STOP]", "[UNK]", "[SPACE]", "[START]", *(f"[{code}]" for code in codes)],
        initial_alphabet=sorted({*"abcdefghijklmnopqrstuvwxyz0123456789.,!?'-()", *"".join(texts)} - {" "}),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(str(file))


def _small(weights: dict[str, Any], seed: int) -> dict[str, Any]:
    """The same names and shapes, with the large ones as views of one block of random numbers."""
    import torch

    block = torch.randn(_BLOCK, generator=torch.Generator().manual_seed(seed)) * 0.02
    exact = ("running", "mel_scale", "window", "filter", "norm", ".bn", "original0", "mel_head", "mel_stats")
    small: dict[str, Any] = {}
    for name, weight in weights.items():
        if not weight.is_floating_point() or weight.numel() <= 64 or any(part in name for part in exact):
            small[name] = weight.clone()
            continue
        strides = _STRIDES[: weight.dim()][::-1]
        small[name] = torch.as_strided(block, weight.shape, strides)
    return small


if __name__ == "__main__":
    build(Path(sys.argv[1]) / NAME)
