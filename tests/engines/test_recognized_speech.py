"""A speech recognizer understands what the real voices say. All sentences: ``make listen``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.listening import chains, scoring, weights
from helpers.listening.recognizer import Recognizer

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Voicestream

weights.skip_unless_installed(*weights.RECOGNIZER)

SENTENCES = {
    "hibari en": ("h-en-prose-05", "h-en-numbers-03"),
    "piper en": ("h-en-units-08",),
}
"""Of each chain; hardly a word of these is recognized wrongly."""

MOST_WRONG = 0.1
"""Part of the words; another processor rounds otherwise."""


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer()


@pytest.mark.parametrize("name", SENTENCES)
def test_what_is_spoken_is_understood(name: str, place: Voicestream, recognizer: Recognizer, tmp_path: Path) -> None:
    (chain,) = (chain for chain in chains.CHAINS if chain.name == name)
    weights.skip_unless_installed(*chain.modules)
    models = tmp_path / "models"
    models.mkdir()
    options = chain.options(models)
    chosen = [case for case in chains.cases(chain) if case.id in SENTENCES[name]]
    assert len(chosen) == len(SENTENCES[name])
    scores = []
    for case in chosen:
        file = tmp_path / f"{case.id}.wav"
        chains.speak(place, case, options, file)
        text = recognizer.text(file, chain.heard)
        scores.append(scoring.score(case, [case.said, *case.also], text, chain.heard))
    wrong, length = sum(score.errors for score in scores), sum(score.length for score in scores)
    assert wrong <= MOST_WRONG * length, scores
