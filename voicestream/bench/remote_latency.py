"""Latency that a voice on a host adds: the built-in voice behind an HTTP server of this process, and without it."""

from __future__ import annotations

import http.server
import json
import threading
from typing import TYPE_CHECKING, Any, Final, Self, cast

from voicestream.bench.figures import Figure, percentile
from voicestream.bench.first_sound import KEEP_WARM, SENTENCES, built_in_voice
from voicestream.config.remote import table
from voicestream.engines import registry
from voicestream.workers import engine_loading
from voicestream.workers.tts import rendering
from voicestream.workers.tts.rendering import Utterance

if TYPE_CHECKING:
    from voicestream.bench.sandbox import Sandbox
    from voicestream.engines.synthesizer import Synthesizer

GOAL_MILLISECONDS: Final = 20.0

FULL_SCALE: Final = 32_767


def measure(sandbox: Sandbox, lines: int) -> Figure:
    """Speak sentences alternately with the voice and through the server; one sample is the difference of a pair."""
    engine = next(spec.name for spec in registry.specs(registry.SYNTHESIZERS) if spec.sends_text)
    added: list[float] = []
    totals: dict[str, list[float]] = {"in the worker": [], "behind HTTP": []}
    with _Server() as server:
        (sandbox.home / "config.toml").write_text(f'[{table.TABLE}]\ntts = ["{server.url}"]\n')
        local = sandbox.run("--output", "null", *KEEP_WARM, *built_in_voice())
        remote = sandbox.run("--output", "null", *KEEP_WARM, "--tts", engine)
        for number in range(lines + 1):
            text = SENTENCES[number % len(SENTENCES)]
            first, second = (local, remote) if number % 2 else (remote, local)
            milliseconds = {run: run.milliseconds_to_sound(text, number) for run in (first, second)}
            if number:  # the first sentence loads and connects
                totals["in the worker"].append(milliseconds[local])
                totals["behind HTTP"].append(milliseconds[remote])
                added.append(milliseconds[remote] - milliseconds[local])
        local.finish()
        remote.finish()
    return Figure(
        name="remote_added",
        title="added by a voice behind HTTP on this machine",
        unit="ms",
        samples=tuple(added),
        goal=GOAL_MILLISECONDS,
        parts={name: percentile(found, 50) for name, found in totals.items()},
    )


class _Server(http.server.ThreadingHTTPServer):
    """Server of the built-in voice, on loopback."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.voice: Synthesizer = engine_loading.load_synthesizer(built_in_voice()[-1], lambda _stage, _share: None)
        rendering.prepare(self.voice)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
        self.voice.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    """Handler of one connection: streams PCM as docs/internals/remote.md specifies."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Synthesize and stream one sentence."""
        fields: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        sentence = Utterance(
            text=fields["input"],
            language=fields["language"],
            voice=fields.get("voice", ""),
            seed=fields["seed"],
            speed=fields["speed"],
            pause_seconds=0.0,
        )
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("X-Reproducible", "bench")
        self.end_headers()
        voice = cast("_Server", self.server).voice
        for samples in rendering.samples(voice, sentence, lambda: None):
            data = (samples * FULL_SCALE).round().astype("<i2").tobytes()
            if data:
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the signature of http.server
        """Log nothing: stderr has the table."""
