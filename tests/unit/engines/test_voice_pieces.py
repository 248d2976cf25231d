"""How the phonemes of a sentence are cut, and how the pieces of sound are put together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestream.workers.onnx_voice import chunks, joining
from voicestream.workers.onnx_voice.chunks import Chunk, split

RATE = 24_000

WORD = "nˈulIn"
CLAUSE = " ".join([WORD] * 5)


def sizes(found: list[Chunk]) -> list[int]:
    return [len(piece.phonemes) for piece in found]


def test_a_short_sentence_is_one_piece() -> None:
    assert split(f"{WORD}, {WORD}.") == [Chunk(f"{WORD}, {WORD}.", 0.0)]
    assert split("") == []
    assert split("  ") == []


def test_the_first_piece_ends_with_the_first_clause() -> None:
    found = split(f"{CLAUSE}, {CLAUSE}, {CLAUSE}.")
    assert found[0] == Chunk(f"{CLAUSE},", 0.12)
    assert found[1:] == [Chunk(f"{CLAUSE}, {CLAUSE}.", 0.0)]


def test_a_clause_too_short_to_be_said_well_stays_with_the_next() -> None:
    found = split(f"{WORD}, {CLAUSE}, {CLAUSE}, {WORD}.")
    assert found[0].phonemes == f"{WORD}, {CLAUSE},"
    assert found[-1].phonemes == f"{CLAUSE}, {WORD}."
    assert split(f"{CLAUSE}, {WORD}.") == [Chunk(f"{CLAUSE}, {WORD}.", 0.0)]


def test_later_pieces_are_as_long_as_they_may_be_and_end_at_the_best_mark() -> None:
    clauses = [f"{CLAUSE}," for _ in range(12)]
    clauses[4] = f"{CLAUSE};"
    found = split(" ".join(clauses))
    assert found[1].phonemes.endswith(";")
    assert found[1].pause_seconds == 0.2
    assert all(size <= chunks.MAX_SYMBOLS for size in sizes(found))
    alike = split(", ".join([CLAUSE] * 20))
    assert all(chunks.MAX_SYMBOLS - len(CLAUSE) - 2 < size <= chunks.MAX_SYMBOLS for size in sizes(alike)[1:-1])
    assert len(alike) > 3


@pytest.mark.parametrize(
    ("mark", "pause"), [(".", 0.35), ("!”", 0.35), (";", 0.2), (" —", 0.2), (",", 0.12), (")", 0.12)]
)
def test_each_mark_has_its_pause(mark: str, pause: float) -> None:
    assert split(f"{CLAUSE}{mark} {CLAUSE} {CLAUSE}")[0].pause_seconds == pause


def test_without_marks_the_first_piece_ends_between_two_words_after_a_few_seconds() -> None:
    found = split(" ".join([WORD] * 60))
    assert sizes(found)[0] <= chunks.FIRST_MAX
    assert found[0].pause_seconds == 0.0
    assert all(piece.phonemes.split() == [WORD] * len(piece.phonemes.split()) for piece in found)


def test_without_spaces_it_is_cut_all_the_same() -> None:
    found = split("a" * 1000)
    assert "".join(piece.phonemes for piece in found) == "a" * 1000
    assert max(sizes(found)) <= chunks.MAX_SYMBOLS


@given(st.text(alphabet="ab ,.;—“”()!", max_size=900))
def test_nothing_is_lost_and_no_piece_is_too_long(text: str) -> None:
    found = split(text)
    assert "".join("".join(piece.phonemes for piece in found).split()) == "".join(text.split())
    assert max(sizes(found), default=0) <= chunks.MAX_SYMBOLS
    assert all(piece.phonemes for piece in found)
    assert not found or found[-1].pause_seconds == 0.0


def sound(before: float, loud: float, after: float) -> np.ndarray:
    seconds = np.array([before, loud, after]) * RATE
    return np.repeat(np.array([0.001, 0.5, 0.001], np.float32), seconds.astype(int))


def joined(*, is_first: bool = False, is_last: bool = False, cuts: list[int] | None = None) -> np.ndarray:
    """What becomes of a chunk that comes in pieces."""
    joiner = joining.Joiner(RATE)
    if not is_first:
        joiner.add(sound(0.1, 0.1, 0.1))
        joiner.end_chunk(0.5)
    made = [joiner.add(piece) for piece in np.split(sound(0.3, 1.0, 0.4), sorted(cuts or []))]
    made.append(joiner.end() if is_last else joiner.end_chunk(0.2))
    return np.concatenate(made)


def seconds(samples: np.ndarray) -> float:
    assert samples.dtype == np.float32
    return round(len(samples) / RATE, 2)


def test_quiet_goes_where_two_pieces_meet_and_the_pause_comes_in_its_place() -> None:
    assert seconds(joined()) == 0.02 + 1.0 + 0.02 + 0.2


def test_the_edges_of_a_sentence_are_left_alone() -> None:
    assert seconds(joined(is_first=True)) == 0.3 + 1.0 + 0.02 + 0.2
    assert seconds(joined(is_last=True)) == 0.02 + 1.0 + 0.4
    assert seconds(joined(is_first=True, is_last=True)) == 1.7


@given(cuts=st.lists(st.integers(0, int(1.7 * RATE)), max_size=8), is_last=st.booleans())
def test_a_chunk_is_joined_alike_in_whatever_pieces_it_comes(cuts: list[int], *, is_last: bool) -> None:
    assert np.array_equal(joined(is_last=is_last, cuts=cuts), joined(is_last=is_last))


def test_a_chunk_without_sound_becomes_a_pause() -> None:
    joiner = joining.Joiner(RATE)
    assert not len(joiner.add(np.zeros(0, np.float32)))
    joiner.add(np.zeros(RATE, np.float32))
    assert seconds(joiner.end_chunk(0.2)) == 0.02 + 0.2
    joiner.add(np.zeros(RATE, np.float32))
    assert seconds(joiner.end()) == 0.02
