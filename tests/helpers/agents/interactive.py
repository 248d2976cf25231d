"""Interactive sessions of real agents, spoken through their hooks: installation, five answers, removal."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from helpers.agents.clients import CLAUDE, CODEX, CODEX_OPTIONS, GEMINI, KEY, OPENCODE, base_environment, prepare
from helpers.agents.run import LONGEST_SECONDS, Outcome
from helpers.agents.scenarios import INNER, INNER_TASK
from helpers.agents.script import Script, Text, Tool
from helpers.agents.stand_in import Hold, stand_in
from helpers.agents.tmux import TYPING_SECONDS, Tmux
from helpers.project.shadow_tree import REPOSITORY
from helpers.voices import writing_voice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from helpers.agents.clients import Client
    from helpers.agents.run import Installed
    from helpers.agents.script import Json, Turn
    from helpers.agents.stand_in import StandIn
    from helpers.process.running import Voicestream

DELTA_SECONDS: Final = 0.15
"""Slower than in a pipe: an answer is heard while it is written."""

SUBMIT_SECONDS: Final = 15.0
"""Time within which an agent asks its model after a prompt."""

SETTLE_SECONDS: Final = 2.0
"""Time in which nothing more is spoken after an answer."""

LONG: Final = tuple(f"This is paragraph {number} of a long answer." for number in ("one", "two", "three", "four"))
ANSWERS: Final = (
    LONG,
    ("I look for the lock.", "The lock is in the queue."),
    ("I must ask for this.", "It was allowed."),
    ("Somebody else looks at it.", "The search has ended."),
    ("This is the last answer.",),
)
ASKS: Final = "asks to run a command."
NAME: Final = "hooks, interactive"
"""Name of these sessions in the table."""
PLUGIN: Final = "voicestream@voicestream"
STOPPED: Final = r"voicestream: |hushed|dropped"
"""Answer of ``/speech stop`` on the screen."""


@dataclass(frozen=True)
class Tools:
    """Tools of an agent: one that needs no permission, one that does, and one that starts a sub-agent."""

    free: Tool
    asking: Tool
    delegating: Tool | None
    inner: tuple[Turn, ...] = ()
    after: str = ""
    """Text of the main agent after the end of a background sub-agent."""


@dataclass(frozen=True)
class Session:
    """An interactive session of one agent."""

    client: Client
    arguments: tuple[str, ...]
    tools: Tools
    ready: str
    """On the screen once it takes a prompt."""
    start: dict[str, tuple[str, ...]]
    """Keys for what it asks when it starts."""
    permit: dict[str, tuple[str, ...]]
    """Keys for what it asks before it runs a command."""
    leave: tuple[tuple[str, ...], ...]
    """Keys that end it."""
    settings: tuple[str, bytes]
    """File below HOME that hooks are installed in, and what is in it before; empty: there is none."""
    is_early: bool
    """True if text is spoken while it is written."""
    asks: int = 1
    """Number of announced requests."""
    name: str = NAME
    is_plugin: bool = False
    """True if a plugin brings the hooks, and a slash command."""
    opening: tuple[str, ...] = ()
    """Sentences before the first paragraph that are spoken while this paragraph is written."""
    prepare: Callable[[Path], None] | None = None
    """Writes more settings, by the agent's HOME."""

    def turns(self) -> tuple[Turn, ...]:
        """Everything that the model answers."""
        delegating = self.tools.delegating or self.tools.free
        return (
            (Text(self.first),),
            (Text(ANSWERS[1][0]), self.tools.free),
            (Text(ANSWERS[1][1]),),
            (Text(ANSWERS[2][0]), self.tools.asking),
            (Text(ANSWERS[2][1]),),
            (Text(ANSWERS[3][0]), delegating),
            (Text(ANSWERS[3][1]),),
            *(((Text(self.tools.after),),) if self.tools.after else ()),
            (Text(ANSWERS[4][0]),),
        )

    @property
    def first(self) -> str:
        """The first answer."""
        return " ".join((*self.opening, "\n\n".join(LONG)))

    @property
    def early(self) -> tuple[str, str]:
        """A sentence that is spoken early, and the beginning of the answer that is written by then."""
        if self.opening:
            return self.opening[0], f"{self.opening[0]} {LONG[0][:10]}"
        return LONG[0], self.first[: -len(LONG[-1])]

    @property
    def answers(self) -> tuple[tuple[str, ...], ...]:
        """Spoken texts by prompt."""
        after = (self.tools.after,) if self.tools.after else ()
        return ((*self.opening, *LONG), *ANSWERS[1:3], (*ANSWERS[3], *after), ANSWERS[4])


