"""Tails of transcript files: each line once and in order, whatever is done to the file."""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicestream.client.sources import transcript_lines
from voicestream.client.sources.tail import Tail

STEPS = st.lists(
    st.sampled_from(["append", "append", "tear", "truncate", "rewrite", "rotate", "shorten", "copy", "remove", "read"]),
    max_size=12,
)


def record(number: int, time: str = "2026-11-29T20:08:46.059Z") -> bytes:
    return json.dumps({"timestamp": time, "text": f"text {number}"}).encode() + b"\n"


def do(step: str, path: Path, new: bytes) -> None:
    """Change the file as an agent, a log rotation or a synchronization does; ``new`` is a line that it gets."""
    old = path.read_bytes() if path.exists() else b""
    match step:
        case "append" | "tear":
            with path.open("ab") as file:
                file.write(new)
        case "truncate":
            path.write_bytes(new)
        case "rewrite":
            path.write_bytes(old + new)
        case "shorten":
            path.write_bytes(b"".join(old.splitlines(keepends=True)[2:]) + new)
        case "rotate" | "copy":
            other = path.with_name("other")
            other.write_bytes(new if step == "rotate" else old + new)
            other.replace(path)
        case _:
            path.unlink(missing_ok=True)


@settings(max_examples=60)
@given(STEPS)
def test_each_line_comes_once_and_in_order(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.jsonl"
        tail = Tail(path)
        found: list[bytes] = []
        written: list[bytes] = []
        numbers = itertools.count()
        for step in [*steps, "append"]:
            if step not in ("read", "remove"):
                new = record(next(numbers))
                if step == "tear":
                    do("append", path, new[:9])
                    found += tail.read()
                    do("append", path, new[9:])
                else:
                    do(step, path, new)
                written.append(new)
            elif step == "remove":
                do(step, path, b"")
            found += tail.read()
        assert found == written


def test_reading_starts_at_the_end_and_with_the_whole_of_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    path.write_bytes(record(1) + record(2)[:20])
    tail = Tail(path, start=path.stat().st_size)
    assert tail.read() == []
    do("append", path, record(2)[20:] + record(3))
    assert tail.read() == [record(2), record(3)]
    assert tail.read() == []


def test_history_that_a_new_file_begins_with_is_skipped_and_what_follows_is_not(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    tail = Tail(path, since=transcript_lines.time_of(record(0, "2026-11-29T20:00:00Z")))
    header = b'{"kind":"main"}\n'
    old, new = record(1, "2026-11-29T19:59:59.9Z"), record(2, "2026-11-29T20:00:00.1Z")
    path.write_bytes(header + old + new + old)
    assert tail.read() == [header, new, old]


@pytest.mark.parametrize(
    "first",
    [
        b'{"sessionId":"x","projectHash":"y","kind":"subagent"}\n',
        b'{"parentUuid":null,"isSidechain":true,"type":"user"}\n',
        b'{"timestamp":"2026","type":"session_meta","payload":{"id":"1","parent_thread_id":"0"}}\n',
    ],
)
def test_files_of_sub_agents_are_silent(tmp_path: Path, first: bytes) -> None:
    path = tmp_path / "file.jsonl"
    path.write_bytes(first + record(1))
    tail = Tail(path)
    assert tail.read() == []
    do("append", path, record(2))
    assert tail.read() == []
    assert not transcript_lines.is_of_sub_agent(b'{"payload":{"parent_thread_id":null},"kind":"main"}')


def test_a_whole_object_without_its_line_end_is_taken_when_the_file_rests(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    path.write_bytes(b'{"torn":')
    tail = Tail(path)
    assert (tail.read(), tail.rest()) == ([], [])
    do("append", path, b'"no more"}')
    assert (tail.read(), tail.rest(), tail.rest()) == ([], [b'{"torn":"no more"}\n'], [])


def test_times_are_read_in_seconds_and_milliseconds_and_as_dates() -> None:
    for stamp in ("1795982926.059", "1795982926059", '"2026-11-29T20:08:46.059Z"', '"2026-11-29T21:08:46.059+01:00"'):
        assert transcript_lines.time_of(b'{"timestamp":%s}' % stamp.encode()) == pytest.approx(1795982926.059)
    for line in (b'{"timestamp":"soon"}', b"{", b"[]", b"{}", b'{"timestamp":null}'):
        assert transcript_lines.time_of(line) == float("inf")
