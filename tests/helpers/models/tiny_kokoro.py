"""A tiny Kokoro: the layout, the inputs and the outputs of onnx-community/Kokoro-82M-v1.0-ONNX, in 20 kB.

Its network says each symbol with a tone of its own for a twentieth of a second, louder or softer as the voice says, and
with noise from the same two operators as the real one. So a test can hear which symbols were said (``heard``). The
real weights are in no test of ours.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import numpy as np

from helpers.fixtures import neural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import onnx
    from numpy.typing import NDArray

PACKAGES: Final = ("fugashi", "onnx", "onnxruntime", "pypinyin", "rjieba", "unidic_lite")

NAME: Final = "kokoro-82m-v1.0"
SAMPLE_RATE: Final = 24_000
FRAME: Final = 1_200
"""Samples of a symbol at natural speed."""

VOICES: Final = ("af_heart", "am_adam", "bf_emma", "ef_dora", "ff_siwis", "hf_alpha", "if_sara", "jf_alpha", "pf_dora")
"""No Chinese one: then another speaks."""

SYMBOLS: Final = (
    '$;:,.!?—…"()“” \u0303ʣʥʦʨᵝ\uab67AIOQSTWYᵊ'
    "abcdefhijklmnopqrstuvwxyzɑɐɒæβɔɕçɖðʤəɚɛɜɟɡɥɨɪʝɯɰŋɳɲɴøɸθœɹɾɻʁɽʂʃʈʧʊʋʌɣɤχʎʒʔ"
    "ˈˌːʰʲ↓→↗↘ᵻ"
)
"""Those of Kokoro 1.0; their numbers are this test's own."""

NUMBERS: Final = {symbol: number for number, symbol in enumerate(SYMBOLS)}
QUIET: Final = frozenset('$;:,.!?—…"()“” ')
"""Said by silence."""

NOISE: Final = 0.0001
"""Below what counts as quiet."""


def skip_unless_installed() -> None:
    """Skip the tests of a file where the packages of the extra ``kokoro`` are missing."""
    neural.skip_unless_installed(PACKAGES)


def build(place: Path, *, voices: Sequence[str] = VOICES, network: onnx.ModelProto | None = None) -> Path:
    """Make a model directory.

    Args:
        place: is made.
        voices: their names; each is as loud as its place in the list says.
        network: instead of the usual one.
    """
    import onnx

    for folder in ("onnx", "voices"):
        (place / folder).mkdir(parents=True)
    (place / "config.json").write_text(json.dumps({"model_type": "style_text_to_speech_2"}), encoding="utf-8")
    (place / "tokenizer.json").write_text(json.dumps({"model": {"vocab": NUMBERS}}), encoding="utf-8")
    onnx.save(network or tones(), place / "onnx" / "model.onnx")
    for number, name in enumerate(voices, start=1):
        # Each row of a voice is another: the network is given that of the length of the text.
        rows = np.resize(np.array([0.8, 1.0], "<f4"), 510) * np.float32(0.05 + 0.02 * number)
        np.repeat(rows, 256).tofile(place / "voices" / f"{name}.bin")
    return place


def heard(samples: NDArray[np.float32]) -> str:
    """The symbols that were said, at natural speed, with spaces where it was quiet."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    spectra = np.abs(np.fft.rfft(frames))
    loud = np.abs(frames).max(axis=1) > 10 * NOISE
    said = [
        SYMBOLS[int(spectrum.argmax()) - 5] if is_loud else " " for spectrum, is_loud in zip(spectra, loud, strict=True)
    ]
    return " ".join("".join(said).split())


def spoken(phonemes: str) -> str:
    """What ``heard`` would hear of phonemes that were said in one piece."""
    return " ".join("".join(" " if symbol in QUIET else symbol for symbol in phonemes).split())


def tones(
    *, rounds: int = 0, tokens: str = "input_ids", style: str = "style", is_broken: bool = False
) -> onnx.ModelProto:
    """The network.

    Args:
        rounds: of multiplying a table by itself, which take time and change nothing.
        tokens: what its first input is called.
        style: what its second input is called.
        is_broken: whether it makes what is no number.
    """
    import onnx
    from onnx import numpy_helper, parser

    model = parser.parse_model(_GRAPH.replace("TOKENS", tokens).replace("STYLE", style).replace("ROUNDS", str(rounds)))
    levels = np.array([0.0 if symbol in QUIET else 1.0 for symbol in SYMBOLS], np.float32)
    model.graph.initializer.append(numpy_helper.from_array(levels * (np.nan if is_broken else 1.0), "levels"))
    onnx.checker.check_model(model)
    return model


_GRAPH: Final = f"""
<ir_version: 8, opset_import: ["": 17]>
tones (int64[1, count] TOKENS, float[1, 256] STYLE, float[1] speed) => (float[samples] waveform) {{
    natural = Constant<value = float[1] {{{FRAME}.0}}>()
    frame = Div(natural, speed)
    rounded = Round(frame)
    size = Cast<to = 7>(rounded)
    count = Shape<start = 1>(TOKENS)
    shape = Concat<axis = 0>(count, size)
    column = Transpose(TOKENS)
    wide = Expand(column, shape)
    all = Constant<value = int64[1] {{-1}}>()
    symbols = Reshape(wide, all)

    first = Constant<value = int64 {{0}}>()
    step = Constant<value = int64 {{1}}>()
    total = Size(symbols)
    places = Range(first, total, step)
    place = Cast<to = 1>(places)
    symbol = Cast<to = 1>(symbols)
    five = Constant<value = float {{5.0}}>()
    turns = Add(symbol, five)
    angle = Constant<value = float {{{2 * np.pi / FRAME}}}>()
    steps = Mul(place, angle)
    angles = Mul(steps, turns)
    start = RandomUniformLike<dtype = 1>(speed)
    turned = Add(angles, start)
    tone = Sin(turned)

    level = Gather(levels, symbols)
    strength = ReduceMean<keepdims = 0>(STYLE)
    loud = Mul(level, strength)
    clean = Mul(tone, loud)
    hiss = RandomNormalLike<dtype = 1>(tone)
    much = Constant<value = float {{{NOISE}}}>()
    noise = Mul(hiss, much)
    noisy = Add(clean, noise)

    rounds = Constant<value = int64 {{ROUNDS}}>()
    go_on = Constant<value = bool {{1}}>()
    edge = Constant<value = int64[2] {{200, 200}}>()
    zeros = ConstantOfShape(edge)
    table = Loop<body = multiply (int64 round, bool again, float[200, 200] old) => (bool more, float[200, 200] new) {{
        more = Identity(again)
        new = MatMul(old, old)
    }}>(rounds, go_on, zeros)
    nothing = ReduceMean<keepdims = 0>(table)
    waveform = Add(noisy, nothing)
}}
"""
