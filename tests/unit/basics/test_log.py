"""Logs: one line a record, in files that only their user can write, and no reason to be silent where there are none."""

from __future__ import annotations

import logging
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from voicestream import log
from voicestream.config import config_file, user_directories
from voicestream.errors import ConfigurationError, NoLogError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from helpers.process.running import Voicestream


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "state" / "log"
    monkeypatch.setenv(log.ENVIRONMENT_VARIABLE, str(path))
    return path


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in before[0]:
            handler.close()
    root.handlers[:], level = before
    root.setLevel(level)


def test_the_directory_is_made_for_the_user_alone(logs: Path) -> None:
    log.prepare()
    assert stat.S_IMODE(logs.stat().st_mode) == 0o700
    assert log.safe_path_of("tts") == logs / "tts.log"


def _file_for_directory(path: Path) -> None:
    path.parent.mkdir()
    path.touch()


def _link(path: Path) -> None:
    (path.parent.parent / "elsewhere").mkdir(mode=0o700)
    path.parent.mkdir()
    path.symlink_to(path.parent.parent / "elsewhere")


def _open_to_others(path: Path) -> None:
    path.mkdir(parents=True)
    path.chmod(0o777)


def _below_one_that_is_open_to_others(path: Path) -> None:
    path.mkdir(parents=True)
    path.parent.chmod(0o777)


def _linked_to_one_that_is_open_to_others(path: Path) -> None:
    target = path.parent.parent / "elsewhere"
    (target / "log").mkdir(parents=True)
    target.chmod(0o777)
    path.parent.symlink_to(target)


