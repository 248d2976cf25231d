"""When a worker is started again, and when not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestream.errors import EXIT_CONFIGURATION
from voicestream.supervisor.processes.restart_policy import (
    FIRST_BACKOFF_SECONDS,
    MAX_BACKOFF_SECONDS,
    MAX_ENDS,
    STABLE_SECONDS,
    WINDOW_SECONDS,
    End,
    GiveUp,
    StartAt,
    StayDown,
    backoff_seconds,
    decide,
)


def died(
    at: float, *, ready: float = 0.0, exit_code: int | None = None, requested: bool = False, worked: bool = False
) -> End:
    return End(at=at, ready_seconds=ready, exit_code=exit_code, requested=requested, worked=worked)


ENDS = st.lists(
    st.builds(
        End,
        at=st.floats(0, 200),
        ready_seconds=st.sampled_from([0.0, 1.0, STABLE_SECONDS, 100.0]),
        exit_code=st.sampled_from([None, 0, 1, EXIT_CONFIGURATION]),
        requested=st.booleans(),
        worked=st.booleans(),
    ),
    min_size=1,
    max_size=16,
).map(lambda ends: sorted(ends, key=lambda end: end.at))


def test_the_first_end_is_followed_by_a_start_almost_at_once() -> None:
    assert decide([died(10.0)], wanted=True) == StartAt(10.0 + FIRST_BACKOFF_SECONDS)


def test_each_further_end_in_a_row_doubles_the_wait() -> None:
    ends = [died(10.0), died(10.5), died(11.0), died(12.0)]
    waits: list[float] = []
    for count in range(1, len(ends) + 1):
        decision = decide(ends[:count], wanted=True)
        assert isinstance(decision, StartAt)
        waits.append(decision.at - ends[count - 1].at)
    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.8])


@given(row=st.integers(1, 1000))
def test_the_wait_stays_within_its_limits(row: int) -> None:
    assert FIRST_BACKOFF_SECONDS <= backoff_seconds(row) <= MAX_BACKOFF_SECONDS
    assert backoff_seconds(row) <= backoff_seconds(row + 1)


def test_too_many_ends_in_a_short_time_and_the_role_has_failed() -> None:
    ends = [died(10.0 + number) for number in range(MAX_ENDS)]
    assert isinstance(decide(ends[:-1], wanted=True), StartAt)
    assert decide(ends, wanted=True) == GiveUp("it ended 5 times within 60 s")


def test_ends_long_ago_do_not_count() -> None:
    ends = [died(10.0 + number) for number in range(MAX_ENDS - 1)]
    assert isinstance(decide([*ends, died(10.0 + WINDOW_SECONDS)], wanted=True), GiveUp)
    assert decide([*ends, died(14.0 + WINDOW_SECONDS)], wanted=True) == StartAt(74.0 + FIRST_BACKOFF_SECONDS)


@pytest.mark.parametrize("better", [died(13.0, ready=STABLE_SECONDS), died(13.0, worked=True)])
def test_a_worker_that_was_stable_or_did_something_starts_the_count_again(better: End) -> None:
    before = [died(10.0 + number) for number in range(3)]
    assert decide([*before, better], wanted=True) == StartAt(13.0 + FIRST_BACKOFF_SECONDS)
    assert decide([*before, better, died(14.0)], wanted=True) == StartAt(14.0 + 2 * FIRST_BACKOFF_SECONDS)


def test_a_worker_that_was_ready_for_almost_long_enough_does_not() -> None:
    ends = [died(10.0), died(11.0, ready=STABLE_SECONDS - 0.01)]
    assert decide(ends, wanted=True) == StartAt(11.0 + 2 * FIRST_BACKOFF_SECONDS)


def test_whoever_works_between_its_ends_is_started_again_for_ever() -> None:
    ends = [died(10.0 + number / 10, worked=True) for number in range(100)]
    assert decide(ends, wanted=True) == StartAt(ends[-1].at + FIRST_BACKOFF_SECONDS)


def test_a_wished_end_is_followed_by_a_start_at_once_and_forgives_what_was_before() -> None:
    before = [died(10.0 + number) for number in range(MAX_ENDS - 1)]
    requested = died(15.0, exit_code=0, requested=True)
    assert decide([*before, requested], wanted=True) == StartAt(15.0)
    assert decide([*before, requested, died(16.0)], wanted=True) == StartAt(16.0 + FIRST_BACKOFF_SECONDS)


def test_a_wrong_configuration_is_not_tried_again() -> None:
    assert decide([died(10.0, exit_code=EXIT_CONFIGURATION)], wanted=True) == GiveUp("its configuration is wrong")


@pytest.mark.parametrize("requested", [False, True])
def test_a_worker_of_another_version_is_not_tried_again(*, requested: bool) -> None:
    end = End(at=5.0, ready_seconds=0.0, exit_code=0, requested=requested, incompatible="it speaks protocol 99")
    assert decide([end], wanted=True) == GiveUp("it speaks protocol 99")


def test_a_wrong_configuration_on_a_wished_end_is_no_reason_to_stay_down() -> None:
    """The engine that is wanted next may be another one."""
    end = died(10.0, exit_code=EXIT_CONFIGURATION, requested=True)
    assert decide([end], wanted=True) == StartAt(10.0)


@given(ends=ENDS)
def test_nothing_is_started_when_nothing_is_wanted(ends: list[End]) -> None:
    assert decide(ends, wanted=False) == StayDown()


@given(ends=ENDS)
def test_a_start_is_never_in_the_past_nor_far_away_and_giving_up_says_why(ends: list[End]) -> None:
    match decide(ends, wanted=True):
        case StartAt(at=at):
            assert ends[-1].at <= at <= ends[-1].at + MAX_BACKOFF_SECONDS
        case GiveUp(reason=reason):
            assert reason
            assert not ends[-1].requested
        case StayDown():
            raise AssertionError("it is wanted")


@given(ends=ENDS, later=st.floats(0, 1e6))
def test_only_differences_of_time_matter(ends: list[End], later: float) -> None:
    ends = [died(round(end.at), ready=end.ready_seconds, requested=end.requested, worked=end.worked) for end in ends]
    moved = [
        died(end.at + round(later), ready=end.ready_seconds, requested=end.requested, worked=end.worked) for end in ends
    ]
    one, other = decide(ends, wanted=True), decide(moved, wanted=True)
    assert type(one) is type(other)
    if isinstance(one, StartAt) and isinstance(other, StartAt):
        assert other.at - round(later) == pytest.approx(one.at)


def test_what_the_system_has_no_room_for_is_tried_again_for_half_a_minute() -> None:
    """Out of descriptors or memory: that mostly passes, and the worker has done nothing wrong."""
    refusals: list[End] = []
    at = 100.0
    while True:
        refusals.append(End(at=at, ready_seconds=0.0, exit_code=None, requested=False, refused=True))
        decision = decide(refusals, wanted=True)
        if not isinstance(decision, StartAt):
            break
        assert decision.at == at + backoff_seconds(len(refusals))
        at = decision.at
    assert isinstance(decision, GiveUp)
    assert 30 < at - 100.0 < 60


def test_refusals_are_no_deaths() -> None:
    refusals = [
        End(at=100.0 + number, ready_seconds=0.0, exit_code=None, requested=False, refused=True) for number in range(4)
    ]
    deaths = [died(110.0 + number) for number in range(MAX_ENDS)]
    assert isinstance(decide([*refusals, *deaths[:-1]], wanted=True), StartAt)
    assert isinstance(decide([*refusals, *deaths], wanted=True), GiveUp)
