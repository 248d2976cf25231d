"""The engine ``piper`` with a real voice."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.fixtures.deadline import remaining
from helpers.models import piper_voices
from helpers.models.synthesized import sound
from voicestream.config.engine_settings import MODELS_VARIABLE, EngineSettings
from voicestream.workers.engines.piper import synthesizer, voices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from voicestream.workers.engines.piper.synthesizer import PiperSynthesizer

piper_voices.skip_unless_installed()

SENTENCE = "The tests pass now."
LONG = (
    "I fixed the parser; it now keeps the last line, even when the file ends without a newline, and all the tests pass."
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return piper_voices.link_real(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def loaded(models: Path) -> Iterator[PiperSynthesizer]:
    found = synthesizer.load(EngineSettings(models=str(models)), lambda *_: None)
    yield found
    found.close()


def test_chunks_are_short_float32_within_full_scale(loaded: PiperSynthesizer) -> None:
    chunks = [chunk for chunk in loaded.synthesize(LONG, "en", "", 7) if len(chunk)]
    assert len(chunks) > 10
    for chunk in chunks:
        assert chunk.dtype == np.float32
        assert len(chunk) <= 0.25 * loaded.sample_rate
        assert np.abs(chunk).max() <= 1.0
        assert chunk.flags.owndata


def test_the_same_text_sounds_the_same_whatever_was_said_before(loaded: PiperSynthesizer) -> None:
    first = sound(loaded, SENTENCE)
    sound(loaded, "Something else!", seed=99, speed=1.7)
    assert np.array_equal(first, sound(loaded, SENTENCE))
    assert not np.array_equal(first, sound(loaded, SENTENCE, seed=2**63 - 1))


def test_the_same_text_sounds_the_same_in_another_process(
    loaded: PiperSynthesizer, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(models))
    program = (
        "import sys, hashlib\n"
        "from voicestream.workers import engine_loading as engines\n"
        "found = engines.load_synthesizer('piper', lambda *_: None)\n"
        "chunks = found.synthesize(sys.argv[1], 'en', '', 7)\n"
        "print(hashlib.sha256(b''.join(chunk.tobytes() for chunk in chunks)).hexdigest())\n"
        "found.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, SENTENCE], check=True, capture_output=True, text=True, timeout=remaining()
    )
    assert done.stdout.strip() == hashlib.sha256(sound(loaded, SENTENCE).tobytes()).hexdigest()


def test_a_sentence_takes_as_long_as_a_person_takes_and_its_phonemes_are_those_of_the_voice(
    loaded: PiperSynthesizer,
) -> None:
    assert loaded._phonemes(SENTENCE, loaded._voices[piper_voices.NAME]) == "ðə tˈɛsts pˈæs nˈaʊ."
    natural, fast, faster = (len(sound(loaded, SENTENCE, speed=speed)) for speed in (1.0, 2.0, 9.0))
    assert 0.6 < natural / loaded.sample_rate < 2.5
    assert fast == faster < 0.7 * natural


def test_the_numbers_of_symbols_have_pads_between_them(loaded: PiperSynthesizer) -> None:
    voice = loaded._voices[piper_voices.NAME]
    assert synthesizer.ids_of("a.", voice) == [1, 0, 14, 0, 10, 0, 2]


@pytest.mark.parametrize("text", ["", " ", "\0", "\ud800", "...", "—", "日本語" * 0])
def test_nothing_to_say_makes_no_chunks(text: str, loaded: PiperSynthesizer) -> None:
    assert list(loaded.synthesize(text, "en", "", 7)) == []


def test_a_sentence_that_is_cancelled_leaves_nothing_in_the_next(loaded: PiperSynthesizer) -> None:
    whole = sound(loaded, SENTENCE)
    chunks = loaded.synthesize(LONG, "en", "", 7)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert np.array_equal(sound(loaded, SENTENCE), whole)


def test_it_speaks_the_languages_of_its_voices(loaded: PiperSynthesizer) -> None:
    assert all(map(loaded.supports, ("en", "en-GB")))
    assert not any(map(loaded.supports, ("de", "nonsense")))
    with pytest.raises(ValueError, match="no voice speaks German"):
        next(iter(loaded.synthesize("Guten Tag.", "de", "", 7)))
    assert [voices.read(path).tag for path in voices._configurations(piper_voices.real())] == ["en-US"]