def _of_somebody_else(path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a directory away")
    path.mkdir(parents=True, mode=0o700)
    os.chown(path, 4711, 4711)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_file_for_directory, "File exists"),
        (_link, "not a directory (symlinks are not followed)"),
        (_open_to_others, "other users can write to"),
        (_below_one_that_is_open_to_others, "other users can write to"),
        (_linked_to_one_that_is_open_to_others, "other users can write to"),
        (_of_somebody_else, "belongs to user 4711"),
    ],
)
def test_no_log_is_written_where_somebody_else_could_and_the_reason_is_told(
    logs: Path, make: Callable[[Path], None], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make(logs)
    with pytest.raises(NoLogError, match=re.escape(f"no log is written to {logs}: ")) as caught:
        log.prepare()
    assert reason in str(caught.value)
    assert log.safe_path_of("tts") is None
    assert not log.to_file("supervisor")
    logging.getLogger().warning("to stderr")
    assert "to stderr" in capsys.readouterr().err
    assert not (logs / "supervisor.log").exists()


def test_a_directory_below_a_link_of_ones_own_is_fine(logs: Path) -> None:
    target = logs.parent.parent / "elsewhere"
    target.mkdir(mode=0o700)
    logs.parent.symlink_to(target)
    log.prepare()
    assert (target / "log").is_dir()


def test_what_stands_in_the_place_of_a_file_is_not_written_to(logs: Path) -> None:
    log.prepare()
    target = logs / "target"
    target.write_text("mine")
    (logs / "link.log").symlink_to(target)
    (logs / "other.log").hardlink_to(target)
    os.mkfifo(logs / "fifo.log")
    for name in ("link", "other", "fifo"):
        with pytest.raises(OSError, match=r"."):
            log.open_to_write(logs / f"{name}.log")
        assert not log.to_file(name)
    assert target.read_text() == "mine"


def test_a_file_that_others_could_read_is_closed_to_them(logs: Path) -> None:
    log.prepare()
    file = logs / "supervisor.log"
    file.touch(0o644)
    file.chmod(0o644)
    os.close(log.open_to_write(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def _log_error(error: Exception) -> None:
    try:
        raise error
    except ValueError:
        logging.getLogger().exception("it ended")


def test_no_value_makes_a_line_of_its_own_and_no_code_gets_into_the_log(logs: Path) -> None:
    assert log.to_file("tts.1")
    forged = "2026-01-01 00:00:00.000 ERROR   tts.1 forged"
    logging.getLogger().error("reason=%s", f"x\n{forged}\r\u2028\x1b]52;c;eA==\x07{forged}")
    _log_error(ValueError(f"y\n{forged}\x1b[2J"))
    text = (logs / "tts.1.log").read_text()
    assert "\x1b" not in text
    assert len(re.findall(r"(?m)^\d{4}-", text)) == 2
    assert log.last_error_lines("tts.1", 0).startswith("it ended / ")


def test_the_last_words_of_a_traceback_are_its_last_line(logs: Path) -> None:
    assert log.to_file("tts.1")
    _log_error(ValueError("no such voice"))
    assert log.last_error_lines("tts.1", 0) == "it ended / ValueError: no such voice"
    assert logs.is_dir()


def test_a_process_that_has_the_agents_words_logs_no_message_of_an_exception(logs: Path) -> None:
    assert log.to_file("tts.1")
    log.hide_content()
    logger = logging.getLogger("voicestream.workers.tts")
    logger.warning("device=%s failed: %s", "cpu", ValueError("purple"))
    logging.getLogger("library").warning("speaking %s", "purple", stack_info=True)
    logging.getLogger().warning("purple")
    logger.error("%d sentences", "purple")  # cannot be formatted
    try:
        Path("/nowhere/purple").read_bytes()
    except OSError:
        logger.exception("session=%s failed", "s1")
    text = (logs / "tts.1.log").read_text()
    assert "purple" not in text
    assert "device=cpu failed: ValueError" in text
    assert text.count(f"{__file__}:") == 3
    assert "session=s1 failed" in text
    assert (
        log.last_error_lines("tts.1", 0) == "session=s1 failed / FileNotFoundError: No such file or directory (ENOENT)"
    )


def test_a_record_that_cannot_be_formatted_is_told_without_its_values(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert log.to_file("tts.1")
    logging.getLogger("voicestream.x").error("%d sentences", "purple")
    told = capsys.readouterr().err
    assert f"a record of {__file__}:" in told
    assert "was not logged: TypeError at " in told
    assert "purple" not in told
    assert logs.is_dir()


@pytest.mark.parametrize("named", ["", "info", "DEBUG", "Warning", "error", "critical"])
def test_a_level_may_be_named_in_any_case(named: str) -> None:
    assert log.level({log.LEVEL_VARIABLE: named}) == (named.upper() or "INFO")


@pytest.mark.parametrize("named", ["verbose", "17", "NOTSET", "\udcff", "x" * 100_000])
def test_a_level_that_is_none_is_named_with_those_that_there_are(named: str) -> None:
    with pytest.raises(ConfigurationError, match="there is no log level") as caught:
        log.level({log.LEVEL_VARIABLE: named})
    assert "DEBUG, INFO" in caught.value.hint
    assert len(str(caught.value)) < 200


def test_a_process_that_was_started_with_a_wrong_level_logs_so(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(log.LEVEL_VARIABLE, "verbose")
    assert log.to_file("tts.1")
    assert 'there is no log level "verbose"' in (logs / "tts.1.log").read_text()


def test_without_a_home_no_directory_is_relative(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, "relative")
    monkeypatch.delenv(config_file.ENVIRONMENT_VARIABLE, raising=False)
    for find in (user_directories.config, user_directories.data, user_directories.cache, user_directories.log):
        assert find().is_absolute()
    assert not config_file.path().exists()


def test_no_place_for_logs_is_told_once_and_no_reason_to_be_silent(place: Voicestream) -> None:
    place.environment["VOICESTREAM_LOG_DIR"] = "/dev/null/state"
    run = place.run("--keep-alive", "0", "--quiet")
    run.write(b'{"type":"assistant","message":{"content":[{"type":"text","text":"Hello there."}]}}\n')
    assert run.finish() == 0, run.stderr
    assert run.stderr.count("no log is written to /dev/null/state: Not a directory") == 1
    done = place.call("workers", "logs", "tts")
    assert done.returncode == 78
    assert "no log is written to /dev/null/state: Not a directory" in done.stderr
