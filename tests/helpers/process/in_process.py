"""Commands that are refused before anything starts, run in the process of the test: a start takes much longer."""

from __future__ import annotations

import contextlib
import io
import os
from typing import TYPE_CHECKING

from voicestream.cli import failures
from voicestream.cli.main import voicestream

if TYPE_CHECKING:
    import pytest

    from helpers.process.running import Voicestream


def refused(place: Voicestream, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    """Exit code of a command at a place, and what is printed to stderr."""
    for name in os.environ.keys() - place.environment.keys():
        monkeypatch.delenv(name)
    for name, text in place.environment.items():
        monkeypatch.setenv(name, text)
    monkeypatch.chdir(place.cwd)
    with contextlib.redirect_stderr(io.StringIO()) as stderr:
        try:
            voicestream.main(arguments, "voicestream", standalone_mode=False)
        except Exception as error:  # noqa: BLE001 - as the program does
            code = failures.report(error)
        else:
            raise AssertionError(f"{arguments} was not refused: {stderr.getvalue()}")
    return code, stderr.getvalue()
