"""Names of git and of command lines: commands, options, branches, issues; by context, since ``main`` is a word, too."""

from __future__ import annotations

import re
from typing import Final

from voicestream.workers.text.word_set import word_set

_NOT_AN_ARGUMENT: Final = "|".join(
    sorted(
        word_set(
            """
            a after again against all and and/or any as at because before but by could did does failed fails first for
            from had has here if in instead is it its may must no not now of on once or says should shows so still than
            that the them then there these this those to twice until was we when which while will with works would yet
            you
            """
        )
    )
)
_NAME: Final = rf"(?!(?:{_NOT_AN_ARGUMENT})\b(?![/.-]\w))\w(?:[\w./@#~^-]*\w)?"
_COMMAND: Final = re.compile(
    rf"\bgit (?:(?:checkout|switch|merge|rebase|branch|reset|cherry-pick|show|revert)(?: --?[\w-]+)*(?: {_NAME})?"
    rf"|(?:push|pull|fetch)(?: --?[\w-]+)*(?: (?:origin|upstream)(?: {_NAME})?)?"
    r"|(?:add|bisect|blame|clone|commit|diff|log|restore|stash|status|tag|worktree)(?: --?[\w-]+)*)"
)
"""A command with its options and at most one branch, in lower case as it is typed."""

_BRANCH: Final = re.compile(
    r"(?<![\w/.-])(?:origin|upstream|feature|feat|fix|bugfix|hotfix|release|chore|refactor|wip)/\w(?:[\w./-]*\w)?"
)
_MAIN_LINE: Final = re.compile(
    r"\b(?:behind|branch|from|into|of|on|onto|rebase|to|with) (main|master|develop|trunk|staging)"
    r"(?=[.,;:!?)]|$| (?:a|after|all|again|and|as|before|but|by|every|from|has|in|into|is|it|no|now|or|the|this|to|"
    r"twice|was|we|when|with|yet|you)\b)"
)
"""A usual name of a branch where no noun follows it."""

_FLAG: Final = re.compile(r"(?<![\w-])--[a-z][\w-]*[a-z0-9]")
"""An option of a program: ``--dry-run``."""

_ISSUE: Final = re.compile(r"(?<![\w#&])(?:[Ii]ssue )?#[0-9]+(?!\w)")
"""An issue with its word, which would become an edition."""

_REVISION: Final = re.compile(r"(?<![\w/.-])(?:\w[\w/.-]*[~^]\d+|[A-Z_]*HEAD\^+)(?!\w)")
"""A commit before another: ``HEAD~3``."""

_TERM: Final = re.compile(r"\bflaky\b")
"""Terms of developers that models translate literally."""


def spans(text: str) -> list[tuple[int, int]]:
    """Return where names that git gave begin and end; they may overlap."""
    found = [match.span() for match in _ISSUE.finditer(text)] if "#" in text else []
    if "~" in text or "^" in text:
        found += (match.span() for match in _REVISION.finditer(text))
    if "flaky" in text:
        found += (match.span() for match in _TERM.finditer(text))
    if "git " in text:
        found += (match.span() for match in _COMMAND.finditer(text))
    if "--" in text:
        found += (match.span() for match in _FLAG.finditer(text))
    if "/" in text:
        found += (match.span() for match in _BRANCH.finditer(text))
    return [*found, *(match.span(1) for match in _MAIN_LINE.finditer(text))]
