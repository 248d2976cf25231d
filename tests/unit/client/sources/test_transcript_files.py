"""Transcript files of a directory: which are found, and in which order they have changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from voicestream.client.sources import transcript_files

if TYPE_CHECKING:
    from pathlib import Path


def test_only_regular_files_with_the_suffix_are_found_at_any_depth(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    for name in ("one.jsonl", "a/two.jsonl", "a/b/three.jsonl", "a/other.txt"):
        (tmp_path / name).write_text("")
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "loop.jsonl").symlink_to("loop.jsonl")
    (tmp_path / "zero.jsonl").symlink_to("/dev/zero")
    (tmp_path / "dir.jsonl").mkdir()
    (deep / "up").symlink_to(tmp_path)
    found = {path.relative_to(tmp_path).as_posix() for path in transcript_files.versions(tmp_path)}
    assert found == {"one.jsonl", "a/two.jsonl", "a/b/three.jsonl"}
    assert transcript_files.versions(tmp_path / "nothing") == {}
    assert set(transcript_files.versions(tmp_path / "a" / "other.txt")) == {tmp_path / "a" / "other.txt"}


def test_changes_come_in_the_order_of_writing(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.jsonl" for name in "abc"]
    for number, path in enumerate(paths):
        path.write_text("x")
        os.utime(path, ns=(0, 1000 - number))
    before = transcript_files.versions(tmp_path)
    assert transcript_files.newest(before) == paths[0]
    assert transcript_files.changed({}, before) == [paths[2], paths[1], paths[0]]
    os.utime(paths[1], ns=(0, 5000))
    assert transcript_files.changed(before, transcript_files.versions(tmp_path)) == [paths[1]]
    assert transcript_files.newest({}) is None
