"""The project's file: where it is found, and that a file of somebody else's repository can do no harm."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestream.cli.commands.run import run
from voicestream.cli.session.request import request
from voicestream.config import project_file
from voicestream.config.options import BY_NAME, OPTIONS, PROJECT
from voicestream.config.project_file import MAX_BYTES, NAME, find, load, parse
from voicestream.errors import ConfigurationError, UsageError
from voicestream.protocol import hook_socket
from voicestream.voices import voice_choice

if TYPE_CHECKING:
    from voicestream.cli.session.request import SessionRequest


@pytest.fixture
def inner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: a folder of a project, below a home directory."""
    folder = tmp_path / "home" / "shop" / "src" / "deep"
    folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VOICESTREAM_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.chdir(folder)
    return folder


def asked(*arguments: str, is_lenient: bool = False) -> SessionRequest:
    """What `run` asks for with these arguments in the working directory."""
    context = run.make_context("run", ["--output", "null", *arguments])
    with context:
        return request(context, is_lenient=is_lenient)


def test_a_file_is_found_upwards_and_ends_below_home(inner: Path) -> None:
    home = inner.parents[2]
    (home / ".git").mkdir()
    assert load(inner).directory == inner
    assert not project_file.can_have_file(home)
    (home / NAME).write_text('name = "home"')
    assert find(inner) is None
    project = inner.parents[1] / NAME
    project.write_text('name = "shop"')
    assert find(inner) == project
    (inner / NAME).write_text('name = "deep"')
    assert find(inner) == inner / NAME
    inner.chmod(0o1777)  # shared by all users, as /tmp
    assert find(inner) is None


def test_directories_of_another_user_end_the_search(inner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (inner / NAME).write_text("")
    monkeypatch.setattr(os, "getuid", lambda: inner.stat().st_uid + 1)
    assert find(inner) is None


def test_the_project_is_named_after_the_file_or_the_repository(inner: Path) -> None:
    assert load(inner).directory == inner
    (inner.parent / ".git").mkdir()
    assert load(inner).directory == inner.parent
    (inner.parents[1] / NAME).write_text("")
    assert load(inner).directory == inner.parents[1]


@pytest.mark.parametrize("one", [one.name for one in OPTIONS if one.name not in PROJECT])
def test_no_other_option_may_stand_there(one: str) -> None:
    settings, (problem,) = parse(f'captions = false\n{one} = "x"\n', "p.toml")
    assert str(problem).startswith(f"p.toml, line 2: {one} is not allowed in {NAME}; allowed are")
    assert settings.options == {"captions": False}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('voice = "../me.wav"', "may not name files"),
        ('voice = "me.WAV"', "may not name files"),
        ('voice = "~me"', "may not name files"),
        ('name = "a\\u001b[31mb"', "must be a line"),
        (f'name = "{"x" * 101}"', "must be a line"),
        ("speed = true", "must be a number"),
        ("sped = 1", "is not known in"),
        ("[voices]\nen = 'kokoro'", "is not allowed in"),
    ],
)
def test_what_may_not_be_there_is_told_with_its_line(text: str, problem: str) -> None:
    settings, (found,) = parse(text, "p.toml")
    assert "p.toml, line 1: " in str(found)
    assert problem in str(found)
    assert not settings.options


@given(st.text(max_size=200))
def test_any_text_gives_allowed_options_or_an_error(text: str) -> None:
    try:
        settings, _ = parse(text, "p.toml")
    except ConfigurationError:
        return
    assert set(settings.options) <= set(PROJECT)


def test_links_and_large_and_odd_files_are_refused_with_the_reason(inner: Path) -> None:
    file = inner / NAME
    (inner / "other").write_text('name = "other"')
    file.symlink_to(inner / "other")
    assert "it is a symbolic link" in str(load(inner).problems[0])
    file.unlink()
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    assert "it is larger than" in str(load(inner).problems[0])
    file.write_bytes(b'name = "\xff"')
    assert "byte 9 is not UTF-8" in str(load(inner).problems[0])
    file.write_text("name = = 1")
    assert "line 1" in str(load(inner).problems[0])
    file.unlink()
    os.mkfifo(file)
    assert "not a regular file" in str(load(inner).problems[0])


