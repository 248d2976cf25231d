"""What is wrong with a translation, and that nothing is wrong with a right one."""

from __future__ import annotations

import pytest

from helpers.translations import BROKEN, CORRECT
from voicestream.workers.translation.checks import problem


@pytest.mark.parametrize(("source", "target", "original", "translation"), CORRECT)
def test_a_correct_translation_is_left_alone(source: str, target: str, original: str, translation: str) -> None:
    assert problem(original, translation, source, target) == ""


@pytest.mark.parametrize(("source", "target", "original", "translation", "words"), BROKEN)
def test_a_broken_translation_is_found_for_the_right_reason(
    source: str, target: str, original: str, translation: str, words: str
) -> None:
    assert words in problem(original, translation, source, target)
