"""Decisions of the remote engines, over generated histories: which host is asked, and which samples are handed on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.remote.fake_server import sound
from voicestream.workers.engines.remote.failure import HostError, check_status, retry_after
from voicestream.workers.engines.remote.hosts import MAX_PAUSE_SECONDS, MAX_PROBE_SECONDS, PATIENCE_SECONDS, Hosts
from voicestream.workers.engines.remote.transfer import OVERLAP_FRAMES, SAMPLE_RATE, Transfer, max_frames

if TYPE_CHECKING:
    from collections.abc import Sequence

URLS = ("a", "b", "c")
TEXT = "hi"
SOUND = sound(TEXT, 1, per_character=20)


def head(transfer: Transfer, *, status: int = 200, is_delimited: bool = True, **headers: str) -> None:
    transfer.head(status, {name.replace("_", "-"): value for name, value in headers.items()}, is_delimited=is_delimited)


@given(st.lists(st.tuples(st.sampled_from(["fail", "do", "probe", "wait"]), st.floats(0, 3)), max_size=60))
@settings(deadline=None)
def test_a_host_that_works_is_always_found_and_one_that_failed_rests(steps: Sequence[tuple[str, float]]) -> None:
    hosts, now = Hosts(URLS), 0.0
    failed_at: dict[str, float] = {}
    for step, seconds in steps:
        now += seconds
        choice = hosts.choose(now)
        assert (choice.host is not None) == (choice.at <= now)
        if len(failed_at) < len(URLS):
            assert choice.is_up, "a host that did not fail is asked before any other"
            assert choice.host == next(url for url in URLS if url not in failed_at), "in the order of the list"
        elif choice.host is not None:
            assert now >= failed_at[choice.host] + 0.25
        else:
            assert choice.at <= min(failed_at.values()) + 1.0
        if step == "fail" and choice.host is not None:
            hosts.failed(choice.host, now)
            failed_at[choice.host] = now
        elif step == "do" and choice.host is not None:
            hosts.succeeded(choice.host)
            failed_at.pop(choice.host, None)
        elif step == "probe" and (probed := hosts.take_probe(now)) is not None:
            assert probed in failed_at, "only hosts that failed are probed"
            hosts.probed(probed, now, is_alive=seconds > 1)
            if seconds > 1:
                failed_at.pop(probed)


def test_an_outage_ends_with_a_probe_and_a_second_failure_begins_it_at_once() -> None:
    hosts = Hosts(URLS[:1])
    hosts.failed("a", 0.0)
    hosts.gave_up()
    assert not hosts.is_available
    assert hosts.take_probe(0.1) is None
    assert hosts.take_probe(0.6) == "a"
    assert hosts.take_probe(5.0) is None, "its result is not known yet"
    hosts.probed("a", 5.0, is_alive=True)
    assert hosts.is_available
    assert hosts.patience_seconds == 0, "a probe alone proves little"
    hosts.succeeded("a")
    assert hosts.patience_seconds == PATIENCE_SECONDS


def test_probes_of_a_dead_host_become_rare_but_do_not_end() -> None:
    hosts, now, probes = Hosts(URLS[:1]), 0.0, 0
    hosts.failed("a", now)
    while now < 100:
        now += 0.1
        if hosts.take_probe(now):
            probes += 1
            hosts.probed("a", now, is_alive=False)
    assert 100 / MAX_PROBE_SECONDS <= probes <= 20


def test_a_host_may_ask_for_a_pause_but_not_for_any() -> None:
    hosts = Hosts(URLS[:1])
    hosts.failed("a", 0.0, pause=5.0)
    assert hosts.choose(4.9).at == 5.0
    hosts.failed("a", 5.0, pause=1e9)
    assert hosts.choose(6.0).at == 5.0 + MAX_PAUSE_SECONDS
    assert hosts.choose(0.0, excluded={"a"}).at == math.inf
    assert [retry_after(text) for text in ("3", "-1", "nan", "inf", "soon")] == [3, 0, 0, 0, 0]


@given(
    st.lists(
        st.tuples(st.sampled_from(["end", "cut", "other", "empty", "plain"]), st.integers(0, len(SOUND))), max_size=8
    ),
    st.integers(1, 37),
    st.booleans(),
)
@settings(deadline=None)
def test_however_a_transfer_is_cut_the_samples_are_those_of_one_that_was_not(
    attempts: Sequence[tuple[str, int]],
    chunk: int,
    honours_skip: bool,  # noqa: FBT001 - hypothesis passes it
) -> None:
    """Every history of attempts gives a beginning of the sound, and all of it if one attempt ends regularly."""
    transfer, received = Transfer(len(TEXT)), b""
    refusals: list[tuple[bool, bool]] = []
    for kind, at in [*attempts, ("end", 0)]:
        skipped = transfer.skip if honours_skip else 0
        body = SOUND[2 * skipped :]
        begun = transfer.frames > 0
        names = {} if kind == "plain" else {"x_reproducible": "other" if kind == "other" else "one"}
        sent = body if kind in ("end", "plain") else b"" if kind == "empty" else body[:at]
        try:
            head(transfer, x_skipped=str(skipped), **names)
            for start in range(0, len(sent), chunk):
                received += transfer.data(sent[start : start + chunk])
            if kind in ("end", "plain", "empty"):
                received += transfer.end()
                break
        except HostError as error:
            refusals.append((error.is_refusal, begun and kind in ("other", "plain")))
        if kind == "other" and transfer.frames:
            return  # the first host was the other one: those after it are refused
    assert all(is_refusal == is_expected for is_refusal, is_expected in refusals)
    assert len(received) == 2 * transfer.frames
    assert received == SOUND


def whole(headers: dict[str, str], body: bytes) -> bytes:
    transfer = Transfer(1)
    head(transfer, **headers)
    return transfer.data(body) + transfer.end()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"x_frames": "3"}, b"1234"),
        ({}, b"123"),
        ({}, b""),
        ({"x_frames": "many"}, b"12"),
        ({"x_skipped": "7"}, b"12"),
        ({"content_type": "audio/mpeg"}, b"12"),
        ({"content_type": "text/html; charset=utf-8"}, b"12"),
        ({"x_sample_rate": "1"}, b"12"),
        ({"x_sample_rate": "22050", "x_reproducible": "one"}, b"12"),
    ],
)
def test_a_response_of_wrong_length_or_kind_is_a_failure(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(HostError):
        whole(headers, body)


def test_a_sentence_of_endless_sound_is_a_failure() -> None:
    with pytest.raises(HostError, match="more sound"):
        whole({"x_reproducible": "one"}, bytes(2 * 12 * SAMPLE_RATE))
    assert max_frames(10_000) == 600 * SAMPLE_RATE


def test_a_rest_that_does_not_continue_what_was_received_is_refused() -> None:
    transfer = Transfer(len(TEXT))
    head(transfer, x_reproducible="one")
    assert transfer.data(SOUND[:400]) == SOUND[:400]
    assert transfer.skip == 200 - OVERLAP_FRAMES
    head(transfer, x_reproducible="one", x_skipped=str(transfer.skip))
    with pytest.raises(HostError, match="voice differs"):
        transfer.data(SOUND[2 * transfer.skip + 2 :])


def test_a_body_whose_cut_would_not_be_noticed_is_not_played_while_it_arrives() -> None:
    transfer = Transfer(1)
    head(transfer, x_reproducible="one", is_delimited=False)
    assert transfer.data(b"1234") == b""
    assert transfer.end() == b"1234"


@pytest.mark.parametrize(
    ("status", "is_refusal", "pause"), [(302, False, 0), (400, True, 7), (401, False, 30), (503, False, 7)]
)
def test_a_status_decides_what_happens_next(status: int, is_refusal: object, pause: float) -> None:
    with pytest.raises(HostError) as caught:
        check_status(status, {"retry-after": "7"})
    assert (caught.value.is_refusal, caught.value.pause_seconds) == (is_refusal, pause if status != 302 else 0)
