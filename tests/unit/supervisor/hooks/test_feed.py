"""A feed: the input that one agent session's hooks make, and the journal of what was spoken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from voicestream.supervisor.hooks import events, requests
from voicestream.supervisor.hooks.feed import END_SECONDS, MAX_WAITING_BYTES, Feed
from voicestream.supervisor.hooks.journal import MAX_AGE_SECONDS, Entry, Journal
from voicestream.supervisor.hooks.message import Message, Track
from voicestream.supervisor.hooks.turn_order import Progress, TurnOrder

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def take(feed: Feed, name: str, at: float = 1.0, **fields: object) -> None:
    given = {"hook_event_name": name, "session_id": "s", "prompt_id": "p", **fields}
    feed.take(events.parse(json.dumps(given).encode()), at)


def new_feed() -> Feed:
    return Feed("claude", TurnOrder(), 0.0)


def waiting(feed: Feed) -> list[Any]:
    return [item if item == "hush" else json.loads(item) for item in feed.waiting]


def test_a_turn_becomes_lines_of_the_parser() -> None:
    feed = new_feed()
    take(feed, "UserPromptSubmit", prompt="fix it")
    take(feed, "PreToolUse", tool_name="Bash")
    take(feed, "MessageDisplay", message_id="m", index=0, delta="Done.", final=True)
    take(feed, "MessageDisplay", message_id="n", index=0, delta="Inner.", final=True, agent_id="a")
    take(feed, "SubagentStop", last_assistant_message="Inner.")
    take(feed, "Stop", last_assistant_message="Done.")
    assert waiting(feed) == [
        {"hook_event_name": "UserPromptSubmit"},
        "hush",
        {"hook_event_name": "MessageDisplay", "message_id": "m", "delta": "Done.", "final": True},
        {"hook_event_name": "Stop"},
    ]


def test_after_the_end_only_a_new_start_is_heard() -> None:
    feed = new_feed()
    take(feed, "SessionEnd")
    feed.expire(1.0 + END_SECONDS)
    take(feed, "Stop", last_assistant_message="Late.")
    assert feed.ended
    assert feed.due is None
    assert not feed.waiting
    take(feed, "SessionStart", source="resume")
    take(feed, "Stop", last_assistant_message="On time.")
    assert not feed.ended
    assert len(feed.waiting) == 2


def test_the_end_may_overtake_the_last_text_but_ends_nothing_that_starts_again() -> None:
    feed = new_feed()
    take(feed, "SessionEnd")
    take(feed, "Stop", last_assistant_message="The last text.")
    assert not feed.ended
    assert [one.get("delta") for one in waiting(feed)] == ["The last text.", None]
    assert feed.due == 1.0 + END_SECONDS
    take(feed, "SessionStart", 1.5)
    feed.expire(1.0 + END_SECONDS)
    assert not feed.ended


def test_a_request_is_announced_once_and_the_next_one_again() -> None:
    feed = new_feed()
    take(feed, "PermissionRequest", 1.0, tool_name="Bash")
    take(feed, "PermissionRequest", 1.01, tool_name="Bash")
    take(feed, "Notification", 7.0, message="Claude needs your permission", notification_type="permission_prompt")
    take(feed, "PermissionRequest", 9.0, tool_name="Bash")
    take(feed, "Notification", 70.0, message="Claude is waiting\nfor your input", notification_type="idle_prompt")
    said = [requests.announcement_of("claude", event, "en")[0] for event in feed.requests]
    assert said == [
        "Claude asks to run a command.",
        "Claude asks to run a command.",
        "Claude is waiting for your input",
    ]


def test_what_waits_is_bounded() -> None:
    feed = new_feed()
    for number in range(30):
        take(feed, "Stop", prompt_id=str(number), last_assistant_message="x" * 500_000)
    assert feed.waiting_bytes <= MAX_WAITING_BYTES
    assert feed.lost
    while feed.waiting:
        feed.pop()
    assert feed.waiting_bytes == 0


def test_the_journal_outlives_the_supervisor_but_not_a_day_nor_a_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "hook.json")
    progress = Progress(turn="p", messages=[Message("m", display=Track("m", next=3))])
    monkeypatch.setattr("time.monotonic", lambda: MAX_AGE_SECONDS + 1000.0)
    entries = {"new": Entry(1001.0, progress), "old": Entry(999.0, progress), "boot": Entry(9e9, progress)}
    journal.save(entries)
    assert (tmp_path / "hook.json").stat().st_mode & 0o777 == 0o600
    assert Journal(tmp_path / "hook.json").load() == {"new": progress}
    journal.save({})
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_cannot_be_read_counts_as_empty(tmp_path: Path) -> None:
    (tmp_path / "hook.json").write_bytes(b'{"a": [')
    assert Journal(tmp_path / "hook.json").load() == {}