def test_a_file_of_another_user_is_refused(inner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (inner / NAME).write_text("")
    real = os.getuid()
    monkeypatch.setattr(project_file, "find", lambda _: inner / NAME)
    monkeypatch.setattr(os, "getuid", lambda: real + 1)
    assert "it belongs to another user" in str(load(inner).problems[0])


def test_options_come_from_flag_variable_project_and_the_users_file_in_this_order(
    inner: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (asked().options.speed, asked().options.project) == (1.0, "deep")
    (tmp_path / "config.toml").write_text('speed = 1.1\ntts = "espeak"\ncaptions = false\n')
    assert asked().options.speed == 1.1
    (inner.parents[1] / NAME).write_text('speed = 1.2\nfrom = "de"\nenabled = false\nvoice = "de"')
    found = asked()
    assert (found.options.speed, found.options.target, found.captions, found.enabled) == (1.2, "de", False, False)
    assert (found.options.project, found.options.voice) == ("shop", "de")
    assert found.disabled_by.endswith(f"{NAME}, line 3")
    monkeypatch.setenv("VOICESTREAM_SPEED", "1.3")
    assert asked().options.speed == 1.3
    assert asked("--speed", "1.4", "--enabled").options.speed == 1.4


def test_an_error_ends_run_with_78_and_is_ignored_by_hooks(inner: Path) -> None:
    (inner / NAME).write_text('speed = 99\noutput = "x.wav"\nfrom = "de"\n')
    with pytest.raises(ConfigurationError, match=r"line 2: output is not allowed") as caught:
        asked()
    assert caught.value.exit_code == 78
    found = asked(is_lenient=True).options
    assert (found.speed, found.target) == (1.0, "de")


def test_a_voice_that_is_not_there_is_an_error_for_run_only(inner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(typed: str, *_: object) -> None:
        raise UsageError(f'there is no voice "{typed}"')

    monkeypatch.setattr(voice_choice, "resolve", unknown)
    (inner / NAME).write_text('voice = "no such voice"\n')
    with pytest.raises(ConfigurationError, match=r"\.voicestream\.toml, line 1: .*no such voice"):
        asked("--tts", "espeak")
    assert asked("--tts", "espeak", is_lenient=True).options.voice == ""


def test_the_variables_of_an_agent_are_those_of_the_options_of_a_project() -> None:
    assert sorted(hook_socket.VARIABLES) == sorted(f"{BY_NAME[name].variable}" for name in PROJECT)


def test_a_header_carries_the_agents_variables_and_no_others() -> None:
    frame = hook_socket.frame(
        "claude", b"{}", environment={"VOICESTREAM_TO": "de\n", "VOICESTREAM_OUTPUT": "x.wav", "HOME": "/"}
    )
    header, line, rest = frame.split(b"\n")
    assert (line, rest) == (b"{}", b"")
    assert hook_socket.agent_of(header) == "claude"
    assert hook_socket.variables_of(header) == {"VOICESTREAM_TO": "de\n"}
    assert hook_socket.frame("claude", b"{}") == b"voicestream-hook 1 claude\n{}\n"


@pytest.mark.parametrize(
    "part", [b"VOICESTREAM_TO=zz", b"VOICESTREAM_TO=00", b"PATH=61", b"VOICESTREAM_TO=\xff", b"\xff=61", b"="]
)
def test_a_header_with_other_parts_has_no_variables(part: bytes) -> None:
    assert not hook_socket.variables_of(b"voicestream-hook 1 claude " + part)


@pytest.mark.parametrize("cwd", [None, 7, "", "relative", "/" + "x" * 5000, "/a\nb", "/a\0b"])
def test_a_directory_is_an_absolute_path_or_unknown(cwd: object) -> None:
    assert hook_socket.directory_of(cwd) == ""
    assert hook_socket.directory_of("/srv/shop") == "/srv/shop"


def test_the_page_about_configuration_lists_the_keys_of_a_project() -> None:
    page = (Path(__file__).parents[3] / "docs" / "guide" / "configuration.md").read_text(encoding="utf-8")
    table = page.partition("| Key | Meaning |")[2].partition("\n\n")[0]
    keys = [key for row in table.splitlines() for key in re.findall(r"`([a-z_-]+)`", row.partition(" | ")[0])]
    assert keys == list(PROJECT)
