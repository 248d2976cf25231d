"""The pictures of the documentation: what each is recorded from, and where it stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from helpers.pictures import svg
from helpers.project.shadow_tree import REPOSITORY
from voicestream.cli import status_screen
from voicestream.protocol.messages import PROTOCOL_VERSION, SessionStatus, Status, SupervisorStatus, WorkerStatus

if TYPE_CHECKING:
    from pathlib import Path

ASSETS: Final = REPOSITORY / "docs" / "assets"
RECORDINGS: Final = REPOSITORY / "tests" / "cases" / "pictures"

SESSION: Final = RECORDINGS / "session.jsonl"
"""The agent's output in both pictures."""

SOUND: Final = ASSETS / "session.opus"
"""The bundled session in Hibari's voice."""

MAX_SOUND_BYTES: Final = 300_000

TARGET: Final = "pt"
"""Language of the recorded translation: the models come in a package."""

COMMAND: Final = f"""\
claude -p "Why is the receipt a cent off?" --verbose \\
    --output-format stream-json | voicestream run --to {TARGET}"""
"""Command line in the picture; ``claude`` prints ``SESSION``."""


class Picture(NamedTuple):
    """A picture: its recording, its file, and what it shows."""

    recording: Path
    file: Path
    title: str
    description: str


CAPTIONS: Final = Picture(
    RECORDINGS / "captions.txt",
    ASSETS / "captions.svg",
    "voicestream run",
    "A terminal in which an agent's answers are spoken in Portuguese; each caption has the original below it.",
)

STATUS: Final = Picture(
    RECORDINGS / "status.json",
    ASSETS / "status.svg",
    "voicestream status",
    "A terminal with the sentence that is spoken, the sessions that wait, and the engines in use.",
)


def captions_lines() -> list[str]:
    """Return the recorded terminal of ``voicestream run``."""
    # Escape is written as \e: the recording stays a text file.
    return CAPTIONS.recording.read_text(encoding="utf-8").replace("\\e", "\x1b").splitlines()


def write_captions(lines: list[str]) -> None:
    """Record the terminal of ``voicestream run``."""
    text = "\n".join(lines).replace("\x1b", "\\e")
    CAPTIONS.recording.write_text(f"{text}\n", encoding="utf-8")


def status() -> Status:
    """Return the recorded status of a supervisor; a field that is newer than the recording is empty."""
    fields: dict[str, Any] = json.loads(STATUS.recording.read_text(encoding="utf-8"))
    fields["supervisor"] = _empty(SupervisorStatus) | fields["supervisor"]
    fields["workers"] = [_empty(WorkerStatus) | worker for worker in fields["workers"]]
    fields["sessions"] = [_empty(SessionStatus) | session for session in fields["sessions"]]
    return msgspec.convert(fields | {"protocol": PROTOCOL_VERSION}, Status)


def _empty(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Return an empty value for each field of a struct that needs one: 0, no text, a struct of defaults."""
    empty = {int: 0, float: 0.0, str: "", bool: False}
    return {
        field.name: {} if isinstance(field.type, type(msgspec.Struct)) else empty.get(field.type)
        for field in msgspec.structs.fields(struct)
        if field.required
    }


def status_lines() -> list[str]:
    """Return the terminal in which ``voicestream status`` shows the recorded status."""
    return ["$ voicestream status", *status_screen.lines(status(), svg.COLUMNS, 24)]


def write_status(found: Status) -> None:
    """Record a status without what names processes, sessions or files of this machine."""
    fields: dict[str, Any] = msgspec.to_builtins(found)
    for number, worker in enumerate(fields["workers"], start=1):
        worker |= {"pid": 4000 + number, "last_exit": None, "detail": ""}
    for number, session in enumerate(fields["sessions"], start=1):
        session |= {"session": f"s{number}", "client_pid": 4100 + number}
    fields["supervisor"] |= {"pid": 4000, "run_directory": "/run/user/1000/voicestream", "speaking_session": "s1"}
    text = json.dumps(fields, indent=1, ensure_ascii=False)
    STATUS.recording.write_text(f"{text}\n", encoding="utf-8")


def drawn(picture: Picture, lines: list[str]) -> str:
    """Return the SVG of a picture."""
    return svg.picture(lines, picture.title, picture.description)