class _Ear:
    """Spoken texts."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def texts(self) -> list[str]:
        """All texts so far."""
        return self._file.read_text(encoding="utf-8").splitlines() if self._file.exists() else []

    def has(self, text: str) -> bool:
        """Return True if a text was spoken."""
        return text in self.texts()


def run_session(place: Voicestream, agent: Installed, session: Session, folder: Path) -> Outcome:
    """Install the hooks, let the agent answer five prompts, and remove the hooks."""
    started = time.monotonic()
    outcome = Outcome()
    place.call("down")  # that of other scenarios has another voice
    home = folder / "home"
    (home / "project").mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", str(home / "project")], check=True)
    place.environment |= _speaking(place, folder)
    script = Script(session.turns(), {INNER_TASK: session.tools.inner} if session.tools.inner else {})
    with stand_in(script, DELTA_SECONDS) as server:
        prepare(agent.client, home, server.address)
        if session.prepare is not None:
            session.prepare(home)
        name, before = session.settings
        path = home / name if name else home / "none"
        if before:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(before)
        before = path.read_bytes() if path.exists() else b""
        if session.is_plugin:
            _plugin(agent, home, outcome, ("marketplace", "add", str(REPOSITORY)), ("install", PLUGIN))
        else:
            _hook(place, home, outcome, "install", agent.client.name)
        outcome.faults += _talk(place, agent, session, folder, server)
        if session.is_plugin:
            _plugin(agent, home, outcome, ("validate", str(REPOSITORY)), ("uninstall", PLUGIN))
        else:
            _hook(place, home, outcome, "uninstall", agent.client.name)
        after = path.read_bytes() if path.exists() else b""
        if name and after != before:
            outcome.faults.append(f"{name} was not restored")
        outcome.strangers.update(server.strangers)
        if server.script.left:
            outcome.faults.append(f"{server.script.left} answers were never asked for")
        (folder / "requests").write_text("\n".join(server.requests), encoding="utf-8")
    place.call("down")
    outcome.seconds = time.monotonic() - started
    return outcome


def _speaking(place: Voicestream, folder: Path) -> dict[str, str]:
    voice = folder / "voice"
    voice.mkdir()
    return {
        "PYTHONPATH": writing_voice.plug_in(voice),
        "VOICESTREAM_TTS": writing_voice.NAME,
        "VOICESTREAM_OUTPUT": "null",
        "VOICESTREAM_KEEP_ALIVE": "60",
        "VOICESTREAM_FROM": "en",
        writing_voice.FILE_VARIABLE: str(folder / "spoken"),
    }


def _hook(place: Voicestream, home: Path, outcome: Outcome, command: str, agent: str) -> None:
    kept = place.environment
    place.environment = {**kept, "HOME": str(home)}
    done = place.call("hook", command, agent)
    place.environment = kept
    if done.returncode != 0:
        outcome.faults.append(f"hook {command}: {done.stderr}")


def _plugin(agent: Installed, home: Path, outcome: Outcome, *commands: tuple[str, ...]) -> None:
    environment = {**base_environment(home, "http://127.0.0.1:9"), **agent.client.environment("http://127.0.0.1:9")}
    for command in commands:
        done = subprocess.run(
            [str(agent.program), "plugin", *command], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            outcome.faults.append(f"plugin {command}: {done.stdout}{done.stderr}")


def _talk(place: Voicestream, agent: Installed, session: Session, folder: Path, server: StandIn) -> list[str]:
    """Let the agent answer all prompts; return what was wrong."""
    home = folder / "home"
    ear = _Ear(folder / "spoken")
    if session.is_early:
        sentence, written = session.early
        server.hold = Hold(written, lambda: ear.has(sentence), LONGEST_SECONDS / 6)
    mine = {name: value for name, value in place.environment.items() if name.startswith(("VOICESTREAM", "PYTHON"))}
    environment = {**base_environment(home, server.address), **agent.client.environment(server.address), **mine}
    del environment["CI"]
    environment["PATH"] = (
        f"{Path(sys.executable).parent}:{environment['PATH']}"  # the plugin runs voicestream from there
    )
    command = [str(agent.program), *(each.replace("{address}", server.address) for each in session.arguments)]
    faults: list[str] = []
    with Tmux(command, home / "project", environment, folder / "tmux") as terminal:
        if not terminal.wait_for(session.ready, LONGEST_SECONDS / 3, session.start):
            return [f"it did not start: {terminal.screen}"]
        for number, answer in enumerate(session.answers):
            time.sleep(TYPING_SECONDS)
            _submit(terminal, f"Prompt {number}.", server)
            if not terminal.watch(lambda answer=answer: ear.has(answer[-1]), LONGEST_SECONDS / 3, session.permit):
                faults.append(f"{answer[-1]!r} was not spoken")
                break
        terminal.watch(lambda: False, SETTLE_SECONDS)
        if session.is_plugin:
            terminal.type("/speech stop")
            if not terminal.wait_for(STOPPED, LONGEST_SECONDS / 6, {}):
                faults.append("/speech has no effect")
        (folder / "screen").write_text(terminal.screen, encoding="utf-8")
        for keys in session.leave:
            terminal.press(*keys)
            time.sleep(TYPING_SECONDS)
        if not terminal.wait_for_end(LONGEST_SECONDS / 6):
            faults.append("the agent did not end")
    if server.hold is not None and not server.hold.is_met:
        faults.append(f"{session.early[0]!r} was not spoken while the answer was written")
    return faults + faults_of(session, ear.texts())


def _submit(terminal: Tmux, prompt: str, server: StandIn) -> None:
    """Type a prompt, and press Enter again while the model is not asked: a busy agent takes it for part of a paste."""
    asked = len(server.requests)
    terminal.type(prompt)
    for _ in range(3):
        if terminal.watch(lambda: len(server.requests) > asked, SUBMIT_SECONDS):
            return
        terminal.press("Enter")


def faults_of(session: Session, spoken: Sequence[str]) -> list[str]:
    """Return what is missing, doubled, misplaced or too much."""
    requests = [text for text in spoken if text.endswith(ASKS)]
    said = [text for text in spoken if not text.endswith(ASKS)]
    wanted = [sentence for answer in session.answers for sentence in answer]
    faults = [] if said == wanted else [f"spoken {said}, not {wanted}"]
    if len(requests) != session.asks:
        faults.append(f"announced {requests}, not {session.asks} requests")
    return faults


def _claude(home: Path) -> None:
    project = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
    settings = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
        "projects": {str(home / "project"): project},
    }
    (home / ".claude.json").write_text(json.dumps(settings), encoding="utf-8")


def _opencode(home: Path) -> None:
    path = home / ".config" / "opencode" / "opencode.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**settings, "permission": {"bash": "ask"}}), encoding="utf-8")


_TASK: Final[Json] = {"description": "An inner task", "prompt": f"Do the {INNER_TASK}."}
_INNER: Final[tuple[Turn, ...]] = ((Text(" ".join(INNER)),),)
_GEMINI_SETTINGS: Final[Json] = {
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "telemetry": {"enabled": False},
    "privacy": {"usageStatisticsEnabled": False},
    "general": {"enableAutoUpdate": False, "maxAttempts": 2, "plan": {"enabled": True}},
    "experimental": {},
    "agents": {"overrides": {}},
}
"""In the form in which Gemini CLI 0.61.0 leaves them alone: older forms are rewritten when it starts."""
_TOUCH: Final = "touch /tmp/voicestream-stand-in"

_CLAUDE: Final = Session(
    client=CLAUDE,
    arguments=("--permission-mode", "default"),
    tools=Tools(
        free=Tool("Bash", {"command": "ls", "description": "List files."}),
        asking=Tool("Bash", {"command": _TOUCH, "description": "Write."}),
        delegating=Tool("Agent", {**_TASK, "subagent_type": "general-purpose"}),
        inner=_INNER,
        after="The inner task has ended.",
    ),
    ready=r"for shortcuts|❯",
    start={},
    permit={"Do you want to proceed": ("Enter",)},
    leave=(("C-c",), ("C-c",), ("C-d",)),
    settings=(".claude/settings.json", b'{ "theme" : "dark",\n\t"hooks":{"Stop":[]} }\r\n'),
    is_early=True,
    prepare=_claude,
)

SESSIONS: Final = (
    _CLAUDE,
    replace(
        _CLAUDE, name="plugin, interactive", is_plugin=True, settings=("", b""), opening=("This is the beginning.",)
    ),
    Session(
        client=CODEX,
        arguments=("-a", "on-request", *CODEX_OPTIONS),
        tools=Tools(
            free=Tool("exec_command", {"cmd": "ls"}),
            asking=Tool(
                "exec_command", {"cmd": _TOUCH, "sandbox_permissions": "require_escalated", "justification": "Write."}
            ),
            delegating=Tool("spawn_agent", {"message": _TASK["prompt"]}, namespace="multi_agent_v1"),
            inner=_INNER,
        ),
        ready="Ask Codex to do anything",
        start={"Trust this folder": ("Enter",), "Hooks need review": ("Down", "Enter")},
        permit={"Would you like to run": ("Enter",)},
        leave=(("C-c",), ("C-c",)),
        settings=(".codex/hooks.json", b""),
        is_early=False,
    ),
    Session(
        client=GEMINI,
        arguments=GEMINI.arguments,
        tools=Tools(
            free=Tool("list_directory", {"dir_path": "."}),
            asking=Tool("run_shell_command", {"command": _TOUCH}),
            delegating=Tool("invoke_agent", {"agent_name": "generalist", "prompt": _TASK["prompt"]}),
            inner=((Text(INNER[0]), Tool("complete_task", {"result": INNER[1]})),),
        ),
        ready="Type your message",
        start={},
        permit={"Allow execution": ("Enter",)},
        leave=(("C-c",), ("C-c",)),
        settings=(".gemini/settings.json", json.dumps(_GEMINI_SETTINGS, indent=2).encode()),
        is_early=False,
    ),
    Session(
        client=OPENCODE,
        arguments=(),
        tools=Tools(
            free=Tool("glob", {"pattern": "*"}),
            asking=Tool("bash", {"command": "touch stand-in", "description": "Write."}),
            delegating=Tool("task", {**_TASK, "subagent_type": "general"}),
            inner=_INNER,
        ),
        ready="Ask anything",
        start={},
        permit={"Permission required": ("Enter",)},
        leave=(("C-c",),),
        settings=(".config/opencode/plugin/voicestream.js", b""),
        is_early=True,
        prepare=_opencode,
    ),
)
"""Sessions of all agents."""
