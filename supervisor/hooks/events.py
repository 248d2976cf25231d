"""Events of an agent's hooks: validation of one line of the hook socket. Pure."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

MAX_ID_CHARACTERS: Final = 128

_Id = Annotated[str, msgspec.Meta(max_length=MAX_ID_CHARACTERS)]


class HookEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Fields of a hook event that are used; all others are ignored."""

    hook_event_name: str
    session_id: Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e]{1,128}$")]
    prompt_id: _Id | None = None
    turn_id: _Id | None = None
    agent_id: str | None = None
    """Set inside a sub-agent, which is silent."""
    message_id: _Id | None = None
    index: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] | None = None
    final: bool = False
    delta: str = ""
    last_assistant_message: str | None = None
    error: object = None
    error_details: object = None
    tool_name: str = ""
    cwd: object = None
    """Working directory of the agent."""
    message: str = ""
    """Text of a notification."""
    notification_type: str = ""

    @property
    def turn(self) -> str:
        """Id of the turn: everything that follows one prompt."""
        return self.prompt_id or self.turn_id or ""


_DECODER: Final = msgspec.json.Decoder(HookEvent)


def parse(line: bytes) -> HookEvent:
    """Validate one event.

    Raises:
        msgspec.DecodeError: it is not JSON, or not an event of a hook.
    """
    return _DECODER.decode(line)
