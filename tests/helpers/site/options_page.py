"""Generator of docs/guide/options.md: tables of all options, from ``voicestream.config.options``.

python -P -m helpers.site.options_page     write the page anew (make options)
"""

from __future__ import annotations

from typing import Final, get_args

from helpers.project.shadow_tree import REPOSITORY
from voicestream.config.options import HOOK_ONLY, OPTIONS, RUN_ONLY, SAY_ONLY, Group, Option

PAGE: Final = REPOSITORY / "docs" / "guide" / "options.md"

_INTRODUCTION: Final = """\
# Options

This page lists the options of a session, as `run`, `say`, `demo` and the other commands that speak
have them. It is generated: `make options` writes it from `voicestream/config/options.py`.

- **Environment.** The variable of `--keep-alive` is `VOICESTREAM_KEEP_ALIVE`, and so on.
- **Key** is the key in `config.toml`; `speech.sentence_pause` stands for `sentence_pause` below
  `[speech]`. A key with \\* may also stand in a project's `.voicestream.toml`.
- **Precedence** and files: [Configuration](configuration.md).

"""


def page() -> str:
    """Return the whole page."""
    groups: tuple[Group, ...] = get_args(Group)
    contents = " ·\n".join(f"[{group}](#{group.lower()})" for group in groups)
    return "\n".join([f"{_INTRODUCTION}Contents: {contents}\n", *(_section(group) for group in groups)])


def _section(group: Group) -> str:
    rows = [_row(option) for option in OPTIONS if option.group == group]
    return "\n".join([f"## {group}", "", "| option | key | default | meaning |", "|---|---|---|---|", *rows, ""])


def _row(option: Option) -> str:
    return f"| {_flags(option)} | {_key(option)} | {_default(option)} | {_meaning(option)} |"


def _flags(option: Option) -> str:
    names = [f"`{option.short}`"] if option.short else []
    value = f" {option.metavar or '|'.join(option.choices)}" if option.type is not bool else ""
    value = value if value.strip() else f" {option.type.__name__.upper().replace('STR', 'TEXT')}"
    names.append(f"`--{option.name}{'' if option.type is bool else value}`".replace("|", "\\|"))
    return ", ".join([*names, f"`{option.negative}`"] if option.negative else names)


def _key(option: Option) -> str:
    if option.key is None:
        return ""
    mark = r" \*" if option.in_project else ""
    return f"`{'.'.join(option.key)}`{mark}"


def _default(option: Option) -> str:
    """Return the default; empty if the help text describes it."""
    if option.default in (None, "") or "[default: " in option.help:
        return ""
    if isinstance(option.default, bool):
        return "on" if option.default else "off"
    return f"`{option.default:g}`" if isinstance(option.default, float) else f"`{option.default}`"


def _meaning(option: Option) -> str:
    """Return the help text, the limits, and the commands that have the option if these are few."""
    text = " ".join(option.help.split()).replace("|", "\\|").replace("<", "\\<")
    text = text.replace("[default: ", "Default: ").replace("]", ".") if "[default: " in text else text
    more: list[str] = []
    if option.repeats and "epeatable" not in text:
        more.append("Repeatable.")
    if option.maximum is not None:
        more.append(f"{option.minimum or 0:g} to {option.maximum:g}.")
    for names, command in ((RUN_ONLY, "`run`"), (SAY_ONLY, "`say`"), (HOOK_ONLY, "interactive sessions")):
        if option.name in names:
            more.append(f"({command} only)")
    if not option.has_variable:
        more.append("No variable.")
    return " ".join([text, *more])


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
