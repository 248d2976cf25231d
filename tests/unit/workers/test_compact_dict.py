"""Dictionaries in little memory: the same answers as a ``dict``."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestream.workers.text.compact_dict import CompactDict, without_collection

KEYS = st.text(st.characters(exclude_characters="\n\t", exclude_categories=["Cs"]), max_size=6)
VALUES = st.none() | st.text(max_size=6) | st.dictionaries(st.text(max_size=3), st.floats(-99, 99), max_size=3)


@given(entries=st.dictionaries(KEYS, VALUES, max_size=100), others=st.lists(st.text(max_size=6), max_size=20))
def test_every_key_has_the_value_that_it_has_in_a_dict(entries: dict[str, Any], others: list[str]) -> None:
    compact: CompactDict[Any] = CompactDict(entries)
    asked = [*entries, *others, *(f"{key}\t" for key in entries), *(f"\n{key}" for key in entries)]
    assert [compact.get(key, "none") for key in asked] == [entries.get(key, "none") for key in asked]
    assert [key in compact for key in asked] == [key in entries for key in asked]
    assert list(compact) == sorted(entries)
    assert len(compact) == len(entries)


@pytest.mark.parametrize("key", ["two\nlines", "a\ttab"])
def test_a_key_that_would_end_an_entry_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="line break or tab"):
        CompactDict({key: 1})


def test_a_key_with_half_a_character_is_in_none() -> None:
    assert "\ud800" not in CompactDict({"a": 1, "\uffff": 2})


def test_it_takes_less_than_a_quarter_of_the_memory_of_a_dict() -> None:
    tracemalloc.start()
    try:
        entries = {f"word {number}": f"phonemes {number}" for number in range(20_000)}
        of_dict = tracemalloc.get_traced_memory()[0]
        compact = CompactDict(entries)
        del entries
        gc.collect()
        of_compact = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert compact["word 19999"] == "phonemes 19999"
    assert of_compact < of_dict / 4


def test_collection_is_off_during_a_call_only() -> None:
    assert without_collection(gc.isenabled) is False
    assert gc.isenabled()
