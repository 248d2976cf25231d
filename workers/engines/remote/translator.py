"""Engine ``remote``: translations of an HTTP server, by batches or by a language model."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from voicestream.engines.translator import CancelledError
from voicestream.workers.engines.remote import messages
from voicestream.workers.engines.remote import settings as remote_settings
from voicestream.workers.engines.remote.client import HostClient
from voicestream.workers.engines.remote.engine import RemoteEngine
from voicestream.workers.engines.remote.exchange import Data, End, Head, Request
from voicestream.workers.engines.remote.failure import check_status

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.translator import Job

BASE_SECONDS: Final = 5.0
SECONDS_PER_CHARACTER: Final = 0.02
"""Timeout of a translation: ``BASE_SECONDS`` and this much longer for each character."""


class RemoteTranslator(RemoteEngine):
    """``Translator`` whose model is on another machine."""

    needs_checks = True

    def supports(self, source: str, target: str) -> bool:  # noqa: ARG002 - the protocol's signature
        """Return True: only the server knows."""
        return True

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
        """Translate a batch of sentences; a language model translates one after another.

        Raises:
            CancelledError: the job was cancelled.
            EngineUnavailableError: no host could translate it in time.
        """
        if not self._hosts.chat:
            body = messages.batch(texts, source, target, job, self._hosts.model)
            request = Request("/v1/translate", body)
            return self._asked(request, texts, job, lambda data: messages.translations(data, len(texts)))
        translated: list[str] = []
        for text in texts:
            request = Request("/v1/chat/completions", messages.chat(text, source, target, self._hosts.model))
            translated += self._asked(request, [text], job, lambda data: [messages.completion(data)])
        return translated

    def _asked(self, request: Request, texts: Sequence[str], job: Job, read: Callable[[bytes], list[str]]) -> list[str]:
        """Send a request to the hosts in turn; ``read`` validates the body of a response."""
        result: list[str] = []
        seconds = BASE_SECONDS + SECONDS_PER_CHARACTER * sum(map(len, texts))

        def attempt(host: str) -> Generator[bytes]:
            body = bytearray()
            with contextlib.closing(self._client.events(host, request, seconds)) as events:
                for event in events:
                    match event:
                        case Head():
                            check_status(event.status, event.headers)
                        case Data():
                            body += event.data
                        case End():
                            result[:] = read(bytes(body))
                            return
                        case None:
                            yield b""

        with contextlib.closing(self._client.do(attempt)) as waits:
            for _ in waits:
                if job.is_cancelled():
                    raise CancelledError
        return result


def load(settings: EngineSettings, report: Report) -> RemoteTranslator:
    """Read hosts, token and certificates; no host is asked before the first sentence.

    Raises:
        EngineNotReadyError: no host is named, or the token or the certificates cannot be read.
    """
    report("hosts of the translator", None)
    hosts = remote_settings.hosts_of(settings, "translator")
    return RemoteTranslator(HostClient(hosts.hosts, remote_settings.connections(hosts)), hosts)
