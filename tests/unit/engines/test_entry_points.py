"""Entry points are those that ``importlib.metadata`` finds."""

from __future__ import annotations

import importlib.metadata
import zipfile
from typing import TYPE_CHECKING

import pytest

from voicestream.engines import entry_points

if TYPE_CHECKING:
    from pathlib import Path

GROUP = "voicestream.test"


def put(site: Path, package: str, text: str | bytes) -> None:
    information = site / f"{package}-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
    (information / "entry_points.txt").write_bytes(text if isinstance(text, bytes) else text.encode())


def expected(group: str) -> set[tuple[str, str]]:
    return {(entry.name, entry.value) for entry in importlib.metadata.entry_points(group=group)}


def found(group: str) -> set[tuple[str, str]]:
    return {(entry.name, entry.value) for entry in entry_points.of_group(group)}


def test_those_of_this_environment_are_found() -> None:
    groups = importlib.metadata.entry_points().groups
    assert "voicestream.synthesizers" in groups
    for group in groups:
        assert found(group) == expected(group), group


def test_the_first_package_of_a_name_counts_and_what_is_unreadable_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(
        tmp_path / "a",
        "one_more",
        f"[other]\na = b:C\n\n[{GROUP}]\n# not this = one\n first = m.n:A.b [extra]\nsecond=x\n",
    )
    put(tmp_path / "a", "two", f"[{GROUP}]\nfirst = z:A\n")
    put(tmp_path / "b", "One.More", f"[{GROUP}]\nhidden = h:H\n")
    (tmp_path / "b" / "none-1.0.dist-info").mkdir()
    for site in ("missing", "b", "a"):
        monkeypatch.syspath_prepend(tmp_path / site)
    assert found(GROUP) == expected(GROUP) == {("first", "m.n:A.b [extra]"), ("second", "x"), ("first", "z:A")}
    put(tmp_path / "b", "broken", b"\xff\xfe[")
    assert {entry.package for entry in entry_points.of_group(GROUP)} == {"one-more", "two"}


def test_a_zip_file_has_some_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as packed:
        packed.writestr("packed-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: packed\nVersion: 1.0\n")
        packed.writestr("packed-1.0.dist-info/entry_points.txt", f"[{GROUP}]\npacked = os.path:join\n")
    monkeypatch.syspath_prepend(tmp_path / "packed.zip")
    assert found(GROUP) == {("packed", "os.path:join")}


@pytest.mark.parametrize("value", ["os.path:join", "os:path.join", " os.path : join [extra] "])
def test_the_object_is_imported(value: str) -> None:
    import os

    assert entry_points.EntryPoint("n", value, "p").load() is os.path.join


def test_a_module_alone_is_the_object() -> None:
    import json

    assert entry_points.EntryPoint("n", "json", "p").load() is json
