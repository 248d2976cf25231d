"""The server's ASGI application around real engines, without Ray."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING

import pytest

from helpers.serving.local_stages import Answer, LocalStages, ask
from voicestream.serve.api.application import CLIENT_CLOSED, Application
from voicestream.serve.api.tokens import Tokens
from voicestream.serve.settings import ServeSettings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from voicestream.serve.api.requests import SpeechJob
    from voicestream.serve.stages.speech import SpeechItem

KEY = "a-key-of-thirty-characters----"
TEXT = "The tests pass, and the branch is merged."
SETTINGS = ServeSettings(tts="espeak", translator="none", ingress_replicas=1, queue_seconds=30)


@pytest.fixture(scope="module")
def stages() -> LocalStages:
    return LocalStages(SETTINGS)


def asked(
    stages: LocalStages, path: str, body: object = None, *, settings: ServeSettings = SETTINGS, token: str = KEY
) -> Answer:
    return asyncio.run(ask(Application(settings, stages, Tokens([KEY])), path, body, token=token))


def spoken(stages: LocalStages, **fields: object) -> Answer:
    return asked(stages, "/v1/audio/speech", {"input": TEXT, "response_format": "pcm", **fields})


def test_a_sentence_is_streamed_as_pcm_and_can_be_continued_at_any_frame(stages: LocalStages) -> None:
    whole = spoken(stages)
    assert (whole.status, whole.headers["content-type"], whole.is_whole) == (200, "audio/pcm", True)
    assert len(whole.body) > 24_000
    assert len(whole.chunks) > 1
    assert whole.headers["x-reproducible"].startswith("espeak/")
    for skip in (0, 1, 1_000, len(whole.body) // 2, len(whole.body)):
        rest = spoken(stages, skip=skip)
        assert rest.body == whole.body[2 * skip :]
        assert rest.headers["x-skipped"] == str(skip)
        assert rest.headers["x-reproducible"] == whole.headers["x-reproducible"]


def test_without_a_format_the_sound_has_a_wav_header_that_does_not_state_its_length(stages: LocalStages) -> None:
    answer = spoken(stages, response_format=None)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.body[44:] == spoken(stages).body
    kind, channels, rate = struct.unpack("<HHI", answer.body[20:28])
    assert (answer.body[:4], kind, channels, rate) == (b"RIFF", 1, 1, 24_000)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (b"\xff\xff", 400, "invalid_json"),
        ({"input": 5}, 400, "invalid_value"),
        ({"input": " "}, 400, "empty_text"),
        ({"input": "x" * 4097}, 400, "string_above_max_length"),
        ({"input": "x", "model": "gpt-9"}, 404, "model_not_found"),
        ({"input": "x", "voice": "/etc/passwd"}, 400, "voice_not_found"),
        ({"input": "x", "voice": "nobody"}, 400, "voice_not_found"),
        ({"input": "x", "language": "klingon"}, 400, "unknown_language"),
        ({"input": "x", "speed": 9}, 400, "invalid_value"),
        ({"input": "x", "seed": -1}, 400, "invalid_value"),
        ({"input": "x", "response_format": "mp3"}, 400, "unsupported_response_format"),
        ({"input": "x", "stream_format": "sse"}, 400, "unsupported_stream_format"),
        (b" " * (257 << 10), 413, "body_too_large"),
    ],
)
def test_a_request_that_cannot_be_served_is_refused_in_the_shape_of_openai(
    stages: LocalStages, body: object, status: int, code: str
) -> None:
    answer = asked(stages, "/v1/audio/speech", body)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert set(answer.json["error"]) == {"message", "type", "param", "code"}


def test_only_the_right_token_is_served_and_health_needs_none(stages: LocalStages) -> None:
    for token in ("", "wrong", f"{KEY}x"):
        for path in ("/metrics", "/v1/models", "/v1/status"):
            assert asked(stages, path, token=token).status == 401
        assert asked(stages, "/v1/audio/speech", {"input": "x"}, token=token).status == 401
    assert asked(stages, "/health", token="").json == {"status": "ok"}
    assert asked(stages, "/elsewhere").status == 404
    assert asked(stages, "/v1/translate").status == 405


def test_models_and_voices_are_listed_and_voices_of_openai_get_the_default(stages: LocalStages) -> None:
    speech, translation = asked(stages, "/v1/models").json["data"]
    assert (speech["id"], speech["kind"], "en" in speech["languages"]) == ("espeak", "speech", True)
    assert (translation["id"], translation["kind"], translation["checks"]) == ("none", "translation", False)
    assert "en-gb" in speech["voices"]
    assert spoken(stages, voice="alloy", model="tts-1").body == spoken(stages).body
    assert spoken(stages, voice="en-gb").body != spoken(stages).body


def test_texts_are_translated_if_the_server_has_a_translator(stages: LocalStages) -> None:
    body = {"texts": ["One.", "Two."], "source": "en", "target": "de"}
    assert asked(stages, "/v1/translate", body).json["error"]["code"] == "no_translator"
    translating = ServeSettings(tts="espeak", translator="apertium")
    found = asked(stages, "/v1/translate", {**body, "model": "apertium"}, settings=translating)
    assert found.json == {"translations": ["One.", "Two."], "model": "none"}
    wrong = asked(stages, "/v1/translate", {**body, "texts": ["x"] * 17}, settings=translating)
    assert (wrong.status, wrong.json["error"]["param"]) == (400, "texts")


def test_over_the_limit_of_its_token_a_request_is_told_when_to_come_back(stages: LocalStages) -> None:
    application = Application(
        ServeSettings(tts="espeak", ingress_replicas=1, requests_per_minute=2), stages, Tokens([KEY]), now=lambda: 0.0
    )
    body = {"input": "One.", "response_format": "pcm"}
    answers = [asyncio.run(ask(application, "/v1/audio/speech", body, token=KEY)) for _ in range(3)]
    assert [one.status for one in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "30"
    assert answers[2].json["error"]["code"] == "rate_limit_exceeded"


def test_a_closed_connection_stops_the_engine_within_a_chunk(stages: LocalStages) -> None:
    async def stopped() -> int:
        application = Application(SETTINGS, stages, Tokens([KEY]))
        body = {"input": "This sentence is long. " * 150, "response_format": "pcm"}
        await ask(application, "/v1/audio/speech", body, token=KEY, closes_after=1)
        # The engine is free when its thread has ended: the next sentence is served at once.
        async with asyncio.timeout(20):
            await ask(application, "/v1/audio/speech", {"input": "Next."}, token=KEY)
        return stages.speech._thread.waiting

    assert asyncio.run(stopped()) == 0
    assert stages.counted[-2].status == CLIENT_CLOSED
    assert stages.counted[-2].audio_seconds < 60


class LosingStages(LocalStages):
    """The replica is lost after every other chunk; or its successor is another engine."""

    def __init__(self, stages: LocalStages, fingerprint: str = "") -> None:
        self.speech, self.translation, self.counters = stages.speech, stages.translation, stages.counters
        self.counted = []
        self.fingerprint = fingerprint

    async def speak(self, job: SpeechJob) -> AsyncGenerator[SpeechItem]:
        from voicestream.serve.api.continuing import ReplicaLostError
        from voicestream.serve.stages.speech import Head

        number = 0
        async for item in self.speech.speak(job):
            is_other = isinstance(item, Head) and job.skip and self.fingerprint
            yield Head(fingerprint=self.fingerprint) if is_other else item
            number += isinstance(item, bytes)
            if number == 2:
                raise ReplicaLostError


def test_a_lost_replica_costs_no_sample_and_is_counted(stages: LocalStages) -> None:
    losing = LosingStages(stages)
    answer = spoken(losing)
    assert answer.is_whole
    assert answer.body == spoken(stages).body
    assert losing.counted[0].continued >= 2


def test_a_replica_with_another_fingerprint_does_not_continue_and_the_body_does_not_end_regularly(
    stages: LocalStages,
) -> None:
    application = Application(SETTINGS, LosingStages(stages, "another"), Tokens([KEY]))
    answers: list[Answer] = []

    async def broken() -> None:
        answers.append(await ask(application, "/v1/audio/speech", {"input": TEXT}, token=KEY))

    with pytest.raises(Exception, match="not the same"):
        asyncio.run(broken())
    assert answers == []


def test_metrics_are_in_the_format_of_prometheus_and_have_no_text(stages: LocalStages) -> None:
    spoken(stages)
    text = asked(stages, "/metrics").body.decode()
    assert 'voicestream_serve_requests_total{path="/v1/audio/speech",status="200"}' in text
    assert 'voicestream_serve_first_byte_seconds_bucket{le="+Inf"}' in text
    assert "branch" not in text
