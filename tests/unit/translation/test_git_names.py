"""Commands, branches and numbers of issues are names; the same words elsewhere are not."""

from __future__ import annotations

import pytest

from voicestream.workers.translation import code_names


def names(text: str) -> list[str]:
    return [text[start:end] for start, end in code_names.spans(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Run git checkout main before you start.", ["git checkout main"]),
        ("Run git checkout -b fix-auth now.", ["git checkout -b fix-auth"]),
        ("I ran git rebase --onto develop and pushed.", ["git rebase --onto develop"]),
        ("After git pull origin develop the tests pass.", ["git pull origin develop"]),
        ("Use git push before you leave.", ["git push"]),
        ("Then git merge fails again.", ["git merge"]),
        ("See git log --oneline.", ["git log --oneline"]),
        ("git status shows two files.", ["git status"]),
        ("I merged feature/login into main.", ["feature/login", "main"]),
        ("I rebased it onto origin/main, and merged into develop.", ["origin/main", "develop"]),
        ("It is three commits behind master.", ["master"]),
        ("I fixed issue #4821 and (#4822).", ["issue #4821", "#4822"]),
        ("HEAD~3 and main^2 are older than ~5 days.", ["HEAD~3", "main^2"]),
        ("GET /health answers, and /api/v2/users does not.", ["GET /health", "/api/v2/users"]),
        ("A flaky test.", ["flaky"]),
        ("See src/utils/date.ts and routes/index.js.", ["src/utils/date.ts", "routes/index.js"]),
        ("The option --dry-run of actions/checkout@v4 gives ENOENT.", ["--dry-run", "actions/checkout@v4", "ENOENT"]),
        ("A pause -- and then ERROR, EVERY time -- ends.", []),
        ("The main reason is on the main page of main street.", []),
        ("Git is fast, and git itself is old.", []),
        ("We develop with care, and master it.", []),
        ("Either/or, and/or, read/write, TCP/IP and his/her.", []),
        ("The color #fff, C# and item #one.", []),
        ("It merged in the main thread.", []),
        ("From main memory to disk.", []),
    ],
)
def test_names_of_git(text: str, found: list[str]) -> None:
    assert names(text) == found
