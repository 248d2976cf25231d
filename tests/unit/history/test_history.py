"""History: private files of whole lines, bounded in size, number and age, and found again by the beginning of an id."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import click
import pytest

from voicestream.cli.commands.records.session_argument import complete
from voicestream.errors import ConfigurationError, UsageError
from voicestream.history import recorder, store
from voicestream.history.record import ClosedLine, Described, FoundLine, Opened, TranslatedLine, encode, read
from voicestream.history.recorder import Recorder
from voicestream.protocol.messages import Counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def found(number: int, text: str = "A sentence.") -> FoundLine:
    return FoundLine(sentence=number, text=text, language="en", closes=True)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = store.directory()
    if not path.is_relative_to(tmp_path):  # as on macOS
        path = tmp_path / "history"
        monkeypatch.setattr(store, "directory", lambda: path)
    return path


@pytest.fixture
def writer(folder: Path) -> Iterator[Recorder]:
    one = Recorder(lambda: folder)
    yield one
    one.close()


def write(writer: Recorder, count: int, *, name: str = "s1", days: float = 7.0) -> None:
    writer.open(name, days, language="ja", source="en")
    for number in range(count):
        writer.append(name, found(number, f"Sentence {number}."))


def close(writer: Recorder, name: str = "s1", exit_code: int = 0) -> None:
    writer.close_session(name, lambda lost: ClosedLine(counts=Counts(found=3), exit_code=exit_code, lost_lines=lost))


def test_a_session_is_kept_in_a_private_file_and_read_again(writer: Recorder, folder: Path) -> None:
    write(writer, 2)
    writer.append("s1", Described(agent="claude", project="api"))
    writer.append("s1", TranslatedLine(sentence=1, text="二番目。", language="ja"))
    close(writer)
    assert writer.close()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]
    record = store.session(store.sessions()[0].id[:3])
    assert (record.agent, record.project, record.language, record.state) == ("claude", "api", "ja", "spoken")
    assert [one.text for one in record.sentences.values()] == ["Sentence 0.", "Sentence 1."]
    assert record.sentences[1].translation == "二番目。"
    assert record.first_words == "Sentence 0."
    assert record.found == 3


def test_a_session_is_open_while_it_is_written_and_interrupted_without_its_last_line(writer: Recorder) -> None:
    write(writer, 1)
    writer.append("s1", found(1))
    deadline_of(lambda: [one.state for one in store.sessions()] == ["open"])
    writer.close()
    deadline_of(lambda: [one.state for one in store.sessions()] == ["interrupted"])


def test_a_torn_line_and_lines_of_a_later_version_are_ignored(tmp_path: Path) -> None:
    lines = encode(Opened(started="2026-01-01T10:00:00+01:00", language="en", source="en")) + encode(found(0))
    record = read(lines + b'{"line":"later"}\n' + encode(found(1))[:-9], "a", tmp_path, is_open=False)
    assert record is not None
    assert list(record.sentences) == [0]
    assert read(b"\xff{]", "a", tmp_path, is_open=False) is None
    assert read(encode(found(0)), "a", tmp_path, is_open=False) is None


def test_a_full_disk_leaves_whole_lines_and_is_told_once(
    writer: Recorder, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    write(writer, 1)
    deadline_of(lambda: bool(store.sessions()) and len(store.sessions()[0].sentences) == 1)

    def refuse(descriptor: int, data: bytes) -> int:
        if data.startswith(b'{"line":"closed"'):
            return real(descriptor, data)
        return real(descriptor, data[:7])

    real = os.write
    monkeypatch.setattr(os, "write", refuse)
    writer.append("s1", found(1))
    writer.append("s1", found(2))
    close(writer, exit_code=1)
    assert writer.close()
    monkeypatch.undo()
    (path,) = folder.iterdir()
    assert all(line.endswith(b"}") for line in path.read_bytes().splitlines())
    assert list(writer.failures) == [("s1", os.strerror(errno.ENOSPC))]
    (record,) = [read(path.read_bytes(), "a", path, is_open=False)]
    assert record is not None
    assert (list(record.sentences), record.is_cut, record.state) == ([0], True, "incomplete")


def test_a_file_has_a_limit(writer: Recorder, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(store, "MAX_FILE_BYTES", 3000)
    write(writer, 200)
    close(writer)
    assert writer.close()
    (path,) = folder.iterdir()
    assert path.stat().st_size <= 3000
    (record,) = store.sessions()
    assert record.is_cut
    assert 5 < len(record.sentences) < 100
    assert record.state == "spoken"


def test_old_and_surplus_files_go_and_one_that_is_written_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writers = [Recorder(lambda: folder) for _ in range(4)]
    for number, writer in enumerate(writers):
        write(writer, 1)
        if number:
            close(writer)
            assert writer.close()
        deadline_of(lambda count=number + 1: len(store.sessions()) == count)  # type: ignore[misc]
    for path in folder.iterdir():
        os.utime(path, (0, 0))
    store.prune(1)
    assert [one.state for one in store.sessions()] == ["open"]
    writers[0].close()
    deadline_of(lambda: store.sessions()[0].state == "interrupted")
    monkeypatch.setattr(store, "MAX_TOTAL_BYTES", 0)
    store.prune(1e6)
    assert not store.sessions()


def test_what_is_not_private_is_neither_written_nor_read(folder: Path, tmp_path: Path, writer: Recorder) -> None:
    folder.mkdir(parents=True, mode=0o755)
    folder.chmod(0o755)
    write(writer, 1)
    with pytest.raises(ConfigurationError, match="open to other users") as caught:
        store.sessions()
    assert caught.value.hint == f"Try: chmod 700 {folder}"
    deadline_of(lambda: [reason for _, reason in writer.failures] == ["it is open to other users (mode 0755)"])
    assert not list(folder.iterdir())
    folder.chmod(0o700)
    secret = tmp_path / "secret"
    secret.write_bytes(encode(Opened(started="2026-01-01T10:00:00+01:00", language="en", source="en")))
    (folder / "20260101-100000.000000-0000000a.jsonl").symlink_to(secret)
    (folder / "20260101-100000.000000-0000000b.jsonl").write_bytes(secret.read_bytes())
    (folder / "20260101-100000.000000-0000000b.jsonl").chmod(0o644)
    assert store.sessions() == []
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="not followed"):
        store.sessions()


def test_an_id_that_is_unknown_or_begins_several_is_refused_with_a_hint(folder: Path) -> None:
    with pytest.raises(UsageError, match="there is no session"):
        store.session("ab")
    folder.mkdir(parents=True, mode=0o700)
    for name in ("ab000001", "ab000002"):
        path = folder / f"20260101-100000.000000-{name}.jsonl"
        path.write_bytes(encode(Opened(started="2026-01-01T10:00:00+01:00", language="en", source="en")))
        path.chmod(0o600)
    with pytest.raises(UsageError, match='2 sessions begin with "ab"') as caught:
        store.session("ab")
    assert "ab000001" in caught.value.hint
    assert store.session("AB000002").id == "ab000002"
    context = click.Context(click.Command("replay"))
    offered = [complete(context, click.Argument(["session"]), typed) for typed in ("AB", "ab000001", "c")]
    assert [[item.value for item in items] for items in offered] == [["ab000002", "ab000001"], ["ab000001"], []]
    with pytest.raises(UsageError):
        store.session("")
    assert store.clear() == 2
    assert store.clear() == 0


def test_lines_beyond_the_queue_are_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "QUEUE_LINES", 0)
    writer = Recorder(lambda: folder)
    write(writer, 2)
    assert writer.lost == 3
    assert list(writer.failures) == [("s1", "the disk does not answer")]


def deadline_of(condition: Callable[[], bool]) -> None:
    from helpers.process.running import wait_until

    wait_until(condition, "the history has been written")
