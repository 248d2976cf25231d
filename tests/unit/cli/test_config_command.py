"""`voicestream config`: values with their sources, and files that are checked after they were edited."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from voicestream.cli.commands.configuring import config as command
from voicestream.cli.commands.configuring.config import config
from voicestream.config import config_file, options, project_file
from voicestream.config.project_file import NAME
from voicestream.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: a project, below a home directory with a config.toml of its own."""
    folder = tmp_path / "home" / "shop"
    folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VOICESTREAM_CONFIG", str(tmp_path / "config.toml"))
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    return folder


def call(*arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command."""
    done = CliRunner().invoke(config, list(arguments), standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.return_value or 0, done.stdout, done.stderr


def shown() -> dict[str, tuple[object, str]]:
    return {row["key"]: (row["value"], row["source"]) for row in json.loads(call("show", "--json")[1])["settings"]}


def test_each_key_is_shown_with_its_value_and_source(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "config.toml"
    own.write_text('speed = 1.1\nto = "ja"\n[voices]\nen = "espeak"\n[translate.glossary.ja]\nPR = "プル"\n')
    (place / NAME).write_text('to = "de"\n')
    monkeypatch.setenv("VOICESTREAM_KEEP_ALIVE", "7")
    found = shown()
    assert {one.name for one in options.OPTIONS if one.key == (one.name,)} <= set(found)
    assert found["to"] == ("de", f"{place / NAME}, line 1")
    assert found["speed"] == (1.1, f"{own}, line 1")
    assert found["keep-alive"] == (7.0, "VOICESTREAM_KEEP_ALIVE")
    assert found["beams"] == (1, "default")
    assert found["voices.en"] == ("espeak", f"{own}, line 4")
    assert found["translate.glossary.ja.PR"] == ("プル", f"{own}, line 6")
    assert call("show")[0] == 0
    assert call("path")[1].splitlines() == [str(place / NAME), str(own)]


def test_passwords_in_addresses_are_hidden(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICESTREAM_NAME", "https://me:hunter2@host/x")
    assert "hunter2" not in "".join(call("show")[1:]) + "".join(call("show", "--json")[1:])
    assert place.exists()


def test_errors_are_told_beside_all_other_settings_with_78(place: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("speed = 99\nbeams = 2\n")
    (place / NAME).write_text('output = "x.wav"\ncaptions = false\n')
    code, out, err = call("show")
    assert code == 78
    assert "line 1: output is not allowed" in err
    assert "line 1: speed: 99" in err
    assert "captions" in out
    found = shown()
    assert (found["beams"][0], found["captions"][0], found["speed"]) == (2, False, (1.0, "default"))


@pytest.mark.parametrize("whose", ["mine", "project"])
def test_a_template_is_a_valid_file_whose_keys_are_those_that_are_allowed(whose: str, tmp_path: Path) -> None:
    project = whose == "project"
    text = command._template(project=project)  # pyright: ignore[reportPrivateUsage]
    assert tomllib.loads(text) == {}
    keys = options.PROJECT if project else tuple(config_file.OPTION_TYPES)
    lines = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ") and " = " in line]
    assert [line.partition(" = ")[0] for line in lines][: len(keys)] == list(keys)
    some = "\n".join(line for line in lines[: len(keys)] if not line.endswith('""'))
    assert not (project_file.parse(some, "x")[1] if project else config_file.parse(some, str(tmp_path)).replacements)


def test_an_editor_changes_the_file_which_is_checked_afterwards(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "config.toml"
    monkeypatch.setenv("EDITOR", "true")
    assert call("edit")[0] == 0
    assert not own.exists(), "nothing was changed"
    monkeypatch.setenv("VISUAL", "sh -c 'echo speed = 9 >> \"$0\"'")
    code, _, err = call("edit")
    assert code == 78
    assert f"{own}, line " in err
    monkeypatch.setenv("VISUAL", "sh -c 'echo output = 9 >> \"$0\"'")
    assert "output is not allowed" in call("edit", "--project")[2]
    assert (place / NAME).exists()


def test_an_editor_that_is_not_there_or_fails_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for editor in ("/no/such/editor", "false", "'"):
        monkeypatch.setenv("EDITOR", editor)
        with pytest.raises(UsageError):
            call("edit")
    assert list(place.iterdir()) == []
    monkeypatch.chdir(place.parent)
    with pytest.raises(UsageError, match="is no project"):
        call("edit", "--project")


def test_a_file_that_cannot_be_begun_is_told_with_its_variable(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.setenv("VOICESTREAM_CONFIG", "/proc/voicestream/config.toml")
    assert place.is_dir()
    with pytest.raises(ConfigurationError, match=r"cannot write /proc/voicestream/config\.toml") as caught:
        call("edit")
    assert caught.value.hint == "Set VOICESTREAM_CONFIG to a file that you may write."
