"""What workers say to people is short enough to be passed on, and what it is about stays whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from voicestream.protocol.messages import (
    InputNotice,
    Loading,
    OutputFailed,
    Ready,
    SentenceFound,
    Stopping,
    Translated,
    TranslatedSentence,
    WorkFailed,
)
from voicestream.protocol.transport import MAX_FRAME_BYTES, pack
from voicestream.protocol.truncation import MAX_CHARACTERS, truncate

if TYPE_CHECKING:
    from voicestream.protocol.messages import FromWorker

LONG = "é" * 200_000


@pytest.mark.parametrize(
    "message",
    [
        InputNotice(session="s1", text=LONG),
        Loading(stage=LONG, progress=0.5),
        OutputFailed(session="s1", reason=LONG, exit_code=1),
        Ready(engine=LONG, device=LONG),
        SentenceFound(session="s1", sentence=1, message=0, text="Hello.", language=LONG),
        Stopping(reason=LONG),
        Translated(batch=1, language=LONG, engine=LONG, sentences=[]),
        WorkFailed(session="s1", sentence=1, attempt=1, reason=LONG),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_long_text_is_cut_and_all_else_stays(message: FromWorker) -> None:
    cut = truncate(message)
    assert type(cut) is type(message)
    assert len(pack(cut)) < 3 * MAX_CHARACTERS * 2 < MAX_FRAME_BYTES
    for name in message.__struct_fields__:
        value = getattr(message, name)
        if value is LONG:
            assert getattr(cut, name) == "é" * (MAX_CHARACTERS - 1) + "…"
        else:
            assert getattr(cut, name) == value


def test_what_is_to_be_spoken_is_not_cut() -> None:
    found = SentenceFound(session="s1", sentence=1, message=0, text=LONG, language="en")
    sentences = [TranslatedSentence(session="s1", sentence=1, text=LONG)]
    assert truncate(found) is found
    translated = Translated(batch=1, language="es", engine="x", sentences=sentences)
    assert truncate(translated) is translated
