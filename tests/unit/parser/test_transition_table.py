"""The compact table of transitions has the states of the whole one."""

from __future__ import annotations

from array import array

import numpy as np
import pytest

from voicestream.workers.parser.wording.transition_table import TransitionTable


@pytest.mark.parametrize("typecode", ["H", "I"])
@pytest.mark.parametrize("different", [1, 7, 300])
def test_every_state_is_found_and_equal_rows_take_their_memory_once(typecode: str, different: int) -> None:
    draw = np.random.default_rng(different)
    rows = draw.integers(0, 60_000, (different, 256))
    whole = array(typecode, rows[draw.integers(0, different, 400)].ravel().tolist())
    table = TransitionTable(whole)
    assert [table[index] for index in range(len(whole))] == whole.tolist()
    assert len(table._blocks) <= different * 256


def test_blocks_that_only_look_alike_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "einsum", lambda _, words, __: np.zeros(len(words), np.uint64))
    whole = array("I", range(4 * 256))
    table = TransitionTable(whole)
    assert [table[index] for index in range(len(whole))] == whole.tolist()
