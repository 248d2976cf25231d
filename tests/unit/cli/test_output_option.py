"""``--output``: what it names, and that no file is overwritten unasked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from voicestream.cli.session import output_option
from voicestream.errors import ConfigurationError, UsageError
from voicestream.models import packages

FULL = b"RIFF"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(output: str, *, force: bool = False) -> str:
    with pytest.raises(UsageError) as caught:
        output_option.parse(output, "", force=force)
    assert caught.value.hint
    return str(caught.value)


def test_a_file_that_exists_is_overwritten_only_with_force() -> None:
    Path("x.wav").write_bytes(FULL)
    assert refused("x.wav") == "--output x.wav: exists already"
    assert output_option.parse("x.wav", "", force=True).path == str(Path("x.wav").absolute())


def test_an_empty_file_and_a_device_have_nothing_to_lose() -> None:
    Path("empty.wav").touch()
    Path("device.wav").symlink_to("/dev/null")
    Path("silent.wav").write_bytes(b"RIFF" + bytes(40))
    for name in ("empty.wav", "device.wav", "silent.wav"):
        assert output_option.parse(name, "").kind == "wav"


@pytest.mark.parametrize(("name", "kind"), [("x.flac", "flac"), ("x.OPUS", "opus"), ("{session}.ogg", "opus")])
def test_the_suffix_tells_the_kind_of_a_file(name: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "is_installed", lambda _: True)
    assert output_option.parse(name, "").kind == kind
    monkeypatch.setattr(packages, "is_installed", lambda _: False)
    with pytest.raises(ConfigurationError) as caught:
        output_option.parse(name, "")
    assert caught.value.hint == "Try: pip install 'voicestream[audio-files]'"
    assert "ends in .wav, .flac, .opus or .ogg" in str(_hint("x.mp3"))


def test_an_empty_name_is_no_directory() -> None:
    assert refused("") == "--output: the name is empty"


def _hint(output: str) -> str:
    with pytest.raises(UsageError) as caught:
        output_option.parse(output, "")
    return caught.value.hint


def test_a_pipe_is_refused() -> None:
    os.mkfifo("pipe.wav")
    assert "neither a file nor a device" in refused("pipe.wav", force=True)


@pytest.mark.parametrize("output", ["folder", "folder/", "folder/{session}.wav", "{session}.wav", "a-{session}.WAV"])
def test_a_directory_or_a_pattern_gives_each_session_a_file_of_its_own(output: str) -> None:
    Path("folder").mkdir()
    paths = [output_option.parse(output, "").path for _ in range(100)]
    assert len(set(paths)) == len(paths)
    assert all(path.lower().endswith(".wav") and "{" not in path for path in paths)
    assert {Path(path).parent for path in paths} == {Path("folder" if "folder" in output else "").absolute()}


def test_a_name_that_is_taken_is_not_given_to_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    names = iter(["one", "one", "two"])
    monkeypatch.setattr(output_option, "_session_name", lambda: next(names))
    Path(output_option.parse("{session}.wav", "").path).touch()
    assert Path(output_option.parse("{session}.wav", "").path).name == "two.wav"


def test_a_placeholder_that_is_not_known_is_refused() -> None:
    assert refused("x-{date}.wav") == "--output x-{date}.wav: {date} is not known"


def test_a_directory_that_is_not_there_is_refused() -> None:
    assert "there is no directory" in refused("nowhere/")


def test_a_relative_name_in_a_directory_that_was_deleted_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert refused("x.wav") == "--output x.wav: the current directory was deleted"


@pytest.mark.parametrize(("typed", "seconds"), [("auto", None), ("0", 0.0), ("500", 0.5), ("3000", 3.0)])
def test_a_lead_in_is_auto_or_a_number_of_milliseconds(typed: str, seconds: float | None) -> None:
    assert output_option.parse("speakers", "", lead_in=typed).lead_in_seconds == seconds


@pytest.mark.parametrize("typed", ["", "soon", "-1", "3001", "1.5", "9" * 5000, "٣٠٠٠٠"])
def test_any_other_lead_in_is_a_usage_error(typed: str) -> None:
    with pytest.raises(UsageError, match="whole number of milliseconds"):
        output_option.lead_in_seconds(typed)
