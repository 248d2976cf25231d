"""Bearer tokens of the server."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from voicestream.errors import ConfigurationError
from voicestream.serve.api import tokens
from voicestream.serve.api.tokens import Tokens

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "0123456789abcdef"


def test_a_new_token_is_readable_by_its_owner_alone_and_valid(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "token"
    tokens.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    [token] = tokens.load(path, {})
    assert Tokens([token]).owner(f"Bearer {token}") is not None


def test_the_variable_overrides_the_file_and_a_file_may_have_several_tokens(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"# of the team\n{GOOD}1\n\n{GOOD}2\n", encoding="utf-8")
    path.chmod(0o600)
    assert tokens.load(path, {}) == [f"{GOOD}1", f"{GOOD}2"]
    assert tokens.load(path, {"VOICESTREAM_SERVE_TOKEN": GOOD}) == [GOOD]


@pytest.mark.parametrize(
    ("text", "mode", "message"),
    [
        (f"{GOOD}\n", 0o644, "other users can read"),
        ("short\n", 0o600, "16 ASCII characters"),
        ("# nothing\n", 0o600, "there is no token"),
        ("passwörter-sind-keine\n", 0o600, "16 ASCII characters"),
    ],
)
def test_a_file_that_protects_nothing_is_refused(tmp_path: Path, text: str, mode: int, message: str) -> None:
    path = tmp_path / "token"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match=message) as caught:
        tokens.load(path, {})
    assert text.strip() not in str(caught.value)


@pytest.mark.parametrize("header", ["", GOOD, "Bearer", f"Basic {GOOD}", f"Bearer {GOOD[:-1]}", f"Bearer {GOOD}x"])
def test_only_a_bearer_token_that_is_known_has_an_owner(header: str) -> None:
    assert Tokens([GOOD]).owner(header) is None
    assert Tokens([GOOD]).owner(f"bearer  {GOOD} ") == Tokens([GOOD, "another"]).owner(f"Bearer {GOOD}")
