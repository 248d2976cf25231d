"""The manual: every command and option is in it, and roff takes it without a warning."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from voicestream.cli import main
from voicestream.cli.shell import manual


def test_every_command_and_every_option_is_in_the_manual() -> None:
    text = manual.whole(main.voicestream)
    plain = text.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
    every = list(manual.commands(main.voicestream))
    assert {one.path[0] for one in every if one.path} == set(main.COMMANDS)
    for one in every:
        assert " ".join(("voicestream", *one.path)) in plain
        for parameter in one.command.params:
            if not getattr(parameter, "hidden", False) and parameter.param_type_name == "option":
                assert all(name in plain for name in parameter.opts), (one.path, parameter.opts)
        assert one.path == () or manual.page(main.voicestream, one.path)
    assert manual.page(main.voicestream, ("nonsense",)) is None


def test_roff_takes_all_pages_without_a_warning() -> None:
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is not installed")
    paths = [one.path for one in manual.commands(main.voicestream) if len(one.path) == 1]
    pages = [manual.whole(main.voicestream), *(manual.page(main.voicestream, path) or "" for path in paths)]
    done = subprocess.run(
        [groff, "-man", "-ww", "-Tutf8", "-P-c"], input="".join(pages), capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "VOICESTREAM-RUN(1)" in done.stdout
