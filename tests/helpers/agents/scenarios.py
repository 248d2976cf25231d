"""Scenarios: what the stand-in answers to an agent, and which sentences are spoken then."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from helpers.agents.clients import CLAUDE, CODEX, GEMINI, OPENCODE
from helpers.agents.script import Cut, Failure, Script, Text, Tool, say

if TYPE_CHECKING:
    from helpers.agents.clients import Client
    from helpers.agents.script import Turn

FIRST: Final = ("I look at the tests first.", "Two of them fail.")
SECOND: Final = ("Both tests pass now.", "The lock was held too long.")
THIRD: Final = ("The changelog has a line about it.",)
INNER: Final = ("This is for the main agent alone.", "Nobody needs to hear it.")
INNER_TASK: Final = "inner-task"
TORN: Final = f"{FIRST[0]} {FIRST[1][:9]}"
PARAGRAPHS: Final = f"{FIRST[0]}\n\n{FIRST[1]}\n\n```python\nlock = None\n```\n\n- {SECOND[0]}\n- {SECOND[1]}\n"


@dataclass(frozen=True)
class Prompt:
    """A line for an agent's stdin.

    ``{project}`` is its directory, ``{found}`` the group of the expression, ``{session}`` the ACP session of the first
    call.
    """

    line: str
    after: str = ""
    """An expression that is awaited in the agent's output before."""


