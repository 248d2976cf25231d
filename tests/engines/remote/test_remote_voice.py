"""The remote voice against a server whose requests fail in every way: the samples are right, or it says why not."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.fixtures.deadline import remaining
from helpers.process.running import wait_until
from helpers.remote import certificates, opened_engines
from helpers.remote.fake_server import FAULTS, FakeServer, sound
from voicestream.errors import EngineUnavailableError
from voicestream.protocol.messages import RemoteHosts
from voicestream.workers.engines.remote import client, hosts
from voicestream.workers.engines.remote.client import HostClient
from voicestream.workers.engines.remote.exchange import Connections
from voicestream.workers.engines.remote.synthesizer import RemoteSynthesizer
from voicestream.workers.engines.remote.transfer import OVERLAP_FRAMES

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "hello, my friend"

TOKEN = "t"  # noqa: S105 - of a test


def engine(
    *servers: FakeServer, token: str = "", first_byte: float = 1.5, extra_fields: bool = True, ca_file: str = ""
) -> RemoteSynthesizer:
    urls = [server.url for server in servers]
    found = RemoteHosts(hosts=urls, model="m", voice="v", first_byte_seconds=first_byte, extra_fields=extra_fields)
    return opened_engines.add(RemoteSynthesizer(HostClient(urls, Connections(token, ca_file)), found))


def spoken(voice: RemoteSynthesizer, text: str = TEXT, *, seed: int = 1) -> bytes:
    chunks = list(voice.synthesize(text, "en", "", seed))
    return np.round(np.concatenate(chunks).astype(np.float64) * 32_767).astype("<i2").tobytes()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time-outs that a test can wait for."""
    monkeypatch.setattr(client, "GAP_SECONDS", 0.3)
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(hosts, "PATIENCE_SECONDS", 1.0)


