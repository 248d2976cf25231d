"""The pictures of the documentation show what the program prints, and are drawn from their recordings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from helpers.pictures import svg
from helpers.pictures.pages import CAPTIONS, MAX_SOUND_BYTES, SOUND, STATUS, captions_lines, drawn, status_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.pictures.pages import Picture

DRAWN = [(CAPTIONS, captions_lines), (STATUS, status_lines)]


@pytest.mark.parametrize(("picture", "lines"), DRAWN, ids=["captions", "status"])
def test_a_picture_is_what_its_recording_gives_today(picture: Picture, lines: Callable[[], list[str]]) -> None:
    assert picture.file.read_text(encoding="utf-8") == drawn(picture, lines()), "make pictures"


@pytest.mark.parametrize("picture", [CAPTIONS, STATUS], ids=["captions", "status"])
def test_a_picture_loads_nothing_and_names_nothing_of_the_machine_that_made_it(picture: Picture) -> None:
    text = picture.file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|url\(|@import|<script|<image|/home/|/root/|/tmp/", text)


def test_an_overwritten_line_is_not_drawn_and_a_wide_character_keeps_the_grid() -> None:
    lines = svg.shown("loading\r\x1b[2K🔊 Hello \x1b[2mworld\x1b[0m\r\n\r\n")
    assert svg.plain(lines) == ["🔊 Hello world"]
    assert svg.runs(lines[0]) == [
        svg.Run(0, "🔊", ""),
        svg.Run(2, " Hello ", ""),
        svg.Run(9, "world", "dim"),
    ]
    with pytest.raises(ValueError, match="wider than 80 cells"):
        svg.picture(["x" * 81], "", "")


def test_the_sound_is_small_enough_for_a_page() -> None:
    assert SOUND.read_bytes()[:4] == b"OggS"
    assert SOUND.stat().st_size <= MAX_SOUND_BYTES
