"""Entries of our hooks in an agent's JSON settings. Pure: text of the file in, text out.

Claude Code, Codex and Gemini CLI have the same form: ``{"hooks": {EVENT: [{"hooks": [{"type": "command", …}]}]}}``.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from voicestream.cli.hooks.hook_command import is_ours
from voicestream.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

Table = dict[str, object]


@dataclass(frozen=True)
class JsonSettings:
    """Form of one agent's entries."""

    events: tuple[str, ...]
    """Events that are handed over."""
    timeout: int
    """Timeout of a hook, which the agent enforces, in the agent's unit."""

    def installed(self, text: str) -> dict[str, list[str]]:
        """Return our commands by event.

        Raises:
            ConfigurationError: the text is not valid settings.
        """
        hooks = _hooks(_parse(text))
        found = {event: [one for one in _commands(groups) if is_ours(one)] for event, groups in hooks.items()}
        return {event: commands for event, commands in found.items() if commands}

    def with_hooks(self, text: str, arguments: Sequence[str]) -> str:
        """Return the settings with our hooks; entries of others keep their place.

        Args:
            text: of the file; empty if there is none.
            arguments: of a hook, see ``hook_command``.

        Raises:
            ConfigurationError: the text is not valid settings.
        """
        hook_command = shlex.join(arguments)
        if {event: [hook_command] for event in self.events} == self.installed(text):
            return text
        settings = _parse(text)
        hooks = _without(_hooks(settings))
        for event in self.events:
            entry: Table = {"type": "command", "command": hook_command, "timeout": self.timeout}
            hooks[event] = [*hooks.get(event, []), {"hooks": [entry]}]
        settings["hooks"] = hooks
        return _format(settings, text)

    def without_hooks(self, text: str, original: str | None) -> str | None:
        """Return the settings without our hooks; None if nothing is left of a file that we created.

        Args:
            text: of the file.
            original: text before our hooks were added, returned exactly if nothing else was changed since; empty if
                there was no file, None if it is not known.

        Raises:
            ConfigurationError: the text is not valid settings.
        """
        if not self.installed(text):
            return text
        settings = _parse(text)
        hooks = _without(_hooks(settings))
        if hooks:
            settings["hooks"] = hooks
        else:
            del settings["hooks"]
        if original is not None and _same(settings, original):
            return original or None
        return _format(settings, text)


def _same(settings: Table, original: str) -> bool:
    """Return whether settings are those of the original text, apart from empty hooks."""
    try:
        before = _parse(original)
        hooks = _without(_hooks(before))
    except ConfigurationError:
        return False
    if hooks:
        before["hooks"] = hooks
    else:
        before.pop("hooks", None)
    # As text: 1 and true are equal for Python, and the order of keys counts.
    return json.dumps(settings) == json.dumps(before)


def _parse(text: str) -> Table:
    if not text:
        return {}
    try:
        found: object = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"not valid JSON: {error}") from error
    if not isinstance(found, dict):
        raise ConfigurationError("not a JSON object")
    return cast("Table", found)


def _unique(pairs: list[tuple[str, object]]) -> Table:
    """Build an object; of a key that stands twice one value would be lost."""
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'the key "{double}" stands twice')
    return table


def _hooks(settings: Table) -> dict[str, list[object]]:
    found = settings.get("hooks", {})
    if not isinstance(found, dict):
        raise ConfigurationError('"hooks" is not an object')
    for event, groups in cast("Table", found).items():
        if not isinstance(groups, list):
            raise ConfigurationError(f'"hooks.{event}" is not a list')
    return cast("dict[str, list[object]]", found)


def _entries(group: object) -> list[object] | None:
    """Return the hooks of a group with one matcher; None if it has another form, which is left alone."""
    entries = cast("Table", group).get("hooks") if isinstance(group, dict) else None
    return cast("list[object]", entries) if isinstance(entries, list) else None


def _command_of(entry: object) -> str:
    found = cast("Table", entry).get("command") if isinstance(entry, dict) else None
    return found if isinstance(found, str) else ""


def _commands(groups: list[object]) -> list[str]:
    return [_command_of(entry) for group in groups for entry in _entries(group) or []]


def _without(hooks: dict[str, list[object]]) -> dict[str, list[object]]:
    """Return hooks without our entries, and without groups and events that have no others."""
    found: dict[str, list[object]] = {}
    for event, groups in hooks.items():
        kept: list[object] = []
        for group in groups:
            entries = _entries(group)
            if entries is None or not any(is_ours(_command_of(entry)) for entry in entries):
                kept.append(group)
            elif rest := [entry for entry in entries if not is_ours(_command_of(entry))]:
                kept.append({**cast("Table", group), "hooks": rest})
        if kept:
            found[event] = kept
    return found


def _format(settings: Table, like: str) -> str:
    """Format settings with the indentation of another text."""
    indentation = re.search(r"\n([ \t]+)\S", like)
    indent: str | int = indentation[1] if indentation else 2
    text = json.dumps(settings, indent=indent, ensure_ascii=False)
    if not text.isprintable() and not _is_encodable(text):
        text = json.dumps(settings, indent=indent)
    return text + ("\n" if like.endswith("\n") or not like else "")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
