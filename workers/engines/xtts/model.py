"""Catalogue entry of XTTS v2, and the facts about it that its modules share."""

from __future__ import annotations

from typing import Final

from voicestream.engines.model import Model
from voicestream.models.packages import CONSTRAINT

NAME: Final = "xtts"
INSTALL: Final = f"pip install 'voicestream[xtts]'{CONSTRAINT}"
LANGUAGES: Final = frozenset("ar cs de en es fr hi hu it ja ko nl pl pt ru tr zh".split())
"""Base languages that it speaks."""

MODEL: Final = Model(
    name="xtts-v2",
    title="XTTS v2",
    engine=NAME,
    licence="cpml",
    repository="coqui/XTTS-v2",
    required=("config.json", "speakers_xtts.pth", "vocab.json"),
    optional=("LICENSE.txt", "hash.md5"),
    weights=(("model.pth",),),
    download_bytes=1_876_000_000,
    disk_bytes=1_876_000_000,
    memory_bytes=1_100_000_000,
    also_at=("tts-hub/XTTS-v2",),  # where coqui-tts fetches it
)
