"""The remote translator against a server whose requests fail: batches and language models."""

from __future__ import annotations

import pytest

from helpers.fixtures.deadline import remaining
from helpers.remote import opened_engines
from helpers.remote.fake_server import FakeServer
from voicestream.engines.translator import CancelledError, Job
from voicestream.errors import EngineUnavailableError
from voicestream.protocol.messages import RemoteHosts
from voicestream.workers.engines.remote import messages
from voicestream.workers.engines.remote.client import HostClient
from voicestream.workers.engines.remote.exchange import Connections
from voicestream.workers.engines.remote.failure import HostError
from voicestream.workers.engines.remote.translator import RemoteTranslator


def engine(*servers: FakeServer, chat: bool = False) -> RemoteTranslator:
    found = RemoteHosts(hosts=[server.url for server in servers], chat=chat)
    return opened_engines.add(RemoteTranslator(HostClient(found.hosts, Connections("", "")), found))


@pytest.mark.parametrize("fault", ["", "refuse", "500", "garbage"])
def test_a_batch_is_translated_by_the_first_host_that_can(fault: str) -> None:
    with FakeServer([fault]) as first, FakeServer() as second:
        translated = engine(first, second).translate(["a", "b"], "en", "de", Job(beams=4, is_second_try=True))
        assert translated == ["de: a", "de: b"]
        assert (second if fault else first).requests == [
            {"texts": ["a", "b"], "source": "en", "target": "de", "beams": 4, "retry": True}
        ]


def test_a_language_model_translates_one_sentence_a_request() -> None:
    with FakeServer() as server:
        assert engine(server, chat=True).translate(["a", "b"], "en", "pt-BR", Job()) == ["chat: a", "chat: b"]
        assert [request["messages"][1]["content"] for request in server.requests] == ["a", "b"]
        assert "from English (en) to Portuguese (Brazil) (pt-BR)" in server.requests[0]["messages"][0]["content"]


def test_a_batch_is_cancelled_while_the_server_is_silent() -> None:
    with FakeServer(["stall"]) as server:
        job = Job(is_cancelled=lambda: bool(server.requests))
        translator = engine(server)
        with pytest.raises(CancelledError):
            translator.translate(["a"], "en", "de", job)
        assert server.cancelled.wait(remaining())


def test_a_refused_batch_is_no_outage() -> None:
    with FakeServer(["422"]) as server:
        translator = engine(server)
        with pytest.raises(EngineUnavailableError, match="HTTP 422"):
            translator.translate(["a"], "en", "tlh", Job())
        assert translator.is_available()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'{"translations": [1, 2]}',
        b'{"translations": ["a"]}',
        b'{"translations": ["a", "b", "c"]}',
    ],
)
def test_a_body_without_a_translation_for_each_sentence_is_a_failure(body: bytes) -> None:
    with pytest.raises(HostError):
        messages.translations(body, 2)


@pytest.mark.parametrize(
    "body", [b"{}", b'{"choices": []}', b'{"choices": [{"message": {"content": "a"}, "finish_reason": "length"}]}']
)
def test_a_truncated_completion_is_a_failure(body: bytes) -> None:
    with pytest.raises(HostError):
        messages.completion(body)
