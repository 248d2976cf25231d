"""Workers are killed, frozen and restarted all the time while four sessions speak: every sample comes out once."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.chaos import chaos_sound, chaos_table
from helpers.chaos.chaos_faults import HARSHNESS, Fault, Recovery, recoveries
from helpers.chaos.chaos_ground import Held
from helpers.chaos.chaos_run import Result, chaos

if TYPE_CHECKING:
    from collections.abc import Iterable

    from helpers.chaos.chaos_faults import Kind

TEXTS = [chaos_sound.translated(chaos_sound.text_of(2, sentence), "en", "es") for sentence in range(40)]


@pytest.mark.slow
def test_no_sentence_is_lost_doubled_or_out_of_order_and_no_sample_is_wrong() -> None:
    result = chaos(seed=1, sentences=320)
    report = chaos_table.report([result], {})
    assert result.troubles == [], report
    assert (result.missing, result.doubled, result.out_of_order, result.corrupt) == (0, 0, 0, 0), report
    assert result.faults.total() >= 11, report
    assert set(result.faults) == set(HARSHNESS), report
    assert result.before is not None
    assert result.after is not None
    assert result.after.descriptors == result.before.descriptors, report
    assert result.after.threads == result.before.threads, report
    assert result.after.segments == result.before.segments == 1, report
    # How soon is in the report; here, that an end is seen as such, and not by a silence. Some were frozen before.
    killed = [one for one in result.recoveries if one.kind == "SIGKILL"]
    assert sum("died" in one.reason for one in killed) > len(killed) / 2, report


def sounds(order: Iterable[int]) -> list[chaos_sound.Samples]:
    return [chaos_sound.sound_of(TEXTS[sentence]) for sentence in order]


def checked(pieces: Iterable[chaos_sound.Samples]) -> tuple[int, int, int, int]:
    """Missing, doubled, out of order, corrupt."""
    heard = chaos_sound.check(np.concatenate([*pieces, np.zeros(0, np.int16)]), 2, TEXTS)
    return heard.missing, heard.doubled, heard.out_of_order, heard.corrupt


def test_the_check_finds_nothing_where_nothing_is_wrong() -> None:
    assert checked(sounds(range(40))) == (0, 0, 0, 0)


def test_the_check_finds_what_is_missing_doubled_and_out_of_order() -> None:
    assert checked([]) == (40, 0, 0, 0)
    assert checked(sounds([*range(7), *range(9, 40)])) == (2, 0, 0, 0)
    assert checked(sounds([*range(39)])) == (1, 0, 0, 0)
    assert checked(sounds([*range(8), *range(7, 40)])) == (0, 1, 0, 0)
    assert checked(sounds([*range(7), 8, 7, *range(9, 40)])) == (0, 0, 1, 0)
    assert checked(sounds([*range(1, 40), 0])) == (0, 0, 1, 0)


@pytest.mark.parametrize("seed", range(5))
def test_the_check_finds_every_sample_that_is_wrong(seed: int) -> None:
    random = Random(seed)
    sentence = random.randrange(40)
    pieces = sounds(range(40))
    sound = pieces[sentence].copy()
    at = random.randrange(chaos_sound.HEAD_FRAMES, len(sound))
    sound[at] ^= 1
    pieces[sentence] = sound
    assert checked(pieces) == (0, 0, 0, 1)


def test_the_check_finds_samples_that_were_left_out_put_in_or_never_translated() -> None:
    whole = sounds(range(40))
    assert checked([*whole[:5], whole[5][:-100], *whole[6:]])[:3] == (0, 0, 0)
    assert checked([*whole[:5], whole[5][:-100], *whole[6:]])[3] >= 100
    assert checked([*whole[:5], whole[5][:300], whole[5][200:], *whole[6:]])[3] >= 100
    assert checked([*whole[:39], whole[39][:-1]]) == (0, 0, 0, 1)
    assert checked([np.zeros(50, np.int16), *whole]) == (0, 0, 0, 50)
    assert checked([*whole, np.zeros(3, np.int16)]) == (0, 0, 0, 3)
    original = chaos_sound.sound_of(chaos_sound.text_of(2, 5))
    assert checked([*whole[:5], original, *whole[6:]])[3] > 100


def test_the_head_of_another_session_is_no_sentence_of_this_one() -> None:
    other = chaos_sound.sound_of(chaos_sound.translated(chaos_sound.text_of(3, 1), "en", "es"))
    assert checked([*sounds(range(40)), other]) == (0, 0, 0, len(other))


def worker_event(role: str, incarnation: int, state: str, time: float, reason: str | None = None) -> dict[str, object]:
    event = {"event": "worker", "role": role, "incarnation": incarnation, "state": state, "time": time}
    return event | ({"reason": reason} if reason else {})


def test_a_recovery_is_measured_from_the_fault_or_from_the_end_that_followed_it() -> None:
    faults = [
        Fault("SIGKILL", "tts", 1, at=10.0, ended_at=10.001),
        Fault("SIGTERM", "tts", 2, at=20.0, ended_at=20.4),
        # Frozen first, then killed: it was the kill that ended it.
        Fault("SIGSTOP", "player", 1, at=30.0, ended_at=31.001),
        Fault("SIGKILL", "player", 1, at=31.0, ended_at=31.001),
        # The sessions were over before anything was heard of it.
        Fault("SIGKILL", "player", 2, at=50.0, ended_at=50.0),
    ]
    events = [
        worker_event("tts", 1, "backoff", 10.02, "died"),
        worker_event("tts", 1, "backoff", 10.03, "died"),  # as another session was told
        worker_event("tts", 2, "starting", 10.12),
        worker_event("tts", 2, "ready", 10.32),
        worker_event("tts", 2, "backoff", 20.41, "died"),
        worker_event("tts", 3, "starting", 20.51),
        worker_event("player", 1, "backoff", 31.01, "died"),
        {"event": "playback_finished", "sentence": 1, "time": 32.0},
    ]
    found = recoveries(faults, events)
    kinds: list[tuple[Kind, str]] = [(one.kind, one.role) for one in found]
    assert kinds == [("SIGKILL", "tts"), ("SIGTERM", "tts"), ("SIGKILL", "player")]
    assert {one.reason for one in found} == {"died"}
    assert [one.noticed for one in found] == pytest.approx([0.02, 0.01, 0.01])
    assert [one.after_end for one in found] == pytest.approx([0.019, 0.01, 0.009])
    assert [found[0].started, found[0].ready, found[1].started] == pytest.approx([0.1, 0.2, 0.1])
    assert found[1].ready is found[2].started is found[2].ready is None


def test_the_report_shows_median_and_worst_and_who_met_the_goals() -> None:
    killed = [Recovery("SIGKILL", "tts", noticed=t / 1000, after_end=0.001, started=0.1, ready=0.2) for t in (4, 9, 70)]
    result = Result(
        seed=7,
        sentences=1000,
        seconds=30.2,
        faults=Counter({"SIGKILL": 3}),
        recoveries=[*killed, Recovery("SIGKILL", "tts", noticed=0.01, after_end=None, started=None, ready=None)],
        before=Held(memory=20_000_000, descriptors=29, threads=3, segments=1),
        after=Held(memory=20_100_000, descriptors=29, threads=3, segments=1),
    )
    report = chaos_table.report([result], {"cpu": "a fast one"})
    assert "| 7 | 1,000 | 30 s | 3 | 0 | 0 | 0 | 0 | 0 |" in report
    assert "| killed | 3 | 4 | 9.0 / 70 | 100 / 100 | 200 / 200 |" in report
    assert "death noticed within 50 ms: 3 of 4" in report
    assert "after another watcher had seen the end, noticed within 50 ms: 3 of 3, median / worst 1.0 / 1.0 ms" in report
    assert "replacement started within 250 ms: 3 of 3" in report
    assert "| 7 | 20.0 → 20.1 MB (+0.5%) | 29 → 29 | 3 → 3 | 1 → 1 |" in report
    assert "cpu: a fast one" in report
    assert result.is_clean
    result.corrupt = 1
    assert not result.is_clean