@dataclass(frozen=True)
class Call:
    """One call of an agent."""

    turns: tuple[Turn, ...]
    arguments: tuple[str, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    """Lines for its stdin."""
    last: str = ""
    """An expression that is awaited in its output before its stdin is closed."""
    inner: tuple[Turn, ...] = ()
    """Turns of its sub-agent."""

    def script(self) -> Script:
        """A script that nobody has taken a turn of."""
        return Script(self.turns, {INNER_TASK: self.inner} if self.inner else {})


@dataclass(frozen=True)
class Scenario:
    """Calls of one agent, in one HOME and into one pipe."""

    name: str
    calls: tuple[Call, ...]
    spoken: tuple[str, ...]
    error: str = ""
    """Words of the error that is announced."""
    kept: str = ""
    """Pattern below HOME of the files that the agent keeps of the session, which are spoken, too."""
    followed: str = ""
    """Folder below HOME that ``voicestream follow`` follows meanwhile; it must sound the same."""
    spoken_by_call: tuple[int, ...] = ()
    """Number of sentences of each call, if an editor starts the agent by ``voicestream acp``."""


def _one(name: str, spoken: tuple[str, ...], call: Call, error: str = "") -> Scenario:
    return Scenario(name, (call,), spoken, error)


TEXT: Final[tuple[Turn, ...]] = ((Text(PARAGRAPHS),),)
FAILS_529: Final[tuple[Turn, ...]] = ((Failure(529, "Overloaded"),),)
RECOVERS: Final[tuple[Turn, ...]] = ((Failure(529, "Overloaded"),), (say(*FIRST),))
FAILS_429: Final[tuple[Turn, ...]] = ((Failure(429, "Rate limit reached"),),)
CUT_ONCE: Final[tuple[Turn, ...]] = ((Cut(TORN),), (say(*FIRST, *SECOND),))
CUT_LATER: Final[tuple[Turn, ...]] = ((say(*FIRST), Cut(SECOND[0][:7])), (say(*SECOND),))
CUT_ALWAYS: Final[tuple[Turn, ...]] = ((Cut(TORN),),)


def _with_tool(*tools: Tool) -> tuple[Turn, ...]:
    return ((say(*FIRST), *tools), (say(*SECOND),))


def _claude() -> tuple[Scenario, ...]:
    stream = ("--output-format", "stream-json", "--verbose")
    partial = (*stream, "--include-partial-messages")
    free = (*partial, "--dangerously-skip-permissions")
    bash = Tool("Bash", {"command": "echo Silent output. Of a tool.", "description": "Print words."})
    task = {"description": "An inner task", "prompt": f"Do the {INNER_TASK}.", "subagent_type": "general-purpose"}
    inner: tuple[Turn, ...] = ((say(INNER[0]), bash), (say(INNER[1]),))
    plan = Tool("ExitPlanMode", {"plan": "# Plan\n\nThis is a plan. It stays silent."})
    replayed = (*free, "--input-format", "stream-json", "--replay-user-messages")
    prompts = (_user_message("Fix it. Say nothing else."), _user_message("And the changelog, too.", r'"type":"result"'))
    both = (*FIRST, *SECOND)
    background = (*_with_tool(Tool("Agent", task)), (say(*THIRD),))
    return (
        _one("plain text", both, Call(TEXT, ("Fix it.",))),
        _one("text", both, Call(TEXT, ("Fix it.", *stream))),
        _one("partial", both, Call(TEXT, ("Fix it.", *partial))),
        _one("tools", both, Call(_with_tool(bash, bash), ("Fix it.", *free))),
        _one("529", (), Call(FAILS_529, ("Fix it.", *partial)), "529"),
        _one("529, then well", FIRST, Call(RECOVERS, ("Fix it.", *partial))),
        _one("429", (), Call(FAILS_429, ("Fix it.", *stream)), "429"),
        _one("cut", both, Call(CUT_ONCE, ("Fix it.", *partial))),
        _one("cut, whole texts", both, Call(CUT_ONCE, ("Fix it.", *stream))),
        _one("cut in a later text", both, Call(CUT_LATER, ("Fix it.", *partial))),
        _one("always cut", FIRST[:1], Call(CUT_ALWAYS, ("Fix it.", *partial)), "Connection"),
        Scenario(
            "sub-agent",
            (Call(background, ("Fix it.", *free), inner=inner),),
            (*both, *THIRD),
            followed=".claude/projects",
        ),
        _one("plan mode", both, Call(_with_tool(plan), ("Fix it.", *partial, "--permission-mode", "plan"))),
        Scenario(
            "resume",
            _resumed(("Fix it.", *stream), ("Go on.", "--continue", *stream)),
            both,
            kept=".claude/projects/*/*.jsonl",
            followed=".claude/projects",
        ),
        _one("replayed input", both, Call(((say(*FIRST),), (say(*SECOND),)), replayed, prompts)),
        _one("json", SECOND, Call(_with_tool(bash), ("Fix it.", "--output-format", "json", free[-1]))),
        _one("json array", both, Call(_with_tool(bash), ("Fix it.", "--output-format", "json", "--verbose", free[-1]))),
    )


def _codex() -> tuple[Scenario, ...]:
    run = Tool("exec_command", {"cmd": "echo Silent output. Of a tool."})
    wait = Tool("exec_command", {"cmd": "sleep 2"})
    spawn = Tool("spawn_agent", {"message": f"Do the {INNER_TASK}."}, namespace="multi_agent_v1")
    spawned: tuple[Turn, ...] = ((say(*FIRST), spawn), (wait,), (say(*SECOND),))
    both = (*FIRST, *SECOND)
    fix = ("--json", "Fix it.")
    return (
        _one("plain text", both, Call(TEXT, ("Fix it.",))),
        _one("text", both, Call(TEXT, fix)),
        _one("tools", both, Call(_with_tool(run, run), fix)),
        _one("529", (), Call(FAILS_529, fix), "529"),
        _one("529, then well", FIRST, Call(RECOVERS, fix)),
        _one("429", (), Call(FAILS_429, fix), "429"),
        _one("cut", both, Call(CUT_ONCE, fix)),
        _one("always cut", (), Call(CUT_ALWAYS, fix), "stream disconnected"),
        Scenario("sub-agent", (Call(spawned, fix, inner=((say(*INNER),),)),), both, followed=".codex/sessions"),
        Scenario(
            "resume",
            _resumed(fix, ("resume", "--json", "--last", "Go on.")),
            both,
            kept=".codex/sessions/**/rollout-*.jsonl",
            followed=".codex/sessions",
        ),
    )


def _gemini() -> tuple[Scenario, ...]:
    run = Tool("run_shell_command", {"command": "echo Silent output. Of a tool."})
    delegate = Tool("invoke_agent", {"agent_name": "generalist", "prompt": f"Do the {INNER_TASK}."})
    complete = Tool("complete_task", {"result": INNER[1]})
    both = (*FIRST, *SECOND)
    inner: tuple[Turn, ...] = ((say(INNER[0]), complete),)
    stream = ("--output-format", "stream-json")
    fix = (*stream, "-p", "Fix it.")
    return (
        _one("plain text", both, Call(TEXT, ("-p", "Fix it."))),
        _one("text", both, Call(TEXT, fix)),
        _one("tools", both, Call(_with_tool(run, run), (*fix, "--yolo"))),
        _one("529", (), Call(FAILS_529, fix), "Overloaded"),
        _one("529, then well", FIRST, Call(RECOVERS, fix)),
        _one("429", (), Call(FAILS_429, fix), "Rate limit"),
        _one("always cut", FIRST[:1], Call(CUT_ALWAYS, fix), "terminated"),
        Scenario(
            "sub-agent", (Call(_with_tool(delegate), (*fix, "--yolo"), inner=inner),), both, followed=".gemini/tmp"
        ),
        _one("plan mode", FIRST, Call(((say(*FIRST),),), (*fix, "--approval-mode", "plan"))),
        _one("ACP", both, _protocol(_with_tool(run), ("--acp", "--yolo"))),
        Scenario("ACP in an editor", (_protocol(_with_tool(run), ("--acp", "--yolo")),), both, spoken_by_call=(4,)),
        Scenario(
            "resume",
            _resumed(fix, (*stream, "-p", "Go on.", "--resume", "latest")),
            both,
            kept=".gemini/tmp/*/chats/*.jsonl",
            followed=".gemini/tmp",
        ),
    )


def _opencode() -> tuple[Scenario, ...]:
    run = Tool("bash", {"command": "echo Silent output. Of a tool.", "description": "Print words."})
    task = {"description": "An inner task", "prompt": f"Do the {INNER_TASK}.", "subagent_type": "general"}
    both = (*FIRST, *SECOND)
    inner: tuple[Turn, ...] = ((say(INNER[0]), run), (say(INNER[1]),))
    run_json = ("run", "--format", "json")
    fix = (*run_json, "Fix it.")
    return (
        _one("plain text", both, Call(TEXT, ("run", "Fix it."))),
        _one("text", both, Call(TEXT, fix)),
        _one("tools", both, Call(_with_tool(run, run), (*fix, "--auto"))),
        _one("529", (), Call(FAILS_529, fix), "Overloaded"),
        _one("529, then well", FIRST, Call(RECOVERS, fix)),
        _one("429", (), Call(FAILS_429, fix), "Rate limit"),
        _one("cut", both, Call(CUT_ONCE, fix)),
        _one("sub-agent", both, Call(_with_tool(Tool("task", task)), (*fix, "--auto"), inner=inner)),
        _one("plan mode", FIRST, Call(((say(*FIRST),),), (*fix, "--agent", "plan"))),
        _one("ACP", both, _protocol(_with_tool(run), ("acp",))),
        Scenario(
            "ACP in an editor",
            (_protocol(_with_tool(run), ("acp",)), _protocol(((say(*THIRD),),), ("acp",), prompt="Go on.", loads=True)),
            (*both, *THIRD),
            spoken_by_call=(4, 1),
        ),
        Scenario("resume", _resumed(fix, (*run_json, "Go on.", "--continue")), both),
    )


def _resumed(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[Call, ...]:
    return Call(((say(*FIRST),),), first), Call(((say(*SECOND),),), second)


def _user_message(text: str, after: str = "") -> Prompt:
    content = [{"type": "text", "text": text}]
    return Prompt(json.dumps({"type": "user", "message": {"role": "user", "content": content}}), after)


def _protocol(
    turns: tuple[Turn, ...], arguments: tuple[str, ...], *, prompt: str = "Fix it.", loads: bool = False
) -> Call:
    """Speak the Agent Client Protocol with an agent; ``loads``: in the session of the call before."""

    def request(number: int, method: str, **parameters: object) -> str:
        return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters})

    can = {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False}
    opening = {"cwd": "{project}", "mcpServers": []}
    session = "{session}" if loads else "{found}"
    prompts = (
        Prompt(request(0, "initialize", protocolVersion=1, clientCapabilities=can)),
        Prompt(
            request(1, "session/load", sessionId=session, **opening) if loads else request(1, "session/new", **opening),
            r'"id":0\b',
        ),
        Prompt(
            request(2, "session/prompt", sessionId=session, prompt=[{"type": "text", "text": prompt}]),
            r'"id":1\b' if loads else r'"sessionId":"([^"]+)"',
        ),
    )
    return Call(turns, arguments, prompts, last="stopReason")


def scenarios(client: Client) -> tuple[Scenario, ...]:
    """The scenarios of an agent: those for which it has the feature."""
    return {CLAUDE.name: _claude, CODEX.name: _codex, GEMINI.name: _gemini, OPENCODE.name: _opencode}[client.name]()
