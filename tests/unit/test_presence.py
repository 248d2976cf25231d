"""Of which voice engines that are not ready a person hears."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from voicestream.models import packages, presence
from voicestream.workers import engines

if TYPE_CHECKING:
    from pathlib import Path


def there_are(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(packages, "is_installed", lambda name: name in names)


@pytest.mark.parametrize(
    ("installed", "weights", "instead", "is_missed"),
    [
        ((), False, "espeak", False),
        (("torch",), False, "espeak", False),
        (("TTS", "torch"), False, "espeak", True),
        (("TTS", "torch"), False, "kokoro", False),
        ((), True, "espeak", True),
        ((), True, "kokoro", True),
    ],
)
def test_a_voice_that_somebody_asked_for_is_missed_and_no_other(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    installed: tuple[str, ...],
    instead: str,
    *,
    weights: bool,
    is_missed: bool,
) -> None:
    there_are(monkeypatch, *installed)
    if weights:
        (tmp_path / "xtts-v2").mkdir()
    assert presence.is_missed("xtts", instead, str(tmp_path)) is is_missed


def test_auto_tells_of_those_that_are_missed_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there_are(monkeypatch, "onnx", "onnxruntime")
    monkeypatch.setenv("VOICESTREAM_MODELS", str(tmp_path))
    reasons = {"xtts": "xtts is not ready", "kokoro": "kokoro is not ready", "somebody-elses": "nor is this"}
    told = engines._worth_telling(engines.SYNTHESIZERS, "espeak", reasons)
    assert told == ["kokoro is not ready", "nor is this"]
    assert engines._worth_telling(engines.TRANSLATORS, "none", reasons) == list(reasons.values())
