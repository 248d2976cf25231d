"""Every role, every fault, every moment: the path that was taken, the words that were heard, and what is left."""

from __future__ import annotations

import itertools
import re
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from helpers.audio.comparing import first_difference
from helpers.faults.matrix_cells import (
    CELLS,
    FAULTS,
    LIMIT_SECONDS,
    MOMENTS,
    ROLES,
    Cell,
    Expectation,
    expectation_of,
    together,
)
from helpers.faults.matrix_run import Matrix, Outcome
from helpers.faults.misbehaviour import MARKED, SLOW_START_SECONDS
from voicestream.errors import EXIT_CONFIGURATION
from voicestream.supervisor.processes.worker_events import ROLE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER_BYTES = 44
FRAME_BYTES = 2


@pytest.fixture(scope="module")
def matrix(request: pytest.FixtureRequest) -> Iterator[Matrix]:
    """Runs the cells of those tests that were asked for."""
    parameters = [getattr(item, "callspec", None) for item in request.session.items]
    cells = [found.params["cell"] for found in parameters if found is not None and "cell" in found.params]
    running = Matrix(cells)
    yield running
    running.close()


def test_the_table_has_every_role_with_every_fault_at_every_moment() -> None:
    assert (len(ROLES), len(FAULTS), len(MOMENTS)) == (4, 12, 4)
    assert {(cell.role, cell.fault, cell.moment) for cell in CELLS} == {*itertools.product(ROLES, FAULTS, MOMENTS)}
    assert len(CELLS) == 192
    for cell in CELLS:
        expectation_of(cell)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_the_path_is_the_expected_one_and_what_can_be_heard_is_heard_once(matrix: Matrix, cell: Cell) -> None:
    outcome, expected = matrix.outcome(cell), expectation_of(cell)
    assert_path(cell, outcome, expected)
    assert outcome.exit_code == expected.exit_code, str(outcome)
    if expected.exit_code == EXIT_CONFIGURATION:
        assert_ended_early(cell, outcome, expected)
    else:
        assert_told(outcome, expected)
    assert_sound(outcome, expected, matrix.undisturbed)
    if cell.moment == "stop":
        assert outcome.supervisor_exit == 0, str(outcome)


def assert_path(cell: Cell, outcome: Outcome, expected: Expectation) -> None:
    """Who misbehaved, how that ended, who took the place, and that nobody else was harmed."""
    ends = outcome.ends(cell.role)
    misbehaved = outcome.misbehaved
    assert len(misbehaved) == expected.workers, str(outcome)
    for incarnation in misbehaved:
        if expected.ends is None:
            assert ends == {}, str(outcome)
        else:
            assert re.fullmatch(expected.ends, ends[incarnation]), str(outcome)
        assert rungs_of(cell.role, incarnation, outcome) == expected.steps or not expected.steps, str(outcome)
    last = misbehaved[-1]
    if expected.successor is not None:
        assert re.fullmatch(expected.successor, ends[last + 1]), str(outcome)
    if expected.ends is not None and cell.moment != "stop" and expected.exit_code != EXIT_CONFIGURATION:
        ready = last + 1 + (expected.successor is not None)
        assert f"role={cell.role} incarnation={ready} state=ready" in outcome.supervisor_log, str(outcome)
    if cell.fault == "slow start" and cell.moment != "stop":
        assert seconds_to_load(cell.role, last + 1, outcome) >= SLOW_START_SECONDS - 0.1 > LIMIT_SECONDS, str(outcome)
    assert expected.worker_log.format(moment=cell.moment) in outcome.worker_log, str(outcome)
    assert re.search(expected.supervisor_log.format(role=cell.role), outcome.supervisor_log), str(outcome)
    for role in {*ROLES} - {*together(cell)}:
        assert all("shutdown" in how for how in outcome.ends(role).values()), str(outcome)


def rungs_of(role: str, incarnation: int, outcome: Outcome) -> tuple[str, ...]:
    """The steps of the ladder on which the supervisor tried to end a worker."""
    return tuple(re.findall(rf"role={role} incarnation={incarnation} stop=(\w+)", outcome.supervisor_log))


