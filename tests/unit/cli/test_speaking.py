"""A text from the command line on its way to a session."""

from __future__ import annotations

import errno
import os
from typing import Any, cast

import pytest

from voicestream.cli.session import speaking
from voicestream.cli.session.request import SessionRequest
from voicestream.errors import VoicestreamError


def test_a_text_that_finds_no_room_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_name: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "memfd_create", refuse, raising=False)
    monkeypatch.setattr(speaking.sys, "platform", "linux")
    asked = SessionRequest(
        options=cast("Any", None), captions=False, quiet=True, worker_limits=cast("Any", None), detach=False
    )
    with pytest.raises(VoicestreamError, match="No space left on device") as caught:
        speaking.speak_text(asked, b"Hello.")
    assert "TMPDIR" in caught.value.hint
