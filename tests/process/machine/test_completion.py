"""`voicestream completion` in real shells: what is offered behind what was typed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.deadline import remaining
from helpers.process.running import COMMAND

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

ASK = """
eval "$(voicestream completion bash)"
offer() {
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    _voicestream_completion voicestream
    echo "${COMPREPLY[*]}"
}
offer voicestream resu
offer voicestream run --to j
offer voicestream workers restart tts : esp
offer voicestream run --format "="  kim
"""


def in_shell(place: Voicestream, *command: str) -> str:
    """The output of a shell in which `voicestream` is this one."""
    done = subprocess.run(
        command,
        env=place.shell_environment(),
        cwd=place.cwd,
        capture_output=True,
        text=True,
        timeout=remaining(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_bash_completes_commands_options_and_values(place: Voicestream) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    lines = in_shell(place, bash, "--norc", "-c", ASK).splitlines()
    assert lines == ["resume", "ja jv", "espeak", "kimi"]


FISH = 'voicestream completion fish | source; complete -C "voicestream run --to j"'
ZSH = 'autoload -U compinit; compinit -D; eval "$(voicestream completion zsh)"; echo $_comps[voicestream]'


@pytest.mark.parametrize(
    ("shell", "arguments", "offered"),
    [("fish", ("--no-config", "-c", FISH), "ja"), ("zsh", ("-f", "-c", ZSH), "_voicestream_completion")],
    ids=["fish", "zsh"],
)
def test_other_shells_take_their_script(
    place: Voicestream, shell: str, arguments: tuple[str, ...], offered: str
) -> None:
    program = shutil.which(shell)
    if program is None:
        assert in_shell(place, *COMMAND, "completion", shell)
        return
    assert offered in in_shell(place, program, *arguments).split()


def test_a_completion_imports_nothing_that_takes_long(place: Voicestream) -> None:
    environment = {**place.environment, "COMP_WORDS": "voicestream run --voice ", "COMP_CWORD": "3"}
    done = subprocess.run(
        [sys.executable, "-P", "-X", "importtime", "-m", "voicestream"],
        env={**environment, "_VOICESTREAM_COMPLETE": "bash_complete"},
        capture_output=True,
        text=True,
        timeout=remaining(),
        check=True,
    )
    imported = {text.rpartition("|")[2].strip() for text in done.stderr.splitlines()}
    assert done.stdout
    assert "voicestream.engines.registry" in imported
    assert not imported & {"zmq", "numpy", "rich", "asyncio", "voicestream.client.connection"}
