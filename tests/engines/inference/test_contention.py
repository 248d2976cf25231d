"""Two processes that share a device, measured: here with tiny models on the processor, and with none."""

from __future__ import annotations

import dataclasses
import functools
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.faults import fake_sides
from helpers.fixtures.neural import skip_unless_installed

skip_unless_installed()

from helpers.models import tiny_xtts
from voicestream.bench.gpu import contention, contention_process
from voicestream.bench.gpu.contention_process import Flag, Translation, Voice, Work
from voicestream.config.engine_settings import COMPUTE_VARIABLE, MODELS_VARIABLE
from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

WORK = Work("I will fix the file now.", ("en", "ja"), answer_tokens=6, spoken=tiny_xtts.TEXTS["en"], language="en")

FAKE = (sys.executable, "-P", fake_sides.__file__)


@pytest.fixture
def flag(tmp_path: Path) -> Flag:
    (tmp_path / "flag").write_bytes(b"\0")
    return Flag(tmp_path / "flag")


@pytest.fixture
def _on_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COMPUTE_VARIABLE, "cpu")


@pytest.mark.usefixtures("_on_the_processor")
def test_a_voice_is_measured_to_its_first_sound_and_to_its_last(
    xtts_models: Path, flag: Flag, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(xtts_models))
    side = Voice(WORK, flag)
    first, whole = side.once()
    assert 0 < first < whole
    assert not flag.is_up
    assert side.device == "cpu int8"
    seen: list[bool] = []

    def spoken(*_: object) -> Iterator[NDArray[np.float32]]:
        for frames in (0, 5, 5):
            seen.append(flag.is_up)
            yield np.zeros(frames, dtype=np.float32)

    monkeypatch.setattr(side._engine, "synthesize", spoken)
    side.once()
    assert seen == [True, True, False]


@pytest.mark.usefixtures("_on_the_processor")
def test_a_translation_is_measured_one_sentence_at_a_time_and_works_on_batches(
    nllb_models: Path, flag: Flag, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(nllb_models))
    side = Translation(WORK, flag)
    (took,) = side.once()
    assert took > 0
    sizes: list[tuple[int, int]] = []
    answer = side._engine._decode_group

    def counted(group: object) -> object:
        sizes.append((len(group.rows), group.search.num_beams))  # type: ignore[attr-defined]
        return answer(group)

    monkeypatch.setattr(side._engine, "_decode_group", counted)
    side.once()
    side.turn("free")
    assert sizes == [(1, 1), (contention_process.BATCH, contention_process.BEAMS)]


@pytest.mark.usefixtures("_on_the_processor")
def test_a_batch_can_begin_in_the_moment_in_which_a_sentence_does(
    nllb_models: Path, flag: Flag, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(nllb_models))
    side = Translation(WORK, flag)
    seen: list[bool] = []
    # Before each look at it the voice is a step further: it spoke, is silent, is silent, and speaks again.
    states = iter([True, False, False, True])

    def look(_seconds: float) -> bool:
        flag.set(is_up=next(states))
        return False

    monkeypatch.setattr(contention_process, "_has_request", look)
    monkeypatch.setattr(side, "_answer", lambda *_: seen.append(flag.is_up))
    flag.set(is_up=True)
    side.turn("together")
    assert seen == [True]
    assert next(states, None) is None


def test_nobody_waits_for_a_sentence_when_an_order_is_there(flag: Flag, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contention_process, "_has_request", lambda _: True)
    flag.set(is_up=False)
    contention_process._wait(lambda: flag.is_up)


def test_both_sides_have_rows_alone_and_beside_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contention, "open_pair", functools.partial(contention.open_pair, command=FAKE))
    rows = contention.measure(tmp_path, "cpu", WORK, runs=3)
    assert {row.name: row.samples for row in rows} == {
        "xtts_first_alone": (1.0,) * 3,
        "xtts_first_shared": (1.0,) * 3,
        "xtts_first_together": (1.0,) * 3,
        "xtts_whole_alone": (2.0,) * 3,
        "xtts_whole_shared": (2.0,) * 3,
        "nllb_alone": (1.0,) * 3,
        "nllb_shared": (1.0,) * 3,
    }


def test_what_a_side_says_of_itself_is_not_mixed_with_what_libraries_print(tmp_path: Path) -> None:
    with contention.open_pair(tmp_path, "cpu", WORK, FAKE) as both:
        assert both.devices == ("translation none", "tts none")
        _, turn = both.beside("tts", 2)
        assert turn >= 1.0


def test_a_side_that_ends_is_an_error(tmp_path: Path) -> None:
    mortal = dataclasses.replace(WORK, spoken=fake_sides.MORTAL)
    with (
        pytest.raises(VoicestreamError, match="the process for translation has ended with 7"),
        contention.open_pair(tmp_path, "cpu", mortal, FAKE) as both,
    ):
        both.beside("tts", 1)
