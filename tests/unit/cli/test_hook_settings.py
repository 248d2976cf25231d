"""Our hooks in the settings of agents: what others wrote stays, and the file comes back byte for byte."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from voicestream.cli.commands.hook import hook
from voicestream.cli.hooks import hook_command
from voicestream.cli.hooks.agents import AGENTS, CLAUDE
from voicestream.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

ARGUMENTS = hook_command.arguments(["/opt/my tools/bin/voicestream"], "claude", starts=True)
COMMAND = shlex.join(ARGUMENTS)
FORM = CLAUDE.form

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
ENTRIES = st.fixed_dictionaries(
    {
        "type": st.just("command"),
        "command": st.sampled_from(["make test", "notify 'voicestream hook' me", "voicestream status"]),
    }
)
GROUPS = st.lists(
    st.fixed_dictionaries({"hooks": st.lists(ENTRIES, max_size=2)}, optional={"matcher": st.text(max_size=4)}) | VALUES,
    max_size=3,
)
SETTINGS = st.builds(
    lambda others, hooks: {**others, **({} if hooks is None else {"hooks": hooks})},
    st.dictionaries(st.text(max_size=8), VALUES, max_size=4),
    st.none() | st.dictionaries(st.sampled_from(["Stop", "PreToolUse", "SessionEnd"]), GROUPS, max_size=3),
)
INDENTS = st.sampled_from([None, 2, 4, "\t"])


@given(settings=SETTINGS, indent=INDENTS, end=st.sampled_from(["", "\n"]))
def test_they_are_added_once_and_removed_without_a_trace(
    settings: dict[str, Any], indent: int | None, end: str
) -> None:
    original = json.dumps(settings, indent=indent) + end
    text = FORM.with_hooks(original, ARGUMENTS)
    assert FORM.installed(text) == {event: [COMMAND] for event in FORM.events}
    assert FORM.with_hooks(text, ARGUMENTS) == text
    assert FORM.without_hooks(text, original) == original
    left = FORM.without_hooks(text, None)
    assert left is not None
    found = json.loads(left)
    theirs = {event: groups for event, groups in settings.get("hooks", {}).items() if groups}
    assert json.dumps(found.get("hooks", {})) == json.dumps(theirs)
    assert {**found, "hooks": 0} == {**settings, "hooks": 0}


@given(settings=SETTINGS)
def test_what_others_change_meanwhile_stays(settings: dict[str, Any]) -> None:
    original = json.dumps(settings)
    changed = json.loads(FORM.with_hooks(original, ARGUMENTS))
    changed["theirs"] = [1, {"é": "\u2028"}]
    changed["hooks"]["Stop"].append({"hooks": [{"type": "command", "command": "theirs"}]})
    left = FORM.without_hooks(json.dumps(changed), original)
    assert left is not None
    found = json.loads(left)
    assert found["theirs"] == changed["theirs"]
    assert found["hooks"]["Stop"][-1] == changed["hooks"]["Stop"][-1]
    assert not FORM.installed(left)


def test_another_installation_is_replaced() -> None:
    text = FORM.with_hooks("{}", ["/old/bin/voicestream", "hook"])
    text = FORM.with_hooks(text, ARGUMENTS)
    assert FORM.installed(text) == {event: [COMMAND] for event in FORM.events}
    assert FORM.without_hooks(text, "{}") == "{}"


def test_a_path_with_spaces_is_one_word_of_the_shell(tmp_path: Path) -> None:
    script = tmp_path / "my tools" / "voicestream"
    script.parent.mkdir()
    script.write_text('#!/bin/sh\necho "$@"\n')
    script.chmod(0o700)
    command = shlex.join(hook_command.arguments([str(script)], "claude", starts=True))
    assert subprocess.run(command, shell=True, capture_output=True, check=True).stdout == b"hook --start\n"  # noqa: S602 - as the agent does


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not valid JSON"),
        ("// mine\n{}", "not valid JSON"),
        ('{"a": 1, "a": 2}', 'the key "a" stands twice'),
        ("[]", "not a JSON object"),
        ('{"hooks": []}', '"hooks" is not an object'),
        ('{"hooks": {"Stop": {}}}', '"hooks.Stop" is not a list'),
        ("[" * 100_000, "not valid JSON"),
    ],
)
def test_what_is_no_valid_settings_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        FORM.with_hooks(text, ARGUMENTS)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings of the user are."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".claude" / "settings.json"


def call(*arguments: str) -> Result:
    return CliRunner().invoke(hook, arguments)


def test_a_file_that_was_not_there_goes_again(settings: Path) -> None:
    assert call("install").exit_code == 0
    assert settings.stat().st_mode & 0o777 == 0o600
    assert call("uninstall").exit_code == 0
    assert not settings.parent.exists()


def test_a_dry_run_shows_the_change_and_writes_nothing(settings: Path) -> None:
    settings.parent.mkdir()
    settings.write_text('{"theme": "dark"}')
    done = call("install", "--dry-run")
    assert '+  "hooks": {' in done.stdout
    assert settings.read_text() == '{"theme": "dark"}'
    assert list(settings.parent.iterdir()) == [settings]


def test_a_symlink_stays_one_and_the_mode_of_the_file_too(settings: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "claude.json"
    real.parent.mkdir()
    real.write_bytes(b'{ "theme" :"dark" }\r\n')
    real.chmod(0o640)
    settings.parent.mkdir()
    settings.symlink_to(real)
    assert call("install").exit_code == 0
    assert settings.is_symlink()
    assert "MessageDisplay" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o640
    assert call("uninstall").exit_code == 0
    assert settings.is_symlink()
    assert real.read_bytes() == b'{ "theme" :"dark" }\r\n'
    assert list(real.parent.iterdir()) == [real]


def test_a_file_that_is_no_json_is_named_and_left_alone(settings: Path) -> None:
    settings.parent.mkdir()
    settings.write_text("{,}")
    for command in ("install", "uninstall"):
        done = call(command)
        assert isinstance(done.exception, ConfigurationError)
        assert str(settings) in str(done.exception)
        assert settings.read_text() == "{,}"


def test_the_status_shows_the_last_error_and_where_there_is_none_nothing(
    settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICESTREAM_LOG_DIR", str(tmp_path))
    (tmp_path / "hook.log").write_text("2026-01-01 00:00:00.000 WARNING hook nothing\n")
    shown = call("status").stdout
    assert str(settings) in shown
    assert "last error" not in shown
    (tmp_path / "hook.log").write_text("2026-01-01 00:00:00.000 ERROR   hook event lost: \x1b[31mthe reason\n")
    assert "hook event lost: the reason" in call("status").stdout


def test_the_project_has_settings_of_its_own(settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    assert call("install", "--project").exit_code == 0
    assert (project / ".claude" / "settings.json").exists()
    assert not settings.exists()
    shown = call("status").stdout
    assert f"{settings}: not installed" in shown
    assert f"settings.json: {len(FORM.events)} of {len(FORM.events)} events" in shown


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without any agent."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME", "XDG_CONFIG_HOME", "OPENCODE_CONFIG_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


FILES = {
    "claude": ".claude/settings.json",
    "codex": ".codex/hooks.json",
    "gemini": ".gemini/settings.json",
    "opencode": ".config/opencode/plugin/voicestream.js",
}


@pytest.mark.parametrize("agent", AGENTS)
def test_the_hooks_of_every_agent_are_added_once_and_go_without_a_trace(agent: str, home: Path) -> None:
    file = home / FILES[agent]
    assert call("install", agent).exit_code == 0
    written = file.read_bytes()
    assert f"{agent}: {file}: {len(AGENTS[agent].form.events)} of" in call("status").stdout
    assert call("install", agent).exit_code == 0
    assert file.read_bytes() == written
    assert call("install", agent, "--no-start").exit_code == 0
    assert b"--start" not in file.read_bytes()
    assert call("uninstall", agent).exit_code == 0
    assert not file.parent.exists()


@pytest.mark.parametrize("agent", ["codex", "gemini"])
def test_what_an_agent_had_comes_back_byte_for_byte(agent: str, home: Path) -> None:
    file = home / FILES[agent]
    file.parent.mkdir()
    original = b'{ "hooks" :{"Stop":[{"hooks":[{"type":"command","command":"theirs"}]}]}, "x":1}\r\n'
    file.write_bytes(original)
    assert call("install", agent).exit_code == 0
    assert "theirs" in file.read_text()
    assert f"--agent {agent}" in file.read_text()
    assert call("uninstall", agent).exit_code == 0
    assert file.read_bytes() == original


def test_a_plugin_of_others_is_named_and_left_alone(home: Path) -> None:
    file = home / FILES["opencode"]
    file.parent.mkdir(parents=True)
    file.write_text('const COMMAND = ["theirs"]\n')
    for command in ("install", "uninstall"):
        done = call(command, "opencode")
        assert isinstance(done.exception, ConfigurationError)
        assert str(file) in str(done.exception)
        assert file.read_text() == 'const COMMAND = ["theirs"]\n'


def test_the_user_is_told_to_approve_the_hooks_of_codex(home: Path) -> None:
    assert "Trust all and continue" in call("install", "codex").stderr
    assert (home / FILES["codex"]).exists()


def test_hooks_of_another_machine_have_its_socket(home: Path) -> None:
    assert call("install", "gemini", "--connect", "my socket").exit_code == 0
    text = (home / FILES["gemini"]).read_text()
    assert f"--agent gemini --connect '{home}/my socket'" in text
    assert "--start" not in text
    assert call("uninstall", "gemini").exit_code == 0
    assert not (home / FILES["gemini"]).exists()
