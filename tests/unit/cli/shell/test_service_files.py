"""Service definitions: what systemd and launchd read in them."""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from voicestream.cli.shell import service_files

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "a b", 'say "hi"', "100%", "$HOME", "back\\slash"]
VARIABLES = {"VOICESTREAM_TO": "pt-BR", "VOICESTREAM_CONFIG": "/home/a b/50%.toml"}


def test_only_our_variables_and_no_secrets_are_taken() -> None:
    found = service_files.environment_of(
        {
            **VARIABLES,
            "HF_HOME": "/x",
            "PATH": "/bin",
            "VOICESTREAM_API_KEY": "k",
            "HF_TOKEN": "t",
            "VOICESTREAM_X": "\n",
        }
    )
    assert found == {**VARIABLES, "HF_HOME": "/x"}


def test_a_unit_quotes_what_systemd_would_expand(tmp_path: Path) -> None:
    unit = service_files.systemd_unit(COMMAND, VARIABLES)
    assert f'ExecStart="{sys.executable}" "a b" "say \\"hi\\"" "100%%" "$$HOME" "back\\\\slash"\n' in unit
    assert 'Environment="VOICESTREAM_CONFIG=/home/a b/50%%.toml"\n' in unit
    program = shutil.which("systemd-analyze")
    if program is not None:
        (tmp_path / "voicestream.service").write_text(unit)
        done = subprocess.run(
            [program, "verify", "--user", "--man=no", str(tmp_path / "voicestream.service")],
            capture_output=True,
            text=True,
            env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_an_agent_of_launchd_has_every_word_as_it_is() -> None:
    data = service_files.launchd_agent(COMMAND, VARIABLES, "/log/service.log")
    found = plistlib.loads(data)
    assert found["ProgramArguments"] == COMMAND
    assert found["EnvironmentVariables"] == VARIABLES
    assert found["Label"] == service_files.LABEL
    assert service_files.MARK.encode() in data
