"""``voicestream doctor``: diagnosis of the installation, with the command that mends each problem."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from voicestream import __version__
from voicestream.cli.columns import show, terminal_width, wrapped
from voicestream.doctor.finding import Finding, findings_of
from voicestream.errors import EXIT_INCOMPLETE, EXIT_OK, as_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

JSON_VERSION: Final = 1
MARKS: Final = {"ok": "ok", "note": "note", "problem": "PROBLEM"}
INDENT: Final = 9
"""Width of the marks, below which hints stand."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option("--tone", is_flag=True, help="Play a test tone.")
@click.option(
    "--device", default="", metavar="NAME", help="Device for the tone: number or part of its name.  [default: system's]"
)
def doctor(*, as_json: bool, tone: bool, device: str) -> int:
    """Check Python, sound, engines, models, licences, GPU and the running supervisor.

    Each problem has the command that mends it. The exit code is 1 if there is a problem.
    """
    found: list[Finding] = []
    for finding in diagnose(device, plays_tone=tone or bool(device)):
        found.append(finding)
        if not as_json:
            _show(finding)
    problems = sum(finding.state == "problem" for finding in found)
    if as_json:
        data = {"version": JSON_VERSION, "voicestream": __version__, "findings": [asdict(finding) for finding in found]}
        click.echo(json.dumps(data))
    else:
        click.echo(f"{problems} problem{'s' if problems > 1 else ''}" if problems else "no problems")
    return EXIT_INCOMPLETE if problems else EXIT_OK


def diagnose(device: str, *, plays_tone: bool) -> Iterator[Finding]:
    """Run all checks, the quick ones first.

    Args:
        device: number, or name or a part of it, of the device of the tone; empty: the default device.
        plays_tone: whether to play a test tone.
    """
    from voicestream.doctor import engines, environment, sound, supervisor

    checks: dict[str, Callable[[], Iterable[Finding]]] = {
        "python": environment.python,
        "configuration": environment.configuration,
        "project": environment.project,
        "logs": environment.logs,
        "run directory": environment.run_directory,
        "disk": environment.disk,
        "shared memory": environment.shared_memory,
        "supervisor": supervisor.supervisor,
        "engines": engines.engines,
        "models": engines.models,
        "gpu": engines.gpu,
        "hooks": _hooks,
        "sound": partial(sound.sound, device, plays_tone=plays_tone),
    }
    for name, check in checks.items():
        yield from findings_of(name, check)


def _hooks() -> Iterator[Finding]:
    """Report the hooks of interactive agents."""
    from voicestream.cli.commands import hook
    from voicestream.cli.hooks.agents import AGENTS

    is_found = False
    for agent in AGENTS:
        again = f"voicestream hook install {agent}"
        for one in hook.installations(agent):
            is_found = is_found or bool(one.events)
            if one.is_other:
                yield Finding("hooks", "note", f"{one.path} runs another voicestream: {one.commands[0]}", again)
            elif 0 < one.events < one.wanted:
                yield Finding("hooks", "note", f"{one.path} has {one.events} of {one.wanted} events", again)
            elif one.events:
                yield Finding("hooks", "ok", f"{agent}: installed in {one.path}")
    if not is_found:
        yield Finding("hooks", "ok", f"not installed; voicestream hook install {'|'.join(AGENTS)} adds them")


def _show(finding: Finding) -> None:
    width = terminal_width()
    show(wrapped(f"{MARKS[finding.state]:{INDENT}}{finding.check}: {finding.text}", width))
    if finding.hint:
        show([f"{' ' * INDENT}{line}" for line in wrapped(as_line(finding.hint), width - INDENT)])