def seconds_to_load(role: str, incarnation: int, outcome: Outcome) -> float:
    """From Hello to Ready."""
    times: dict[str, datetime] = {}
    for when, state in re.findall(
        rf"(?m)^(.{{23}}) .* role={role} incarnation={incarnation} state=(\w+)", outcome.supervisor_log
    ):
        times[state] = datetime.fromisoformat(when)
    return (times["ready"] - times["loading"]).total_seconds()


def assert_told(outcome: Outcome, expected: Expectation) -> None:
    """Each sentence was found once and ended once, in order; what was lost was said."""
    assert outcome.sentences("playback_finished") == list(expected.played), str(outcome)
    told = [(e["event"], e["stage"], e.get("sentence")) for e in outcome.of("skipped") + outcome.of("failed")]
    lost = expected.lost
    assert told == ([(lost.event, lost.stage, lost.sentence)] if lost is not None else []), str(outcome)
    unplayed = {MARKED} if lost is not None and lost.stage in ("tts", "player") else set[int]()
    assert outcome.sentences("sentence_found") == sorted({*expected.played} | unplayed), str(outcome)
    for kind in ("translated", "speech_started", "speech_finished", "playback_started"):
        sentences = outcome.sentences(kind)
        assert len(sentences) == len({*sentences}), f"{kind}: {outcome}"
        assert {*expected.played} <= {*sentences}, f"{kind}: {outcome}"
    engines = {event["sentence"]: event["engine"] for event in outcome.of("translated")}
    is_original = lost is not None and lost.stage == "translation"
    assert [sentence for sentence, engine in engines.items() if engine == "none"] == [MARKED] * is_original, str(
        outcome
    )


def assert_ended_early(cell: Cell, outcome: Outcome, expected: Expectation) -> None:
    """What was found was played, in order, or else skipped; and the person reads what to type."""
    played = outcome.sentences("playback_finished")
    assert played == list(range(len(played))), str(outcome)
    assert len(played) >= len(expected.played), str(outcome)
    skipped = outcome.sentences("skipped")
    assert [*played, *skipped] == outcome.sentences("sentence_found"), str(outcome)
    assert re.fullmatch(expected.reason.format(role=cell.role, words=ROLE_WORDS[cell.role]), outcome.reason), str(
        outcome
    )


def assert_sound(outcome: Outcome, expected: Expectation, undisturbed: Outcome) -> None:
    """The file has every sample of the sentences that were played, and no other."""
    assert undisturbed.exit_code == 0, undisturbed
    pieces = cut(undisturbed)
    sound = outcome.sound[HEADER_BYTES:]
    before, marked, after = b"".join(pieces[:MARKED]), pieces[MARKED], b"".join(pieces[MARKED + 1 :])
    between = sound.removeprefix(before).removesuffix(after)
    match expected.sound:
        case "whole":
            # Not the sounds themselves: pytest would take an hour to show how they differ.
            assert first_difference(outcome.sound, undisturbed.sound) is None, str(outcome)
        case "only a beginning":
            assert undisturbed.sound[HEADER_BYTES:].startswith(sound), str(outcome)
            assert len(sound) >= sum(map(len, pieces[: len(expected.played)])), str(outcome)
        case "without the marked":
            assert first_difference(sound, before + after) is None, str(outcome)
        case "part of the marked" | "marked in another voice":
            assert first_difference(sound, before + between + after) is None, str(outcome)
            assert between not in (b"", marked), str(outcome)
            if expected.sound == "part of the marked":
                same = sum(
                    1 for _ in itertools.takewhile(lambda two: two[0] == two[1], zip(between, marked, strict=False))
                )
                # Where the one behind it had its place already, what is missing is silence.
                assert same, str(outcome)
                assert not between[same:].strip(b"\0"), str(outcome)


def cut(undisturbed: Outcome) -> list[bytes]:
    """The samples of each sentence."""
    pieces: list[bytes] = []
    at = HEADER_BYTES
    for event in undisturbed.of("playback_finished"):
        pieces.append(undisturbed.sound[at : at + event["frames"] * FRAME_BYTES])
        at += event["frames"] * FRAME_BYTES
    assert at == len(undisturbed.sound)
    return pieces
