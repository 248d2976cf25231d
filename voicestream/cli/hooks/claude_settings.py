"""Entries of our hooks in the settings of Claude Code. Pure: text of ``settings.json`` in, text out."""

from __future__ import annotations

import json
import re
import shlex
from typing import Final, cast

from voicestream.errors import ConfigurationError

EVENTS: Final = (
    "SessionStart",
    "UserPromptSubmit",
    "MessageDisplay",
    "Stop",
    "StopFailure",
    "PermissionRequest",
    "Notification",
    "SessionEnd",
)
"""Events that are handed over. ``SubagentStop`` is not among them: sub-agents are silent."""

TIMEOUT_SECONDS: Final = 5
"""Timeout of a hook, which the agent enforces; a hook takes some milliseconds."""

_OURS: Final = re.compile(r"voicestream['\"]?\s+hook(\s+--start)?\s*$")

Table = dict[str, object]


def command(program: list[str], *, starts: bool) -> str:
    """Return the shell command of a hook.

    Args:
        program: absolute path of the executable, with arguments that come before ``hook``.
        starts: it starts the supervisor if none is running.
    """
    return shlex.join([*program, "hook", *(["--start"] if starts else [])])


def installed(text: str) -> dict[str, list[str]]:
    """Return our commands by event.

    Raises:
        ConfigurationError: the text is not valid settings.
    """
    hooks = _hooks(_parse(text))
    found = {event: [one for one in _commands(groups) if _OURS.search(one)] for event, groups in hooks.items()}
    return {event: commands for event, commands in found.items() if commands}


def with_hooks(text: str, hook_command: str) -> str:
    """Return the settings with our hooks; entries of others keep their place.

    Args:
        text: of the file; empty if there is none.
        hook_command: see ``command``.

    Raises:
        ConfigurationError: the text is not valid settings.
    """
    if {event: [hook_command] for event in EVENTS} == installed(text):
        return text
    settings = _parse(text)
    hooks = _without(_hooks(settings))
    for event in EVENTS:
        entry: Table = {"type": "command", "command": hook_command, "timeout": TIMEOUT_SECONDS}
        hooks[event] = [*hooks.get(event, []), {"hooks": [entry]}]
    settings["hooks"] = hooks
    return _format(settings, text)


def without_hooks(text: str, original: str | None) -> str | None:
    """Return the settings without our hooks; None if nothing is left of a file that we created.

    Args:
        text: of the file.
        original: text before our hooks were added, returned exactly if nothing else was changed since; empty if there
            was no file, None if it is not known.

    Raises:
        ConfigurationError: the text is not valid settings.
    """
    if not installed(text):
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
            if entries is None or not any(_OURS.search(_command_of(entry)) for entry in entries):
                kept.append(group)
            elif rest := [entry for entry in entries if not _OURS.search(_command_of(entry))]:
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
