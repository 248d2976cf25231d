"""Which slots are free: none is given twice, none is lost, and the next to be heard always has some."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from voicestream.supervisor.ledger.slots import RESERVED_SHARE, SlotTable


def test_a_new_table_has_all_slots_free() -> None:
    table = SlotTable(8)
    assert table.free == 8
    assert sorted(table.lease(8, urgent=True)) == list(range(8))
    assert table.free == 0


def test_there_are_never_more_than_there_are() -> None:
    table = SlotTable(8)
    assert len(table.lease(5, urgent=True)) == 5
    assert len(table.lease(5, urgent=True)) == 3
    assert table.lease(5, urgent=True) == []


def test_what_is_made_ahead_leaves_the_reserve_alone() -> None:
    table = SlotTable(8)
    assert table.available(urgent=False) == 8 - 8 // RESERVED_SHARE
    ahead = table.lease(8, urgent=False)
    assert len(ahead) == 6
    assert table.available(urgent=False) == 0
    assert len(table.lease(8, urgent=True)) == 2
    assert table.available(urgent=False) == 0


@pytest.mark.parametrize("wrong", [-1, 4, 3])
def test_a_slot_that_nobody_has_leased_cannot_be_given_back(wrong: int) -> None:
    table = SlotTable(4)
    leased = table.lease(3, urgent=True)
    assert 3 not in leased
    with pytest.raises(ValueError, match=f"slot {wrong} is not leased"):
        table.release([wrong])


def test_a_slot_cannot_be_given_back_twice() -> None:
    table = SlotTable(4)
    leased = table.lease(2, urgent=True)
    table.release(leased)
    with pytest.raises(ValueError, match="is not leased"):
        table.release(leased[:1])
    with pytest.raises(ValueError, match="is not leased"):
        table.release([*table.lease(1, urgent=True)] * 2)


@given(total=st.integers(0, 10), count=st.integers(-3, 12))
def test_nonsense_leases_nothing(total: int, count: int) -> None:
    table = SlotTable(total)
    assert len(table.lease(count, urgent=True)) == max(0, min(count, total))


class SlotTableMachine(RuleBasedStateMachine):
    """Leases and releases in any order, against a plain set."""

    def __init__(self) -> None:
        super().__init__()
        self.table = SlotTable(12)
        self.leased: set[int] = set()

    @rule(count=st.integers(0, 14), urgent=st.booleans())
    def lease(self, count: int, urgent: bool) -> None:  # noqa: FBT001 - hypothesis passes it by name
        expected = min(count, self.table.available(urgent=urgent))
        granted = self.table.lease(count, urgent=urgent)
        assert len(granted) == expected
        assert not set(granted) & self.leased, "given twice"
        self.leased.update(granted)

    @precondition(lambda self: self.leased)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        some = data.draw(st.sets(st.sampled_from(sorted(self.leased)), min_size=1))
        self.table.release(some)
        self.leased -= some

    @invariant()
    def none_is_lost(self) -> None:
        assert self.table.free == 12 - len(self.leased)
        assert self.table.available(urgent=True) == self.table.free
        assert self.table.available(urgent=False) == max(0, self.table.free - 12 // RESERVED_SHARE)


SlotTableMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=30)
TestSlotTable = SlotTableMachine.TestCase
