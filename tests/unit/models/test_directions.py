"""Routes by installed models of single directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from voicestream.models import directions, manifest
from voicestream.models.manifest import Manifest

if TYPE_CHECKING:
    from pathlib import Path

INSTALLED = {("en", "pt"), ("pt", "en"), ("en", "zh"), ("de", "en"), ("es", "pt")}


@pytest.mark.parametrize(
    ("source", "target", "legs"),
    [
        ("en", "pt", [("en", "pt")]),
        ("en-US", "pt-BR", [("en", "pt")]),
        ("de", "pt", [("de", "en"), ("en", "pt")]),
        ("es", "pt", [("es", "pt")]),
        ("en", "de", []),
        ("pt", "de", []),
        ("pt", "pt-BR", []),
        ("en", "zh", [("en", "zh")]),
        ("en", "zh-TW", []),
        ("en", "no such language", []),
    ],
)
def test_a_route_has_one_direction_or_two_through_english(
    source: str, target: str, legs: list[tuple[str, str]]
) -> None:
    assert directions.route(INSTALLED, source, target) == legs


def plant(store: Path, name: str, direction: tuple[str, str] | None) -> None:
    (store / name).mkdir(parents=True)
    found = Manifest(
        name=name, repository="r", revision="", licence="mpl-2.0", finished="2026-01-01", files={}, direction=direction
    )
    manifest.write(store / name, found)


def test_what_is_installed_is_known_by_manifests(tmp_path: Path) -> None:
    plant(tmp_path, "firefox-en-pt", ("en", "pt"))
    plant(tmp_path, "other", None)
    plant(tmp_path, "damaged", ("en", "de"))
    (tmp_path / "damaged" / manifest.NAME).write_text("{", encoding="utf-8")
    assert directions.installed(str(tmp_path)) == {("en", "pt"): tmp_path / "firefox-en-pt"}
    assert directions.installed(str(tmp_path / "firefox-en-pt")) == {("en", "pt"): tmp_path / "firefox-en-pt"}
    assert directions.installed(str(tmp_path / "nothing")) == {}
    assert directions.as_setting(str(tmp_path), "en", "pt-BR") == "en-pt"
    assert directions.as_setting(str(tmp_path), "en", "ja") == ""
