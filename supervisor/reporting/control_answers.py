"""Answers to playback controls such as ``pause`` and ``skip``: one line each for a person. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicestream.protocol.messages import PlaybackSettings


def of_hold(*, paused: bool, by: str, is_heard: bool) -> str:
    """Return the answer to ``pause`` (``paused``) or ``resume``.

    Args:
        paused: True for ``pause``.
        by: cause of the pause so far; empty = nothing was paused.
        is_heard: a sentence is being played, or waits.
    """
    if not paused:
        return "resumed" if by else "nothing is paused"
    if by:
        return "already paused"
    return "paused" if is_heard else "paused: nothing is being spoken, and what comes waits for `voicestream resume`"


def of_skip(sentences: int, *, everything: bool) -> str:
    """Return the answer to ``skip``, or (``everything``) to ``hush``, for a number of skipped sentences."""
    if not sentences:
        return "nothing is being spoken"
    if not everything:
        return "skipped the sentence that was being spoken"
    return "skipped one sentence" if sentences == 1 else f"skipped {sentences} sentences"


def of_repeat(sentences: int) -> str:
    """Return the answer to ``back`` or ``replay`` for a number of sentences that are played again."""
    if not sentences:
        return "nothing was spoken that can be played again"
    return "playing one sentence again" if sentences == 1 else f"playing {sentences} sentences again"


def of_settings(settings: PlaybackSettings) -> str:
    """Return the answer to a change of the settings, which are all in it."""
    muted = ", muted" if settings.muted else ""
    return f"speed {settings.speed:g}, volume {settings.volume:.0%}{muted}"
