"""Content as Anthropic's and many other formats write it: a string, or a list of typed blocks."""

from __future__ import annotations

from typing import Final

import msgspec


class Block(msgspec.Struct, gc=False):
    """One block of a message; only what may be spoken is read."""

    type: str = ""
    text: str | None = None


Content = str | list[Block | str] | None

TEXT_TYPES: Final = frozenset({"text", "output_text"})
CALL_TYPES: Final = frozenset(
    {"tool_use", "server_tool_use", "mcp_tool_use", "toolCall", "tool_call", "function_call", "toolRequest"}
)


def texts(content: Content) -> list[str]:
    """The texts in some content, adjacent ones joined: a list marker and its item may be two blocks.

    One that begins with a capital directly behind a letter is a text of its own: blocks of one text bring their spaces.
    """
    if content is None:
        return []
    if isinstance(content, str):
        return [content] if content else []
    if len(content) == 1 and isinstance(only := content[0], Block):
        return [only.text] if only.text and only.type in TEXT_TYPES else []
    found: list[str] = []
    adjacent = False
    for block in content:
        text = block if isinstance(block, str) else block.text if block.type in TEXT_TYPES else None
        if text and adjacent and not (text[0].isupper() and found[-1][-1].isalpha()):
            found[-1] += text
        elif text:
            found.append(text)
        adjacent = text is not None
    return found


def calls_tool(content: Content) -> bool:
    """Return whether a tool is called, so that more will follow in this turn."""
    if isinstance(content, list):
        for block in content:
            if isinstance(block, Block) and block.type in CALL_TYPES:
                return True
    return False
