"""Admission of sessions: validation of the options that a client requests. Pure.

The command line validates its options, but a client may be another program. All accepted options reach every worker;
one that ends a worker repeatedly would end all other sessions with it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream.config import gpu_selection, languages
from voicestream.config.engine_settings import check_compute
from voicestream.errors import UsageError

if TYPE_CHECKING:
    from voicestream.protocol.messages import SessionOptions

MAX_SESSIONS: Final = 64
"""Upper bound of open sessions. Each has a descriptor and a place in the round-robin; a person listens to a few."""

MAX_OPTIONS_BYTES: Final = 256 << 10
"""Upper bound of a session's options: they must fit a frame with the parser's state, and the voice with a sentence."""


_FEED: Final = re.compile(r"[a-z]{1,16}:[\x21-\x7e]{1,128}")
"""Agent and id of its session."""


def no_room(sessions: int, detached: int) -> str:
    """Return the reason why no further session can be opened; empty if one can.

    Args:
        sessions: the open ones.
        detached: those of them that were handed over (``run --detach``).
    """
    if sessions < MAX_SESSIONS:
        return ""
    if detached:
        return (
            f"{sessions} sessions are open, {detached} of them handed over (--detach) and not spoken yet; more are not "
            f"served.\nTry: voicestream hush, which drops all that waits"
        )
    return f"{sessions} sessions are open, and more are not served.\nTry: voicestream down"


def refusal(options: SessionOptions, feed: str = "") -> str:
    """Return the reason why no session can be opened with these options; empty if one can.

    Args:
        options: of the session.
        feed: key of the agent session that feeds it; empty = none.
    """
    if feed and not _FEED.fullmatch(feed):
        return "the key of the agent's session is not valid"
    size = len(msgspec.msgpack.encode(options))
    if size > MAX_OPTIONS_BYTES:
        return f"the options of the session have {size} bytes; at most {MAX_OPTIONS_BYTES} are taken"
    try:
        languages.parse(options.parser.language)
        languages.parse(options.target)
        for tag in options.voices:
            languages.parse(tag)
        gpu_selection.check(check_compute(options.compute), options.gpus)
    except UsageError as error:
        return error.for_people()
    if "\0" in options.models or (options.models and not Path(options.models).is_absolute()):
        return f"{options.models!r} is not the absolute path of a directory"
    path = options.output.path
    if options.output.kind not in ("speakers", "null") and ("\0" in path or not Path(path).is_absolute()):
        return f"{path!r} is not the absolute path of a file"
    return ""
