"""Doors to the terminal and the events: whatever comes from outside, no code gets through."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from helpers.models.tiny_voices import torch_file, xtts
from voicestream.cli import failures
from voicestream.cli.columns import Column, table
from voicestream.client.display.captions import Captions
from voicestream.errors import UsageError
from voicestream.protocol.events import EventWriter
from voicestream.protocol.messages import Done, SessionEvent
from voicestream.protocol.transport import pack, unpack

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

CODES = "a\x1b]52;c;b3duZWQ=\x07b\x9b2J\u202ec\udcff"
CLEAN = "abc\ufffd"


def test_captions_are_clean(capsys: pytest.CaptureFixture[str]) -> None:
    captions = Captions(captions=True, quiet=False)
    captions.note(CODES)
    captions.error(CODES)
    assert capsys.readouterr().err == f"voicestream: {CLEAN}\n" * 2


def test_events_are_clean_and_whole() -> None:
    lines: list[bytes] = []
    event = SessionEvent(session="s", event="notice", time=1.0, text=f"{CODES}\nこ", reason=CODES)
    EventWriter(lines.append).happened(event)
    found = json.loads(lines[0])
    assert (found["text"], found["reason"], found["time"]) == (f"{CLEAN}\nこ", CLEAN, 1.0)


@pytest.mark.parametrize("error", [UsageError(CODES, hint=CODES), RuntimeError(CODES)])
def test_errors_are_clean(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    assert failures.report(error) != 0
    said = capsys.readouterr().err
    assert CLEAN in said
    assert "\x1b" not in said


def test_a_row_of_a_table_is_one_line() -> None:
    assert table([Column("name")], [[f"{CODES}\nforged"]], 80)[2] == f"{CLEAN} forged"


def test_what_is_no_text_is_refused_where_it_must_be_exact_and_else_told_with_question_marks() -> None:
    with pytest.raises(UsageError, match="is not in UTF-8"):
        pack(Done(text="\udcff"), is_exact=True)
    assert unpack(pack(Done(text="a\udcff"))) == Done(text="a?")
    assert msgspec.structs.asdict(Done(text="a"))["text"] == "a"


def test_names_of_voices_and_bytes_in_logs_are_clean_and_commands_work_with_them(place: Voicestream) -> None:
    models = xtts(place.home / "m")
    torch_file(models / "speakers_xtts.pth", {"\x1b]0;OWNED\x07Ana\u202e Lu": 1})
    done = place.call("voices", "list", "--models", str(models))
    assert done.returncode == 0, done.stderr
    assert "xtts: Ana Lu\n" in done.stdout
    place.logs.mkdir(mode=0o700)
    (place.logs / "tts.log").write_bytes("first \x1b[2J \xff\nこ\x9b".encode("latin-1", "ignore") + b" \xe3\nlast\n")
    done = place.call("workers", "logs", "tts")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "last"
    assert "\x1b" not in done.stdout
    done = place.call("run", "--to", "\x1b]0;x\x07")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
