"""Apertium's mode files, read without a shell."""

from __future__ import annotations

import pytest

from voicestream.workers.engines.apertium.mode_file import ModeFileError, stages


def test_a_row_of_programs_becomes_null_flushing_commands() -> None:
    text = "lt-proc '/a b/eng.bin' | apertium-tagger -g $2 '/p' |\napertium-pretransfer|lt-proc $1 \"/g\"\n"
    assert stages(text) == [
        ["lt-proc", "-z", "/a b/eng.bin"],
        ["apertium-tagger", "-z", "-g", "/p"],
        ["apertium-pretransfer", "-z"],
        ["lt-proc", "-z", "-n", "/g"],
    ]


@pytest.mark.parametrize(
    "text",
    [
        "lt-proc '/a'; rm -rf /",
        "lt-proc '/a' && true",
        "lt-proc '/a' || true",
        "lt-proc $(id) '/a'",
        "lt-proc `id` '/a'",
        "lt-proc $HOME/a",
        "lt-proc '/a' > /b",
        "lt-proc < /b",
        "(lt-proc '/a')",
        "lt-proc '/a' &",
    ],
)
def test_what_needs_a_shell_is_refused(text: str) -> None:
    with pytest.raises(ModeFileError, match="needs a shell"):
        stages(text)


@pytest.mark.parametrize("text", ["rm -rf /", "lt-proc '/a' | sed s/a/b/", "/b/lt-proc '/a'", "./lt-proc '/a'"])
def test_other_programs_are_refused(text: str) -> None:
    with pytest.raises(ModeFileError, match="null-flush"):
        stages(text)


@pytest.mark.parametrize("text", ["", "  \n", "lt-proc '/a' |", "| lt-proc '/a'", "lt-proc '/a' | | lt-proc '/b'"])
def test_an_empty_stage_is_refused(text: str) -> None:
    with pytest.raises(ModeFileError, match="empty"):
        stages(text)


def test_unmatched_quotes_are_refused() -> None:
    with pytest.raises(ModeFileError, match="quotes"):
        stages("lt-proc '/a")
