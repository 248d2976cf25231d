"""Keys of the terminal at whose shell a pipeline runs."""

from __future__ import annotations

import json
import os
import shlex
import signal
from typing import TYPE_CHECKING

import psutil

from helpers.process.running import COMMAND, line, wait_until
from helpers.process.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Event, Voicestream

RUN = f"sh -c 'echo $$ > pid$1; exec {shlex.join(COMMAND)} run --output null --events events$1' sh"

SCRIPT = f"""
set -m
cat agent1 | {RUN} 1
stty -a > stopped
fg
echo first ended with $?
cat agent2 | {RUN} 2
echo second ended with $?
cat agent3 | {RUN} 3 &
wait
echo third ended
"""
"""A shell with job control: a stopped pipeline lets it go on, here with the command that continues the pipeline."""


def pipe(place: Voicestream, number: int) -> Path:
    """The pipe of an agent of the script."""
    path = place.cwd / f"agent{number}"
    os.mkfifo(path)
    return path


def events(place: Voicestream, number: int, kind: str) -> list[Event]:
    """Events of a run of the script so far."""
    path = place.cwd / f"events{number}"
    lines = path.read_text().splitlines() if path.exists() else []
    return [event for event in map(json.loads, lines) if event["event"] == kind]


def test_keys_control_what_is_heard_and_the_terminal_is_always_restored(place: Voicestream) -> None:
    pipes = [pipe(place, number) for number in (1, 2, 3)]
    with Terminal(SCRIPT, place.environment, place.cwd) as terminal:

        def shown(text: str) -> None:
            wait_until(lambda: text in terminal.shown, f"{text!r} is shown", seen=lambda: terminal.shown)

        with pipes[0].open("wb", buffering=0) as agent:
            agent.write(line("One is said.") + line("Two is said."))
            shown("keys: space pause")
            assert terminal.reads_keys
            wait_until(lambda: len(events(place, 1, "playback_finished")) == 2, "both are played")
            terminal.type(" ")
            shown("paused: voicestream resume")
            assert place.status()["supervisor"]["paused"]
            terminal.type("\x1b[D")
            wait_until(lambda: len(events(place, 1, "repeated")) == 1, "the last one is played again")
            terminal.type(" ")
            shown("resumed")

            terminal.type("\x1a")
            stopped = place.cwd / "stopped"
            wait_until(lambda: stopped.exists() and "echok" in stopped.read_text(), "it was stopped")
            assert {"icanon", "echo"} <= set(stopped.read_text().replace(";", " ").split())
            wait_until(lambda: terminal.reads_keys, "the terminal is taken again after fg")

            terminal.type("q")
            wait_until(lambda: terminal.reads_lines, "the terminal is restored")
            agent.write(line("Nobody hears this."))
        shown("first ended with 1")

        with pipes[1].open("wb", buffering=0):
            wait_until(lambda: terminal.reads_keys, "the second run takes the terminal")
            os.kill(int((place.cwd / "pid2").read_text()), signal.SIGTERM)
            wait_until(lambda: terminal.reads_lines, "the terminal is restored")
        shown("second ended with 143")

        with pipes[2].open("wb", buffering=0) as agent:
            agent.write(line("Three is said."))
            wait_until(lambda: bool(events(place, 3, "playback_finished")), "the third run speaks")
            terminal.type(" q")
            agent.write(line("Four is said."))
            wait_until(lambda: len(events(place, 3, "playback_finished")) == 2, "playback continues")
            assert terminal.reads_lines
            assert psutil.Process(int((place.cwd / "pid3").read_text())).status() != psutil.STATUS_STOPPED
        shown("third ended")
