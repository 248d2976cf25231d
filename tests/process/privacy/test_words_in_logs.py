"""No log has the agent's words, whatever fails, and every failure is in a log by its type and place."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import msgpack
import zmq

from helpers.process.running import line, wait_until
from helpers.voices import tattling
from voicestream.protocol.messages import PROTOCOL_VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Run, Voicestream

MARK: Final = "Zyxomarabel"
"""A word of which no program, path or message of ours has a part."""

HOSTILE_LINES: Final = (
    f'{{"content": [{{"type": "text", "text": "{MARK} is cut'.encode(),
    json.dumps({"type": MARK, "content": [{"type": MARK, "text": {MARK: MARK}}], MARK: [MARK]}).encode(),
    f'{{"type":"assistant","message":{{"content":{MARK}}}}}'.encode(),
    b'{"content": [{"type": "text", "text": "' + MARK.encode() + b' \xff\xfe \\ud800 is not UTF-8."}]}',
    b"[" * 4_000 + MARK.encode(),
    json.dumps({"type": "result", "is_error": True, "result": f"{MARK} failed."}).encode(),
    json.dumps({"type": "text", "text": 17, "content": MARK}).encode(),
)

HOSTILE_FRAMES: Final = (
    MARK.encode(),
    msgpack.packb({"type": MARK}),
    msgpack.packb({"type": "Input", "session": MARK, "offset": MARK}),
    msgpack.packb({"type": "Input", "session": "s1", "offset": 0, "data": MARK}),
    msgpack.packb({"type": "Control", "protocol": PROTOCOL_VERSION, "action": MARK}),
    msgpack.packb({"type": MARK, "protocol": 1}),
    msgpack.packb({"type": "Control", "protocol": MARK}),
    msgpack.packb({"type": "Control", MARK: 1, "protocol": PROTOCOL_VERSION}),
    msgpack.packb(MARK),
)


def files_with(word: str, *directories: Path) -> dict[str, str]:
    """The first line with a word in each file, by the file's name."""
    found: dict[str, str] = {}
    for directory in directories:
        for path in directory.rglob("*") if directory.exists() else ():
            if path.is_file():
                lines = [text for text in path.read_text(errors="replace").splitlines() if word in text]
                found |= {path.name: lines[0]} if lines else {}
    return found


def send_frames(place: Voicestream) -> None:
    """Send frames that are no messages, from a peer whose name is of the same kind."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as peer:
        peer.setsockopt(zmq.IDENTITY, f"client.{MARK}".encode())
        peer.connect(f"ipc://{place.runtime / 'hub'}")
        for frame in HOSTILE_FRAMES:
            peer.send(frame)
        wait_until(lambda: place.status()["supervisor"]["frames_dropped"] >= len(HOSTILE_FRAMES), "all were dropped")


def session(place: Voicestream, *options: str) -> Run:
    return place.run("--to", "de", "--translator", tattling.NAME, "--tts", tattling.NAME, *options)


def test_no_log_has_a_word_of_the_agent_whatever_fails(place: Voicestream) -> None:
    gate = tattling.plug_in(place)
    place.environment["VOICESTREAM_LOG_LEVEL"] = "DEBUG"
    run = session(place)
    for hostile in HOSTILE_LINES:
        run.write(hostile + b"\n")
    for how in ("plain", "untranslatable", "unspeakable", "refused", "wrong", "missing", "deadly"):
        run.write(line(f"The {how} sentence is about {MARK}."))
    run.write(line(f"{MARK} {'and so on ' * 3_000}."))
    run.wait_for("sentence_found", 5)
    send_frames(place)
    assert run.finish() == 1, run.stderr
    assert MARK in run.stderr  # what was not spoken is told to the person by its beginning

    detached = session(place, "--detach")
    detached.write(line(f"A gated unspeakable one on {MARK}. An endless one on {MARK}. A last one on {MARK}."))
    assert detached.finish() == 0, detached.stderr
    gate.touch()
    wait_until(lambda: "sentence=0 event=skipped" in place.log_text("supervisor"), "a failure is in the log")
    assert place.call("down").returncode == 0

    assert files_with(MARK, place.logs, place.runtime) == {}
    voice, translator, supervisor = (place.log_text(role) for role in ("tts", "translation", "supervisor"))
    assert tattling.GREETING in voice
    assert "bytes of output while the worker has sentences are not logged]" in voice
    for kind in ("UnusableSoundError", "VoicestreamError", "RuntimeError", "FileNotFoundError", "TypeError"):
        assert f"    {kind}" in voice, kind
    assert "LookupError" in voice  # of a thread
    assert "UserWarning" in voice
    assert "ENOENT" in voice
    assert re.search(r"tattling\.py:\d+ in _tattle", voice)
    assert "    ValueError" in translator
    assert "reason=malformed" in supervisor
    assert "stage=tts" in supervisor
