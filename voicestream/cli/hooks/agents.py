"""Agents whose hooks are installed: the file of each, the form of its entries, and what to tell the user."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from voicestream.cli.hooks.json_settings import JsonSettings
from voicestream.cli.hooks.opencode_plugin import FILE_NAME, OpencodePlugin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Form(Protocol):
    """Form of our entries in an agent's file; see ``JsonSettings``."""

    @property
    def events(self) -> tuple[str, ...]:
        """Events that are handed over."""
        ...

    def installed(self, text: str) -> dict[str, list[str]]:
        """Return our commands by event."""
        ...

    def with_hooks(self, text: str, arguments: Sequence[str]) -> str:
        """Return the file with our hooks."""
        ...

    def without_hooks(self, text: str, original: str | None) -> str | None:
        """Return the file without our hooks; None if nothing is left of it."""
        ...


@dataclass(frozen=True)
class Agent:
    """One agent."""

    name: str
    title: str
    user_file: Callable[[], Path]
    project_file: Path
    """Relative to the project's directory."""
    form: Form
    note: str = ""
    """To be told after an installation."""

    def file(self, *, project: bool) -> Path:
        """Return the absolute path of the file of this directory's project, or of the user's."""
        return Path.cwd() / self.project_file if project else self.user_file()


def _below(variable: str, *otherwise: str) -> Path:
    """Return the directory that a variable names, or one below the user's home."""
    named = os.environ.get(variable)
    return Path(named).absolute() if named else Path.home().joinpath(*otherwise)


CLAUDE: Final = Agent(
    name="claude",
    title="Claude Code",
    user_file=lambda: _below("CLAUDE_CONFIG_DIR", ".claude") / "settings.json",
    project_file=Path(".claude") / "settings.json",
    # ``SubagentStop`` is not among them: sub-agents are silent.
    form=JsonSettings(
        events=(
            "SessionStart",
            "UserPromptSubmit",
            "MessageDisplay",
            "Stop",
            "StopFailure",
            "PermissionRequest",
            "Notification",
            "SessionEnd",
        ),
        timeout=5,
    ),
)

CODEX: Final = Agent(
    name="codex",
    title="Codex",
    # Not ``config.toml``, which Codex itself rewrites; not ``notify``, which also reports sub-agents and titles.
    user_file=lambda: _below("CODEX_HOME", ".codex") / "hooks.json",
    project_file=Path(".codex") / "hooks.json",
    form=JsonSettings(
        events=("SessionStart", "UserPromptSubmit", "PreToolUse", "PermissionRequest", "Stop", "SessionEnd"),
        timeout=5,
    ),
    note='Codex asks you to review the hooks when it starts: choose "Trust all and continue", or nothing is spoken',
)

GEMINI: Final = Agent(
    name="gemini",
    title="Gemini CLI",
    user_file=lambda: _below("GEMINI_CLI_HOME") / ".gemini" / "settings.json",
    project_file=Path(".gemini") / "settings.json",
    form=JsonSettings(
        events=("SessionStart", "BeforeAgent", "BeforeTool", "AfterAgent", "Notification", "SessionEnd"),
        timeout=5000,
    ),
)

OPENCODE: Final = Agent(
    name="opencode",
    title="opencode",
    user_file=lambda: _opencode() / "plugin" / FILE_NAME,
    project_file=Path(".opencode") / "plugin" / FILE_NAME,
    form=OpencodePlugin(),
)


def _opencode() -> Path:
    named = os.environ.get("OPENCODE_CONFIG_DIR")
    return Path(named).absolute() if named else _below("XDG_CONFIG_HOME", ".config") / "opencode"


AGENTS: Final = {agent.name: agent for agent in (CLAUDE, CODEX, GEMINI, OPENCODE)}
