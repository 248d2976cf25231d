"""A small XTTS: the files and the shapes of XTTS v2, with a tiny GPT and random weights, made by coqui's own classes.

Vocoder and speaker encoder keep their full shape, because coqui's configuration has no sizes for them; their weights
are views of one small block of numbers, which is all that gets saved. It makes noise of changing loudness, no speech:
the real weights are in no test of ours. The stop token is likelier than chance, so that sentences end.
"""

from __future__ import annotations

import functools
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.bench.random_models import xtts_model
from voicestream.bench.random_models.sizes import XttsSize
from voicestream.bench.random_models.xtts_model import NAME, SPEAKERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch.nn import Module

__all__ = ["NAME", "SPEAKERS", "STOP_BIAS", "TEXTS", "build", "loud_gpt", "narrow_vocoder"]

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

NARROW_CHANNELS: Final = 64
"""Of a narrow vocoder after its first layer; 512 in XTTS."""


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
    import torch

    torch.set_num_threads(1)
    size = XttsSize(layers=layers, width=width, heads=heads)
    xtts_model.make(directory, size, TEXTS.values(), seed=seed, stop_bias=STOP_BIAS, shares_numbers=small)
    return directory


@contextmanager
def narrow_vocoder() -> Iterator[None]:
    """Have coqui make and load models with a narrow vocoder, which a processor computes many times faster."""
    from voicestream.workers.engines.xtts.coqui.importing import import_coqui

    import_coqui()
    from TTS.tts.models import xtts

    usual = xtts.HifiDecoder
    xtts.HifiDecoder = functools.partial(usual, upsample_initial_channel_decoder=NARROW_CHANNELS)
    try:
        yield
    finally:
        xtts.HifiDecoder = usual


def build_narrow(directory: Path) -> None:
    """Make a model directory with a narrow vocoder, about as loud as the usual one."""
    import torch

    with narrow_vocoder():
        build(directory)
    loaded = torch.load(directory / "model.pth", weights_only=True)
    loaded["model"]["hifigan_decoder.waveform_decoder.conv_post.weight"] *= 12
    torch.save(loaded, directory / "model.pth")


def loud_gpt(*, width: int, text_tokens: int, longest_text: int, longest_audio: int) -> Module:
    """Return coqui's own GPT with two layers and large random weights, so that a wrong one changes the tokens.

    Args:
        width: numbers for a position.
        text_tokens: size of the vocabulary of texts.
        longest_text: longest text, in tokens.
        longest_audio: longest audio, in tokens.
    """
    import torch

    from voicestream.workers.engines.xtts.coqui.importing import import_coqui

    import_coqui()
    from TTS.tts.layers.xtts.gpt import GPT

    torch.set_num_threads(1)
    torch.manual_seed(0)
    made = GPT(
        layers=2,
        model_dim=width,
        heads=2,
        max_text_tokens=longest_text,
        max_mel_tokens=longest_audio,
        number_text_tokens=text_tokens,
        start_text_token=0,
        stop_text_token=1,
        num_audio_tokens=48,
        start_audio_token=46,
        stop_audio_token=47,
        use_perceiver_resampler=True,
    ).eval()
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if weight.dim() == 2:
                weight.mul_(8)
            # What is folded into other weights must be worth it.
            elif "ln_" in name or "final_norm" in name:
                weight.add_(torch.randn(weight.shape) * 0.3)
    return made.requires_grad_(requires_grad=False)


if __name__ == "__main__":
    build(Path(sys.argv[1]) / "usual" / NAME)
    build_narrow(Path(sys.argv[1]) / "narrow" / NAME)
