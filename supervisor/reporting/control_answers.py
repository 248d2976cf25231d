"""Answers to ``pause``, ``resume``, ``skip`` and ``hush``: one line each for a person. Pure."""

from __future__ import annotations


def of_hold(*, paused: bool, by: str, is_heard: bool) -> str:
    """The answer to ``pause`` (``paused``) or ``resume``.

    Args:
        paused: which of both.
        by: what has held everything until now; empty = nothing has.
        is_heard: there is a sentence that is heard, or waits.
    """
    if not paused:
        return "resumed" if by else "nothing is paused"
    if by:
        return "already paused"
    return "paused" if is_heard else "paused: nothing is being spoken, and what comes waits for `voicestream resume`"


def of_skip(sentences: int, *, everything: bool) -> str:
    """The answer to ``skip``, or (``everything``) to ``hush``, by which so many sentences are skipped."""
    if not sentences:
        return "nothing is being spoken"
    if not everything:
        return "skipped the sentence that was being spoken"
    return "skipped one sentence" if sentences == 1 else f"skipped {sentences} sentences"
