"""Foreign clients of OpenAI's API: the package `openai`, and `curl`."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.serving.server import Server

TEXT = "Speech for programs that know nothing of voicestream. " * 40


def bodies(server: Server) -> Iterator[tuple[str, bytes, int]]:
    """Name, sound and number of pieces of each client that is installed."""
    if importlib.util.find_spec("openai") is not None:
        yield ("openai", *_openai(server))
    if shutil.which("curl") is not None:
        yield ("curl", *_curl(server))


def _openai(server: Server) -> tuple[bytes, int]:
    import openai

    client = openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.key)
    speech = client.audio.speech.with_streaming_response
    with speech.create(model="tts-1", voice="alloy", input=TEXT, response_format="pcm") as answer:
        pieces = list(answer.iter_bytes())
    return b"".join(pieces), len(pieces)


def _curl(server: Server) -> tuple[bytes, int]:
    fields = {"model": "tts-1", "voice": "alloy", "input": TEXT, "response_format": "pcm"}
    # Header and body come on stdin: other users can read a command line.
    config = f'header = "Authorization: Bearer {server.key}"\nheader = "Content-Type: application/json"\n'
    command = ["curl", "-sS", "-N", "--fail", "-K", "-", "--data", json.dumps(fields), f"{server.url}/v1/audio/speech"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as curl:
        assert curl.stdin is not None
        assert curl.stdout is not None
        curl.stdin.write(config.encode())
        curl.stdin.close()
        pieces = list(iter(lambda: curl.stdout.read(1 << 16), b""))
    assert curl.returncode == 0
    return b"".join(pieces), len(pieces)
