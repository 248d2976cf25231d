"""What a person sees while listening."""

from __future__ import annotations

import sys

import click
import pytest

from voicestream.client.display.captions import Captions
from voicestream.errors import EXIT_NO_AUDIO
from voicestream.protocol.messages import Counts, SessionClosed, SessionEvent, SessionOpened


def event(
    name: str, sentence: int | None = None, text: str | None = None, stage: str | None = None, **more: str
) -> SessionEvent:
    return SessionEvent(
        event=name,
        session="s1",
        time=1.0,
        sentence=sentence,
        text=text,
        stage=stage,
        reason=more.get("reason"),
        state=more.get("state"),
        role=more.get("role"),
    )


def hear(captions: Captions, sentence: int, original: str, said: str | None = None) -> None:
    captions.happened(event("sentence_found", sentence, original))
    if said is not None:
        captions.happened(event("translated", sentence, said))
    captions.happened(event("speech_started", sentence))
    captions.happened(event("playback_started", sentence))
    captions.happened(event("playback_finished", sentence))


def test_a_sentence_is_shown_when_it_begins_to_be_heard(capsys: pytest.CaptureFixture[str]) -> None:
    captions = Captions(captions=True, quiet=False)
    captions.happened(event("sentence_found", 0, "Hello."))
    captions.happened(event("sentence_found", 1, "World."))
    assert capsys.readouterr().err == ""
    captions.happened(event("playback_started", 0))
    assert capsys.readouterr().err == "🔊 Hello.\n"
    captions.happened(event("playback_finished", 0))
    captions.happened(event("playback_started", 1))
    assert capsys.readouterr() == ("", "🔊 World.\n")


def test_a_translation_is_shown_with_its_original(capsys: pytest.CaptureFixture[str]) -> None:
    hear(Captions(captions=True, quiet=False), 0, "Hello.", "Hallo.")
    assert capsys.readouterr().err == "🔊 Hallo.\n   Hello.\n"


def test_a_translation_that_changes_nothing_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    hear(Captions(captions=True, quiet=False), 0, "OK.", "OK.")
    assert capsys.readouterr().err == "🔊 OK.\n"


@pytest.mark.parametrize(("captions", "quiet"), [(False, False), (True, True), (False, True)])
def test_nothing_of_what_is_heard_is_shown_unless_it_is_wanted(
    capsys: pytest.CaptureFixture[str], *, captions: bool, quiet: bool
) -> None:
    hear(Captions(captions=captions, quiet=quiet), 0, "Hello.", "Hallo.")
    assert capsys.readouterr().err == ""


def test_what_was_skipped_or_failed_is_said_even_when_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    captions = Captions(captions=False, quiet=True)
    captions.happened(event("skipped", 4, stage="tts", reason="no voice for it"))
    captions.happened(event("failed", 0, stage="translation", reason="three times"))
    captions.happened(event("skipped", None, stage="parser", reason="a line of 9 bytes"))
    assert capsys.readouterr().err.splitlines() == [
        "voicestream: not spoken: a sentence: no voice for it",
        "voicestream: not translated: a sentence: three times",
        "voicestream: not spoken: some input: a line of 9 bytes",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hello there.", "Hello there."),
        ("Hello there, this is a sentence of more than forty characters.", "Hello there, this is a sentence of more…"),
        ("あ" * 60, "あ" * 40 + "…"),
    ],
)
def test_what_was_not_spoken_is_told_by_its_beginning(
    capsys: pytest.CaptureFixture[str], text: str, shown: str
) -> None:
    captions = Captions(captions=True, quiet=False)
    captions.happened(event("sentence_found", 0, text))
    captions.happened(event("skipped", 0, stage="player", reason="the disk is full"))
    assert capsys.readouterr().err == f'voicestream: not spoken: "{shown}": the disk is full\n'


def test_an_announcement_is_shown_when_it_is_heard_and_its_loss_as_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    captions = Captions(captions=True, quiet=False)
    captions.happened(event("announcement", -1, "Skipped one message."))
    captions.happened(event("withdrawn", -1, stage="player", reason="a later announcement says it"))
    captions.happened(event("announcement", -2, "Skipped 2 messages."))
    captions.happened(event("translated", -2, "Dos mensajes."))
    captions.happened(event("playback_started", -2))
    captions.happened(event("playback_finished", -2))
    captions.happened(event("announcement", -3, "Skipped 9 messages."))
    captions.happened(event("skipped", -3, stage="tts", reason="no voice for it"))
    assert capsys.readouterr().err.splitlines() == [
        "🔊 Dos mensajes.",
        "   Skipped 2 messages.",
        'voicestream: not spoken: "Skipped 9 messages.": no voice for it',
    ]
    assert captions._texts == {}


