"""Readers and the sink that they call: lines of one agent's format in, calls on a ``TextSink`` out.

A reader is a struct whose fields are its whole state, so that another process can resume where this one stopped
(a parser may be killed at any moment; see ``Pipeline.checkpoint``). To add a format, write one file with one reader and
name it in ``readers/__init__.py`` and in ``detection.py``; docs/internals/formats.md shows the steps.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

import msgspec


class TextSink(Protocol):
    """The sink of a reader."""

    @property
    def spoke(self) -> bool:
        """True if the agent has said something in this turn."""
        ...

    def say(self, text: str) -> None:
        """The next words of the open message; opens one when none is."""

    def close(self, *, truncated: bool = False) -> None:
        """The open message is over; ``truncated``: perhaps in mid-sentence."""

    def say_message(self, text: str, *, truncated: bool = False) -> None:
        """A whole message."""

    def discard(self) -> None:
        """The agent gave the open message up and will write it anew."""

    def interim(self) -> None:
        """The last message is known not to be the turn's final one."""

    def end_turn(self) -> None:
        """The agent has finished a turn."""

    def error(self, text: str) -> None:
        """The agent reports that it could not go on."""

    def notice(self, text: str) -> None:
        """Something for the log."""


class Reader(msgspec.Struct, tag=True):
    """Base of all readers; the pipeline calls ``read`` for every line that holds a JSON object."""

    ignored_prefixes: ClassVar[tuple[bytes, ...]] = ()
    """Lines that begin like this are skipped unread, however long they are."""

    def read(self, line: bytes, sink: TextSink) -> bool:
        """Read one line; False when it is not of this format.

        Raises:
            msgspec.DecodeError: The line is not JSON, or not shaped like this format.
        """
        raise NotImplementedError

    def end(self, sink: TextSink) -> None:
        """The input is over, or another format begins."""
        sink.end_turn()
