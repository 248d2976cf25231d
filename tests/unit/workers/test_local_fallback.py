"""Fallback to an engine of this machine: loaded once, told once an outage, and told when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from voicestream.errors import EngineNotReadyError, EngineUnavailableError
from voicestream.workers import local_fallback
from voicestream.workers.engines.passthrough.spec import PassthroughTranslator
from voicestream.workers.local_fallback import LocalFallback

if TYPE_CHECKING:
    from voicestream.engines.translator import Translator

OUTAGE = EngineUnavailableError("no host answers (a: timed out)")


class Elsewhere(PassthroughTranslator):
    """A translator whose hosts answer, or do not."""

    device = "https://a.example"
    answers = True

    def is_available(self) -> bool:
        return self.answers


def refusal(reason: str) -> EngineUnavailableError:
    return EngineUnavailableError(reason, is_outage=False)


def test_an_engine_without_hosts_is_always_available() -> None:
    local_fallback.check(PassthroughTranslator())
    elsewhere = Elsewhere()
    local_fallback.check(elsewhere)
    elsewhere.answers = False
    with pytest.raises(EngineUnavailableError):
        local_fallback.check(elsewhere)


def test_an_outage_is_told_once_and_its_end_once() -> None:
    told: list[str] = []
    loaded: list[Translator] = []
    fallback: LocalFallback[Translator] = LocalFallback(told.append)

    def load() -> Translator:
        loaded.append(PassthroughTranslator())
        return loaded[-1]

    for _ in range(3):
        assert fallback.take_over("en de", OUTAGE, load) is loaded[0]
    assert told == ["no host answers (a: timed out): falling back to none"]
    for _ in range(2):
        fallback.worked(Elsewhere())
    assert told[1:] == ["https://a.example answers again"]
    fallback.take_over("en fr", OUTAGE, load)
    assert len(told) == 3
    assert len(loaded) == 2, "one for each pair of languages"
    fallback.close()


def test_refusals_are_told_once_for_each_reason_and_are_no_outage() -> None:
    told: list[str] = []
    fallback: LocalFallback[Translator] = LocalFallback(told.append)
    for reason in ("HTTP 400", "HTTP 422", "HTTP 400"):
        fallback.take_over("en de", refusal(reason), PassthroughTranslator)
    assert [text.partition(":")[0] for text in told] == ["HTTP 400", "HTTP 422"]
    fallback.worked(Elsewhere())
    assert len(told) == 2


def test_without_a_local_engine_the_error_stays_and_the_hint_is_told() -> None:
    told: list[str] = []
    fallback: LocalFallback[Translator] = LocalFallback(told.append)

    def load() -> Translator:
        raise EngineNotReadyError("nothing is installed", hint="voicestream setup")

    for _ in range(2):
        with pytest.raises(EngineUnavailableError) as caught:
            fallback.take_over("en de", OUTAGE, load)
        assert caught.value is OUTAGE
    assert len(told) == 1
    assert told[0].endswith("nothing is installed\nTry: voicestream setup")
