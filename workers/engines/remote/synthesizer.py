"""Engine ``remote``: speech of an HTTP server with OpenAI's speech API."""

from __future__ import annotations

import contextlib
import importlib
import json
from typing import TYPE_CHECKING, Any, Final

from voicestream.workers.engines.remote import settings as remote_settings
from voicestream.workers.engines.remote.client import HostClient
from voicestream.workers.engines.remote.engine import RemoteEngine
from voicestream.workers.engines.remote.exchange import Data, End, Head, Request
from voicestream.workers.engines.remote.transfer import FRAME_BYTES, SAMPLE_RATE, Transfer, max_frames
from voicestream.workers.text.control_characters import without_control_characters

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report

MAX_CHARACTERS: Final = 4_096
"""Limit of OpenAI's API."""

SLOWEST, FASTEST = 0.25, 4.0
"""Limits of the speed in OpenAI's API."""

FULL_SCALE: Final = 32_767
CHUNK_FRAMES: Final = SAMPLE_RATE // 5
"""Frames of a chunk of a sentence that was received whole."""


class RemoteSynthesizer(RemoteEngine):
    """``Synthesizer`` whose voice is on another machine; the same samples again if the server is reproducible."""

    sample_rate = SAMPLE_RATE
    needs_normalized_text = False
    needs_postprocessing = False

    def max_characters(self, language: str) -> int:
        """Return ``MAX_CHARACTERS`` for every language."""
        del language
        return MAX_CHARACTERS

    def supports(self, language: str) -> bool:  # noqa: ARG002 - the protocol's signature
        """Return True: only the server knows."""
        return True

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the sound of a text, and empty arrays while the server sends nothing.

        Args:
            text: without words nothing is yielded.
            language: BCP-47 tag.
            voice: name of a voice of the server; empty = that of the user's file.
            seed: of the server's random numbers.
            speed: clamped to 0.25 to 4.

        Raises:
            EngineUnavailableError: no host could send it in time.
        """
        import numpy as np

        text = without_control_characters(text).strip()
        if not any(character.isalnum() for character in text):
            return  # servers refuse it, or say names of signs
        transfer = Transfer(len(text))
        fields = self._fields(text, language, voice, seed, speed)

        def attempt(host: str) -> Generator[bytes]:
            yield from self._attempt(host, fields, transfer)

        for data in self._client.do(attempt):
            samples = np.frombuffer(data, "<i2").astype(np.float32) / np.float32(FULL_SCALE)
            if len(samples) <= CHUNK_FRAMES and transfer.sample_rate == SAMPLE_RATE:
                yield samples
                continue
            samples = _resampled(samples, transfer.sample_rate)
            for start in range(0, len(samples), CHUNK_FRAMES):
                yield samples[start : start + CHUNK_FRAMES]

    def _fields(self, text: str, language: str, voice: str, seed: int, speed: float) -> dict[str, Any]:
        speed = min(max(speed, SLOWEST), FASTEST)
        fields: dict[str, Any] = {"input": text, "response_format": "pcm", "speed": speed}
        if self._hosts.model:
            fields["model"] = self._hosts.model
        if name := voice or self._hosts.voice:
            fields["voice"] = name
        if self._hosts.extra_fields:
            fields |= {"language": language, "seed": seed}
        return fields

    def _attempt(self, host: str, fields: dict[str, Any], transfer: Transfer) -> Generator[bytes]:
        """Receive the sentence, or the rest of it, from one host."""
        more = {"skip": transfer.skip} if transfer.skip and self._hosts.extra_fields else {}
        body = json.dumps({**fields, **more}, ensure_ascii=False).encode()
        limit = max_frames(len(fields["input"])) * FRAME_BYTES * 8  # samples of up to 192 kHz
        request = Request("/v1/audio/speech", body, limit)
        with contextlib.closing(self._client.events(host, request, self._hosts.first_byte_seconds)) as events:
            for event in events:
                match event:
                    case Head():
                        transfer.head(event.status, event.headers, is_delimited=event.is_delimited)
                    case Data():
                        yield transfer.data(event.data)
                    case End():
                        yield transfer.end()
                        return
                    case None:
                        yield b""


def load(settings: EngineSettings, report: Report) -> RemoteSynthesizer:
    """Read hosts, token and certificates; no host is asked before the first sentence.

    Raises:
        EngineNotReadyError: no host is named, or the token or the certificates cannot be read.
    """
    report("hosts of the voice", None)
    importlib.import_module("numpy")  # here, so that the first sentence does not wait for it
    hosts = remote_settings.hosts_of(settings, "tts")
    return RemoteSynthesizer(HostClient(hosts.hosts, remote_settings.connections(hosts)), hosts)


def _resampled(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    if rate == SAMPLE_RATE:
        return samples
    import soxr

    return soxr.resample(samples, rate, SAMPLE_RATE)
