"""What the process has freed goes back to the system."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import TYPE_CHECKING

from voicestream.workers.inference import malloc_trim

if TYPE_CHECKING:
    import pytest


def test_the_c_library_is_asked_where_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(malloc_trim=asked.append))
    malloc_trim.trim()
    assert asked == [0]


def test_a_c_library_that_keeps_nothing_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())
    malloc_trim.trim()
