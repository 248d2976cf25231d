"""The plugin for Claude Code: its hooks are those that are installed by hand, and its commands exist."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

from helpers.project.shadow_tree import REPOSITORY
from voicestream.cli.hooks.agents import CLAUDE
from voicestream.cli.main import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = REPOSITORY / ".claude-plugin" / "claude-code"


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_the_marketplace_names_the_plugin_and_its_version_is_ours() -> None:
    manifest = read(FOLDER / ".claude-plugin" / "plugin.json")
    (listed,) = read(REPOSITORY / ".claude-plugin" / "marketplace.json")["plugins"]
    assert listed["name"] == manifest["name"]
    assert (REPOSITORY / listed["source"]).resolve() == FOLDER
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert manifest["version"] == project["version"]


def test_its_hooks_are_those_of_the_settings_and_silent_without_voicestream() -> None:
    hooks = read(FOLDER / "hooks" / "hooks.json")
    installed = CLAUDE.form.installed(json.dumps(hooks))
    assert tuple(installed) == CLAUDE.form.events
    (command,) = {one for several in installed.values() for one in several}
    done = subprocess.run(["/bin/sh", "-c", command], env={"PATH": ""}, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_its_slash_command_runs_commands_that_exist() -> None:
    module = (FOLDER / "hooks" / "register.js").read_text(encoding="utf-8")
    names = set(re.findall(r": \['(\w+)'\]", module)) | set(re.findall(r"return \['(\w+)',", module))
    assert {"mute", "unmute", "speed", "replay"} <= names
    assert names - set(COMMANDS) == set()
