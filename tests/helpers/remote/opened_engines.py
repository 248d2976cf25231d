"""Open remote engines of the running test."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from voicestream.workers.engines.remote.engine import RemoteEngine

Engine = TypeVar("Engine", bound="RemoteEngine")

_opened: list[RemoteEngine] = []


def add(engine: Engine) -> Engine:
    """Have an engine closed after the test, and return it."""
    _opened.append(engine)
    return engine


def close() -> None:
    """Close them."""
    while _opened:
        _opened.pop().close()
