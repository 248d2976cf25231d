"""A wrong engine: the request that named it fails, and no other request notices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.process.running import line, wait_until
from helpers.process.session import Session
from voicestream.protocol.messages import OutputOptions, ParserOptions, SessionOptions

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

UNREADY = "xtts"
"""A voice engine that is installed and has no weights here."""


def has_failed(place: Voicestream) -> bool:
    """Whether a translator has."""
    workers = place.status()["workers"]
    return any((worker["role"], worker["state"]) == ("translation", "failed") for worker in workers)


def options(*, target: str = "en", tts: str = "espeak", translator: str = "auto") -> SessionOptions:
    return SessionOptions(
        parser=ParserOptions(language="en"),
        output=OutputOptions(kind="null"),
        target=target,
        tts=tts,
        translator=translator,
    )


def test_one_wrong_name_never_breaks_the_next_run(place: Voicestream) -> None:
    plain = ("say", "--output", "null", "Nine.")
    for wrong, exit_code in (
        (("--tts", UNREADY), 78),
        (("--to", "de", "--translator", "nllb"), 78),
        (("--tts", "elevenlabs"), 2),
        (("--to", "de", "--translator", "deepl"), 2),
    ):
        assert place.call(*plain, *wrong).returncode == exit_code, wrong
        done = place.call(*plain)
        assert done.returncode == 0, f"after {wrong}: {done.stderr}"
    for right in (("--translator", "none"), ("--to", "de", "--translator", "none")):
        done = place.call(*plain, *right)
        assert done.returncode == 0, done.stderr
        assert "no translation engine is ready" not in done.stderr, "no translation was asked for"


@pytest.mark.parametrize("command", [("say", "Nine."), ("run",), ("demo",), ("up",)], ids=lambda command: command[0])
def test_a_name_that_no_engine_has_is_refused_before_anything_is_started(
    place: Voicestream, command: tuple[str, ...]
) -> None:
    done = place.call(*command, "--tts", "espaek")
    assert done.returncode == 2
    assert 'there is no voice engine named "espaek"' in done.stderr
    assert "Did you mean --tts espeak" in done.stderr
    assert not place.runtime.exists()


def test_up_with_an_engine_that_cannot_be_loaded_says_so_and_leaves_nothing(place: Voicestream) -> None:
    done = place.call("up", "--tts", UNREADY)
    assert done.returncode == 78
    assert "the tts worker does not start" in done.stderr
    assert "started" not in done.stderr.replace("not start", "")
    place.assert_nothing_left()
    assert place.call("up").returncode == 0
    other = place.call("up", "--tts", UNREADY)
    assert (other.returncode, "has the tts engine espeak" in other.stderr) == (78, True), other.stderr


def test_sessions_that_wanted_another_engine_go_on_when_one_cannot_be_loaded(place: Voicestream) -> None:
    assert place.call("up").returncode == 0
    with (
        Session(place.runtime, options(target="de", tts=UNREADY, translator="nllb")) as wrong,
        Session(place.runtime, options()) as right,
    ):
        wrong.write(line("Nobody hears this."))
        right.write(line("One."))
        assert wrong.finish().exit_code == 78
        right.write(line("Two."))
        closed = right.finish()
    assert (closed.exit_code, closed.counts.played) == (0, 2)


def test_a_translator_that_has_failed_is_nothing_to_a_session_without_translation(place: Voicestream) -> None:
    assert place.call("up").returncode == 0
    with Session(place.runtime, options()) as plain:
        plain.write(line("One."))
        plain.wait_for("playback_finished")
        with Session(place.runtime, options(target="de", translator="nllb")) as translated:
            translated.write(line("Nobody hears this."))
            assert translated.finish().exit_code == 78
        wait_until(lambda: has_failed(place), "the translator has failed")
        plain.write(line("Two."))
        assert plain.finish().exit_code == 0
    assert has_failed(place)
    done = place.call("say", "--output", "null", "Three.")
    assert done.returncode == 0, done.stderr
