"""The plugin for Claude Code: its hooks are those that are installed by hand, and its commands exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from helpers.project.shadow_tree import REPOSITORY
from voicestream.cli.hooks.agents import CLAUDE
from voicestream.cli.main import COMMANDS
from voicestream.supervisor.hooks import events as hook

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


DRIVER = """
const hooks = {}
register((name, ...rest) => { hooks[name] = rest.at(-1) })
const events = []
const run = async (argv, { stdin }) => {
  if (KIND === 'fails') throw new Error('not on PATH')
  if (KIND === 'hangs') await new Promise(() => {})
  events.push([argv, JSON.parse(stdin)])
}
const $ = { session: { id: async () => 's' }, process: { run }, command: { register() {} } }
async function* next() {
  for (const [index, text] of CHUNKS) yield { kind: 'text', index, text }
  yield { kind: 'stop' }
}
let passed = 0
for (const step of [{ turnId: 't', index: 3 }, { turnId: 'u', index: 0, agentId: 'inner' }])
  for await (const chunk of hooks['turn.step']($, step, next)) {
    passed += 1
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
await new Promise((resolve) => setTimeout(resolve, 1))
console.log(JSON.stringify([passed, events]))
"""
CHUNKS = [[0, "It ha"], [0, "s **two.** And 3.1"], [0, "4 is pi."], [2, "Next"], [2, " block.\n"], [2, "End"]]


def drive(kind: str) -> tuple[int, list[Any]]:
    """Run the hooks module on chunks of the main agent and of a sub-agent; return what it passed on and handed over."""
    module = (FOLDER / "hooks" / "register.js").read_text(encoding="utf-8").replace("export function", "function")
    source = f"const KIND = {json.dumps(kind)}\nconst CHUNKS = {json.dumps(CHUNKS)}\n{module}\n{DRIVER}"
    command = ["node", "--input-type=module", "--eval", source]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    passed, events = json.loads(done.stdout)
    return passed, events


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
def test_its_module_hands_over_sentences_and_at_last_the_whole_text_but_nothing_of_sub_agents() -> None:
    passed, handed = drive("works")
    assert passed == 2 * (len(CHUNKS) + 1)
    events = [event for _, event in handed]
    whole = "It has **two.** And 3.14 is pi.\n\nNext block.\nEnd"
    assert "".join(event["delta"] for event in events) == whole
    assert next(event["delta"] for event in events) == "It has **two.** "
    assert [event["index"] for event in events] == list(range(len(events)))
    assert [event["final"] for event in events] == [False] * (len(events) - 1) + [True]
    assert events[-1]["last_assistant_message"] == whole
    assert {(event["message_id"], event["session_id"]) for event in events} == {("t/3", "s")}
    assert all(hook.parse(json.dumps(event).encode()) for event in events)
    assert {tuple(argv) for argv, _ in handed} == {("voicestream", "hook", "--start")}


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
@pytest.mark.parametrize("kind", ["fails", "hangs"])
def test_its_module_passes_every_chunk_on_whatever_becomes_of_the_hook(kind: str) -> None:
    assert drive(kind) == (2 * (len(CHUNKS) + 1), [])