def test_notices_and_troubled_workers_are_said_unless_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    for quiet, expected in ((False, ["voicestream: a word", "voicestream: it crashed"]), (True, [])):
        captions = Captions(captions=True, quiet=quiet)
        captions.happened(event("notice", text="a word"))
        captions.happened(event("worker", role="tts", state="backoff", reason="raw", text="it crashed"))
        captions.happened(event("worker", role="tts", state="backoff", reason="exit 0 (drain: restart)"))
        captions.happened(event("worker", role="tts", state="ready"))
        captions.happened(event("something new"))
        assert capsys.readouterr().err.splitlines() == expected


def test_a_reason_is_told_once_however_many_sentences_it_costs(capsys: pytest.CaptureFixture[str]) -> None:
    captions = Captions(captions=True, quiet=False)
    for sentence in range(3):
        captions.happened(event("skipped", sentence, stage="tts", reason="no voice"))
    captions.closed(closed(Counts(found=3, skipped=3), "no voice"))
    assert capsys.readouterr().err.splitlines() == [
        "voicestream: not spoken: a sentence: no voice",
        "voicestream: 0 of 3 sentences spoken, 3 skipped, 0 failed, 0 not translated",
    ]


@pytest.mark.parametrize("translates", [True, False])
def test_a_wanted_translation_that_there_is_no_engine_for_is_said_once(
    capsys: pytest.CaptureFixture[str], *, translates: bool
) -> None:
    captions = Captions(captions=True, quiet=False)
    captions.opened(SessionOpened(session="s1", pid=1, translator="none", tts="espeak"), translates=translates)
    captions.happened(SessionEvent(event="worker", session="s1", time=1.0, role="translation", engine="none"))
    assert capsys.readouterr().err.count("you hear the original") == int(translates)


def test_a_worker_that_turns_out_to_have_no_engine_is_said_too(capsys: pytest.CaptureFixture[str]) -> None:
    captions = Captions(captions=True, quiet=False)
    captions.opened(SessionOpened(session="s1", pid=1, translator="auto", tts="espeak"), translates=True)
    assert capsys.readouterr().err == ""
    captions.happened(SessionEvent(event="worker", session="s1", time=1.0, role="tts", engine="none"))
    assert capsys.readouterr().err == ""
    captions.happened(SessionEvent(event="worker", session="s1", time=1.0, role="translation", engine="none"))
    assert "you hear the original" in capsys.readouterr().err


def test_who_can_do_without_a_sound_device_shows_only_the_reason_when_there_is_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    captions = Captions(captions=True, quiet=False, may_lack_audio=True)
    captions.happened(event("failed", 0, stage="player", reason="no sound device"))
    counts = Counts(found=1, failed=1)
    captions.closed(SessionClosed(session="s1", counts=counts, exit_code=EXIT_NO_AUDIO, reason="no sound device"))
    assert capsys.readouterr().err == "voicestream: no sound device\n"


def test_errors_that_were_held_back_are_shown_when_there_is_sound_after_all(
    capsys: pytest.CaptureFixture[str],
) -> None:
    captions = Captions(captions=True, quiet=False, may_lack_audio=True)
    captions.happened(event("sentence_found", 1, "Hello."))
    captions.happened(event("skipped", 0, stage="tts", reason="no voice"))
    assert capsys.readouterr().err == ""
    captions.happened(event("playback_started", 1))
    captions.error("another one")
    captions.closed(closed(Counts(found=1, played=1)))
    assert capsys.readouterr().err.splitlines() == [
        "voicestream: not spoken: a sentence: no voice",
        "🔊 Hello.",
        "voicestream: another one",
    ]


def closed(counts: Counts, reason: str = "") -> SessionClosed:
    return SessionClosed(session="s1", counts=counts, exit_code=1, reason=reason)


def test_a_session_that_went_well_ends_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    Captions(captions=True, quiet=False).closed(closed(Counts(found=3, played=3)))
    assert capsys.readouterr().err == ""


def test_a_session_that_did_not_go_well_ends_with_its_counts_and_reason(capsys: pytest.CaptureFixture[str]) -> None:
    counts = Counts(found=9, played=4, skipped=3, failed=2, untranslated=1)
    Captions(captions=True, quiet=True).closed(closed(counts, "the supervisor ends"))
    assert capsys.readouterr().err.splitlines() == [
        "voicestream: the supervisor ends",
        "voicestream: 4 of 9 sentences spoken, 3 skipped, 2 failed, 1 not translated",
    ]