def received_before(fault: str) -> int:
    """Frames that were received before a fault."""
    frames = len(sound(TEXT, 1)) // 2
    half = {"cut": 12_000, "gap": 12_000, "bad chunk": 12_000}
    return {"odd": frames - 1, "frames": frames, "length": 2_000, **half}.get(fault, 0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fingerprint", ["fake/1", ""], ids=["streamed", "whole"])
@pytest.mark.parametrize("fault", FAULTS)
def test_after_any_failure_the_next_host_continues_at_the_sample(fault: str, fingerprint: str) -> None:
    with FakeServer([fault], fingerprint) as first, FakeServer([], fingerprint) as second:
        voice = engine(first, second, first_byte=0.5)
        assert spoken(voice) == sound(TEXT, 1)
        if fault == "slow":
            assert not second.requests
            return
        request, retry = first.requests[0], second.requests[0]
        assert retry.pop("skip", 0) == max(received_before(fault) - OVERLAP_FRAMES if fingerprint else 0, 0)
        assert request == {
            "input": TEXT,
            "response_format": "pcm",
            "speed": 1.0,
            "model": "m",
            "voice": "v",
            "language": "en",
            "seed": 1,
        }
        assert retry == request
        assert voice.device == second.url


def test_a_host_that_streams_is_heard_before_it_has_ended_and_another_is_not() -> None:
    with FakeServer(chunk_seconds=0.02) as streaming, FakeServer(chunk_seconds=0.02, fingerprint="") as other:
        for server, begins in ((streaming, True), (other, False)):
            voice = engine(server)
            sounding = (len(chunk) > 0 for chunk in voice.synthesize(TEXT, "en", "", 1))
            first = next(index for index, has_samples in enumerate(sounding) if has_samples)
            assert (first < 4) == begins


def test_a_cancelled_sentence_closes_the_connection_also_while_the_server_is_silent() -> None:
    first_byte_seconds = 10.0
    with FakeServer(["stall"]) as silent, FakeServer(chunk_seconds=0.05, per_character=20_000) as busy:
        for server in (silent, busy):
            chunks = engine(server, first_byte=first_byte_seconds).synthesize(TEXT, "en", "", 1)
            next(chunks)
            wait_until(lambda: bool(server.requests), "the request is there")  # noqa: B023 - called at once
            begun = time.monotonic()
            chunks.close()  # type: ignore[attr-defined]
            assert server.cancelled.wait(remaining())
            assert time.monotonic() - begun < first_byte_seconds


def test_sentences_share_a_connection_and_one_that_was_closed_meanwhile_costs_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with FakeServer() as server:
        voice = engine(server)
        assert spoken(voice) == spoken(voice) == sound(TEXT, 1)
        assert len(server.accepted) == 1
        server.cut()
        assert spoken(voice) == sound(TEXT, 1)
        assert len(server.accepted) == 2
        assert "failed" not in caplog.text


@pytest.mark.usefixtures("impatient")
def test_the_rest_is_never_taken_from_another_voice() -> None:
    with FakeServer(["cut", *["500"] * 20]) as first, FakeServer(fingerprint="other") as second:
        voice = engine(first, second)
        received: list[float] = []
        chunks = voice.synthesize(TEXT, "en", "", 1)
        with pytest.raises(EngineUnavailableError, match="differs"):
            received.extend(sample for chunk in chunks for sample in chunk)
        assert np.round(np.array(received) * 32_767).astype("<i2").tobytes() == sound(TEXT, 1)[:24_000]
        assert second.requests[0]["skip"] == 12_000 - OVERLAP_FRAMES


@pytest.mark.usefixtures("impatient")
def test_an_outage_is_over_when_a_probe_succeeds() -> None:
    with FakeServer(["500"] * 20) as server:
        server.is_healthy = False
        voice = engine(server)
        with pytest.raises(EngineUnavailableError, match="no host answers") as caught:
            spoken(voice)
        assert caught.value.is_outage
        assert not voice.is_available()
        server.faults.clear()
        server.is_healthy = True
        wait_until(voice.is_available, "a probe has succeeded")
        assert "/health" in server.paths
        assert spoken(voice) == sound(TEXT, 1)


def test_a_refused_sentence_is_no_outage() -> None:
    with FakeServer(["400"]) as first, FakeServer(["404"]) as second:
        voice = engine(first, second)
        with pytest.raises(EngineUnavailableError, match="HTTP 400") as caught:
            spoken(voice)
        assert not caught.value.is_outage
        assert voice.is_available()
        assert spoken(voice) == sound(TEXT, 1)


@pytest.mark.usefixtures("impatient")
def test_a_token_is_sent_and_a_redirection_is_not_followed() -> None:
    with (
        FakeServer(["302"] * 9, headers={"Location": "http://127.0.0.1:1/"}) as first,
        FakeServer(token=TOKEN) as second,
    ):
        assert spoken(engine(first, second, token=TOKEN)) == sound(TEXT, 1)
        assert second.heads[0]["authorization"] == f"Bearer {TOKEN}"
        with pytest.raises(EngineUnavailableError, match="refuses the token"):
            spoken(engine(second))


def test_a_foreign_server_gets_the_fields_of_the_api_and_may_have_another_rate() -> None:
    with FakeServer(fingerprint="", headers={"X-Sample-Rate": "48000"}) as server:
        voice = engine(server, extra_fields=False)
        samples = np.concatenate(list(voice.synthesize(TEXT, "ja", "alloy", 7, speed=9.0)))
        assert abs(len(samples) - len(sound(TEXT, 0)) // 4) <= 1
        assert server.requests == [
            {"input": TEXT, "response_format": "pcm", "speed": 4.0, "model": "m", "voice": "alloy"}
        ]


@pytest.mark.usefixtures("impatient")
def test_a_certificate_is_verified(tmp_path: Path) -> None:
    authority, context = certificates.server(tmp_path)
    with FakeServer(context=context) as server:
        with pytest.raises(EngineUnavailableError, match="certificate is not accepted"):
            spoken(engine(server, first_byte=60.0))
        assert spoken(engine(server, first_byte=60.0, ca_file=str(authority))) == sound(TEXT, 1)


@pytest.mark.usefixtures("impatient")
def test_no_thread_stays_behind() -> None:
    with FakeServer(["stall", "gap", "500"]) as server:
        voice = engine(server, server, first_byte=0.3)
        assert spoken(voice) == sound(TEXT, 1)
        voice.close()
        wait_until(
            lambda: not [one for one in threading.enumerate() if one.name == "exchange"], "all threads have ended"
        )
