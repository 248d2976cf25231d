"""Keys from the bytes of a terminal, and the requests they become."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestream.client.keyboard.key_control import request
from voicestream.client.keyboard.key_decoder import KeyDecoder


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b" ", ["pause"]),
        (b"qQ", ["quit", "quit"]),
        (b"\x1b[C\x1b[D", ["skip", "back"]),
        (b"\x1bOC\x1bOD", ["skip", "back"]),
        (b"\x1b[A\x1b[B\x1b[3~\x1b[15~x\n", []),
        (b"\x1b[1;5C\x1b[1;2D", []),
        (b"\x1b\x1b[C", ["skip"]),
        (b"\x1bq", ["quit"]),
        (b"\xc3\xbc\xff\x00", []),
    ],
)
def test_keys_are_decoded_and_others_ignored(data: bytes, keys: list[str]) -> None:
    assert KeyDecoder().feed(data) == keys


@given(
    data=st.lists(st.sampled_from([b" ", b"q", b"\x1b[C", b"\x1bOD", b"\x1b[1;5C", b"x", b"\x1b"])),
    cut=st.integers(1, 4),
)
def test_it_does_not_matter_how_the_bytes_are_cut(data: list[bytes], cut: int) -> None:
    whole = b"".join(data)
    decoder = KeyDecoder()
    found = [key for at in range(0, len(whole), cut) for key in decoder.feed(whole[at : at + cut])]
    assert found == KeyDecoder().feed(whole)


def test_a_key_concerns_what_is_heard_and_only_q_the_own_session() -> None:
    assert [request("pause", "s1", is_paused=paused).action for paused in (False, True)] == ["pause", "resume"]
    assert [request(key, "s1", is_paused=False).action for key in ("skip", "back", "quit")] == ["skip", "back", "stop"]
    assert [request(key, "s1", is_paused=False).session for key in ("pause", "skip", "quit")] == ["", "", "s1"]
