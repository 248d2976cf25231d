"""What the engine ``firefox`` gives its library at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestream.workers.engines.firefox.pieces import MAX_CHARACTERS, Piece, join, pieces

LONG = "a" * 61


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("All tests pass.", [Piece("All tests pass.", is_translated=True, gap="")]),
        (
            f"See {LONG}, please.",
            [
                Piece("See", is_translated=True, gap=" "),
                Piece(f"{LONG},", is_translated=False, gap=" "),
                Piece("please.", is_translated=True, gap=""),
            ],
        ),
        ("42", [Piece("42", is_translated=False, gap="")]),
        ("", []),
    ],
)
def test_a_word_that_is_too_long_stands_by_itself(text: str, expected: list[Piece]) -> None:
    assert pieces(text) == expected


def test_words_of_sixty_characters_and_text_without_spaces_are_translated() -> None:
    assert all(piece.is_translated for piece in pieces(f"See {'a' * 59}. {'テストが通りました' * 10}"))


@given(st.text(alphabet="ab ,.;テ。1-", max_size=1500), st.integers(min_value=20, max_value=MAX_CHARACTERS))
def test_pieces_are_short_and_lose_nothing_but_spaces(text: str, limit: int) -> None:
    found = pieces(text, limit)
    assert all(len(piece.text) <= limit for piece in found if piece.is_translated)
    joined = join([(piece.text, piece.gap) for piece in found])
    assert "".join(joined.split()) == "".join(text.split())
