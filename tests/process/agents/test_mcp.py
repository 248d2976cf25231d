"""`voicestream mcp` and a raw client: texts are spoken in order, and a call can be cancelled."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from helpers.fixtures.deadline import remaining
from helpers.process.running import COMMAND, wait_until

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

LONG = " ".join(f"This is sentence number {number}." for number in range(500))


def line(number: int | None, method: str, **parameters: object) -> bytes:
    message = {"jsonrpc": "2.0", "method": method, "params": parameters}
    return json.dumps(message if number is None else {**message, "id": number}).encode() + b"\n"


def speak(number: int, **arguments: object) -> bytes:
    return line(number, "tools/call", name="speak", arguments=arguments)


def test_texts_are_spoken_one_after_another_and_a_call_can_be_cancelled(place: Voicestream) -> None:
    process = subprocess.Popen(
        [*COMMAND, "mcp", "--output", "null"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=place.environment,
        cwd=place.cwd,
        bufsize=0,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line(0, "initialize", protocolVersion="2025-06-18"))
    process.stdin.write(line(None, "notifications/initialized"))
    process.stdin.write(speak(1, text="Hello.", wait=True) + speak(2, text=LONG, wait=True) + line(3, "ping"))
    answers: dict[int, dict[str, Any]] = {}

    def read(number: int) -> dict[str, Any]:
        while number not in answers:
            assert process.stdout is not None
            found = json.loads(process.stdout.readline())
            answers[found["id"]] = found["result"]
        return answers[number]

    assert read(3) == {}
    assert 2 not in answers
    assert read(1) == {"content": [{"type": "text", "text": "spoken"}], "isError": False}
    wait_until(lambda: place.status()["supervisor"]["waiting_sentences"] > 100, "the long text is being spoken")
    process.stdin.write(line(None, "notifications/cancelled", requestId=2))
    process.stdin.write(speak(4, text="Hallo.", language="xx") + speak(5, text="Good bye."))
    process.stdin.close()
    assert "is not a language" in read(4)["content"][0]["text"]
    assert read(5)["content"][0]["text"] == "queued"
    assert process.wait(remaining()) == 0
    assert 2 not in answers
    process.stdout.close()


def test_a_project_that_is_switched_off_is_silent_and_the_agent_is_told(place: Voicestream) -> None:
    (place.cwd / ".voicestream.toml").write_text("enabled = false\n")
    done = place.call("mcp", "--output", "null", stdin=speak(1, text="Hello."))
    result = json.loads(done.stdout)["result"]
    assert not result["isError"]
    assert "switched speech off" in result["content"][0]["text"]
    assert not place.runtime.exists(), "no supervisor was started"
