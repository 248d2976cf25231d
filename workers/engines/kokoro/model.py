"""Catalogue entry of Kokoro-82M, and the facts about it that its modules share."""

from __future__ import annotations

from typing import Final

from voicestream.engines.model import Model

NAME: Final = "kokoro"
INSTALL: Final = "pip install 'voicestream[kokoro]'"
LANGUAGES: Final = frozenset("en es fr hi it ja pt zh".split())
"""Base languages that it speaks."""
LANGUAGE_PACKAGES: Final = {"ja": ("fugashi", "unidic_lite"), "zh": ("rjieba", "pypinyin")}
"""Modules that its front-end imports for a language."""

MODEL: Final = Model(
    name="kokoro-82m-v1.0",
    title="Kokoro",
    engine=NAME,
    licence="apache-2.0",
    repository="onnx-community/Kokoro-82M-v1.0-ONNX",
    required=("config.json", "tokenizer.json", "voices/*.bin"),
    optional=(),
    # In 8 bits it is a quarter of that, noisier, and slower where a processor cannot multiply these itself.
    weights=(("onnx/model.onnx",), ("onnx/model_quantized.onnx",)),
    download_bytes=354_000_000,
    disk_bytes=354_000_000,
    memory_bytes=900_000_000,
)