@pytest.mark.parametrize(
    "counts",
    [Counts(found=1, skipped=1), Counts(found=1, failed=1), Counts(found=1, played=1, untranslated=1)],
)
def test_each_kind_of_loss_is_worth_the_counts(capsys: pytest.CaptureFixture[str], counts: Counts) -> None:
    Captions(captions=True, quiet=False).closed(closed(counts))
    assert "1 sentences spoken" in capsys.readouterr().err


def test_a_sentence_whose_translation_failed_is_shown_in_the_original_when_it_is_heard(
    capsys: pytest.CaptureFixture[str],
) -> None:
    captions = Captions(captions=True, quiet=False)
    captions.happened(event("sentence_found", 0, "Hello."))
    captions.happened(event("failed", 0, stage="translation", reason="no"))
    captions.happened(event("playback_started", 0))
    assert "🔊 Hello.\n" in capsys.readouterr().err


def test_nothing_is_kept_of_sentences_that_are_over() -> None:
    captions = Captions(captions=True, quiet=True)
    for sentence in range(4):
        captions.happened(event("sentence_found", sentence, "text"))
    captions.happened(event("playback_finished", 0))
    captions.happened(event("skipped", 1, stage="tts", reason="x"))
    captions.happened(event("failed", 2, stage="player", reason="x"))
    captions.happened(event("failed", 3, stage="translation", reason="x"))
    assert list(captions._texts) == [3], "it will still be heard"


def test_nothing_but_words_is_written_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    captions = Captions(captions=True, quiet=False)
    captions.error("wrong")
    captions.note("so so")
    assert "\x1b" not in capsys.readouterr().err


def loading(stage: str, time: float, progress: float | None = None, incarnation: int = 1) -> SessionEvent:
    return SessionEvent(
        event="loading",
        session="s1",
        time=time,
        role="translation",
        incarnation=incarnation,
        text=stage,
        progress=progress,
    )


def test_what_loads_within_a_second_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    captions = Captions(captions=True, quiet=False)
    for time in (10.0, 10.4, 10.9):
        captions.happened(loading(f"stage {time}", time))
    assert capsys.readouterr().err == ""


def test_what_loads_for_long_is_shown_stage_by_stage(capsys: pytest.CaptureFixture[str]) -> None:
    captions = Captions(captions=True, quiet=False)
    for time in (10.0, 11.0, 11.1, 11.2):
        captions.happened(loading("reading weights", time, (time - 10) / 2))
    captions.happened(loading("warming up", 12.0))
    assert capsys.readouterr().err == (
        "voicestream: loading translation: reading weights\nvoicestream: loading translation: warming up\n"
    )
    # The next worker of the role has a second of its own.
    captions.happened(loading("reading weights", 13.0, incarnation=2))
    assert capsys.readouterr().err == ""


def test_a_terminal_shows_a_bar_that_the_next_line_replaces(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    captions = Captions(captions=True, quiet=False)
    for time, share in ((10.0, 0.0), (11.0, 0.25), (12.0, 1.0)):
        captions.happened(loading("reading weights", time, share))
    hear(captions, 0, "Hello.")
    written = capsys.readouterr().err
    lines = [part for part in click.unstyle(written).split("\r") if part]
    assert lines == [
        "voicestream: loading translation: reading weights ██████░░░░░░░░░░░░░░░░░░ 25%",
        "voicestream: loading translation: reading weights ████████████████████████ 100%",
        "🔊 Hello.\n▶ Hello.",
    ]
    assert written.count("\x1b[2K") == 3


def test_quiet_says_nothing_about_loading(capsys: pytest.CaptureFixture[str]) -> None:
    captions = Captions(captions=True, quiet=True)
    for time in (10.0, 20.0):
        captions.happened(loading("reading weights", time))
    assert capsys.readouterr().err == ""


def test_why_no_better_translator_was_taken_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    captions = Captions(captions=True, quiet=False)
    captions.opened(
        SessionOpened(session="s1", pid=1, translator="apertium", tts="espeak", note="nllb is not ready"),
        translates=True,
    )
    ready = SessionEvent(
        event="worker",
        session="s1",
        time=1.0,
        role="translation",
        state="ready",
        engine="apertium",
        reason="nllb is not ready",
    )
    captions.happened(ready)
    assert capsys.readouterr().err == "voicestream: translator: apertium; nllb is not ready\n"


def test_nobody_who_wants_no_translation_hears_of_translators(capsys: pytest.CaptureFixture[str]) -> None:
    captions = Captions(captions=True, quiet=False)
    captions.opened(
        SessionOpened(session="s1", pid=1, translator="apertium", tts="espeak", note="nllb is not ready"),
        translates=False,
    )
    assert capsys.readouterr().err == ""
