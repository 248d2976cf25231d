"""Requests of an agent for the user's attention, from its hook events. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.supervisor.ledger import announcement
from voicestream.terminal_text import one_line

if TYPE_CHECKING:
    from voicestream.supervisor.hooks.events import HookEvent
    from voicestream.supervisor.ledger.announcement import AttentionKind

MAX_CHARACTERS: Final = 300
"""Upper bound of a spoken notification."""

COPY_SECONDS: Final = 1.0
"""Time within which an equal event is a copy; the next request comes after the answer to this one."""

_KINDS: Final[dict[str, AttentionKind]] = {
    "Bash": "command",
    "bash": "command",
    "exec": "command",
    "Edit": "file",
    "edit": "file",
    "apply_patch": "file",
    "MultiEdit": "file",
    "Write": "file",
    "NotebookEdit": "file",
    "AskUserQuestion": "question",
    "ask_user": "question",
}
"""Kind by the tool's name, or by the kind of permission of opencode and Gemini CLI; all others ask for permission."""


def announcement_of(agent: str, event: HookEvent, target: str) -> tuple[str, str]:
    """Return the text that announces a request or a notification, and the BCP-47 tag of its language.

    Args:
        agent: name of the agent.
        event: ``PermissionRequest`` or ``Notification``.
        target: BCP-47 tag of the spoken language.
    """
    name = agent.capitalize()
    if event.hook_event_name == "PermissionRequest":
        return announcement.of_attention(name, _KINDS.get(event.tool_name, "permission"), target)
    return one_line(event.message)[:MAX_CHARACTERS].strip(), "en"


def repeats(event: HookEvent, earlier: HookEvent | None, seconds: float) -> bool:
    """Return whether an announcement repeats the one before it.

    The agent sends a notification some seconds after a request that is not answered, and each event twice if its hook
    is installed twice.

    Args:
        event: ``PermissionRequest`` or ``Notification``.
        earlier: the last one that was announced, if any.
        seconds: time since then.
    """
    if earlier is None or earlier.turn != event.turn:
        return False
    if event.hook_event_name == "Notification" and event.notification_type == "permission_prompt":
        return True
    fields = ("hook_event_name", "tool_name", "message")
    return seconds < COPY_SECONDS and all(getattr(event, one) == getattr(earlier, one) for one in fields)
