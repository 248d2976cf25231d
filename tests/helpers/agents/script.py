"""Scripts of a stand-in model: what it answers, request by request."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Text:
    """Words of the model."""

    text: str


@dataclass(frozen=True)
class Tool:
    """A call of one of the agent's tools."""

    name: str
    arguments: Json
    namespace: str = ""
    """Of Codex's tools."""


@dataclass(frozen=True)
class Failure:
    """An answer with an HTTP status of failure instead of words."""

    status: int
    message: str


@dataclass(frozen=True)
class Cut:
    """Words after which the connection is closed, in the middle of the stream."""

    text: str


Block = Text | Tool | Failure | Cut
Turn = tuple[Block, ...]

UNSCRIPTED = (Text("This answer is in no script."),)


def say(*sentences: str) -> Text:
    """Sentences that are spoken as they are written."""
    return Text(" ".join(sentences))


@dataclass
class Script:
    """Turns of the main agent, and of sub-agents by a word of their task; each request takes the next turn.

    A last turn that fails is repeated for ever, because an agent decides itself how often it retries.
    """

    main: tuple[Turn, ...]
    inner: dict[str, tuple[Turn, ...]] = field(default_factory=dict)
    _taken: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_turn(self, task: str) -> Turn:
        """The next turn of the conversation that began with ``task``."""
        track = next((word for word in self.inner if word in task), "")
        turns = self.inner[track] if track else self.main
        with self._lock:
            taken = self._taken.get(track, 0)
            self._taken[track] = taken + 1
        if taken < len(turns):
            return turns[taken]
        last = turns[-1]
        return last if isinstance(last[0], Failure | Cut) else UNSCRIPTED

    @property
    def left(self) -> int:
        """Number of turns that nobody has asked for."""
        tracks = {"": self.main, **self.inner}
        return sum(max(0, len(turns) - self._taken.get(track, 0)) for track, turns in tracks.items())
