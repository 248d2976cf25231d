"""Words that bash has split at colons."""

from __future__ import annotations

import pytest

from voicestream.cli.shell.bash import joined


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["workers", "restart", "tts", ":", "es"], ["workers", "restart", "tts:es"]),
        (["restart", "tts", ":"], ["restart", "tts:"]),
        (["a", "b", ":", "c", ":", "d"], ["a", "b:c:d"]),
        (["run", "--to", "ja"], ["run", "--to", "ja"]),
        ([""], [""]),
    ],
)
def test_words_are_joined_at_colons(words: list[str], expected: list[str]) -> None:
    assert joined(words) == expected
