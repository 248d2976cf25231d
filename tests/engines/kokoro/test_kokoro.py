"""Kokoro by ONNX Runtime, with a model of the real layout that the tests have made."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.fixtures.deadline import remaining
from helpers.models import tiny_kokoro
from helpers.models.kokoro_engine import LONG, SAID, SENTENCE, phonemes
from helpers.models.synthesized import sound
from helpers.models.tiny_kokoro import FRAME, SAMPLE_RATE, heard, spoken
from voicestream.errors import EngineNotReadyError
from voicestream.workers.engines.kokoro import network
from voicestream.workers.onnx_voice import deterministic_noise

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from helpers.models.kokoro_engine import Load
    from voicestream.workers.engines.kokoro.synthesizer import KokoroSynthesizer

tiny_kokoro.skip_unless_installed()


def digest(samples: NDArray[np.float32]) -> str:
    return hashlib.sha256(samples.tobytes()).hexdigest()


@pytest.mark.parametrize("language", SAID)
def test_each_language_is_said_symbol_for_symbol(language: str, kokoro: KokoroSynthesizer) -> None:
    assert kokoro.supports(language)
    text = SAID[language]
    expected = spoken(phonemes(kokoro, text, language, is_british=language == "en-GB"))
    assert len(expected) > 12
    assert heard(sound(kokoro, text, language)) == expected


def test_chunks_are_short_float32_within_full_scale(kokoro: KokoroSynthesizer) -> None:
    chunks = [chunk for chunk in kokoro.synthesize(LONG, "en", "", 7) if len(chunk)]
    assert len(chunks) > 10
    for chunk in chunks:
        assert chunk.dtype == np.float32
        assert chunk.ndim == 1
        assert len(chunk) <= 0.25 * kokoro.sample_rate
        assert np.abs(chunk).max() <= 1.0
        assert chunk.flags.writeable
        assert chunk.flags.owndata


def test_the_same_text_sounds_the_same_whatever_was_said_before(kokoro: KokoroSynthesizer) -> None:
    first = sound(kokoro, LONG)
    sound(kokoro, "Something else!", voice="bf_emma", seed=99, speed=1.7)
    assert np.array_equal(first, sound(kokoro, LONG))


def test_the_same_text_sounds_the_same_in_another_process(load_kokoro: Load) -> None:
    synthesizer = load_kokoro()
    program = (
        "import sys, hashlib\n"
        "from voicestream.workers import engine_loading as engines\n"
        "found = engines.load_synthesizer('kokoro', lambda *_: None)\n"
        "chunks = found.synthesize(sys.argv[1], 'en', '', 7)\n"
        "print(hashlib.sha256(b''.join(chunk.tobytes() for chunk in chunks)).hexdigest())\n"
        "found.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, LONG], check=True, capture_output=True, text=True, timeout=remaining()
    )
    assert done.stdout.strip() == digest(sound(synthesizer, LONG))


def test_the_noise_in_the_voice_is_that_of_the_seed(kokoro: KokoroSynthesizer) -> None:
    one, other = (sound(kokoro, SENTENCE, seed=seed) for seed in (1, 2**63 - 1))
    assert not np.array_equal(one, other)
    assert heard(one) == heard(other)


def test_left_to_itself_the_network_would_never_say_the_same_twice(tmp_path: Path) -> None:
    import onnxruntime

    content = tiny_kokoro.tones().SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    numbers = {
        "input_ids": np.array([[0, 30, 40, 0]]),
        "style": np.full((1, 256), 0.1, np.float32),
        "speed": np.array([1.0], np.float32),
    }
    assert not np.array_equal(session.run(None, numbers)[0], session.run(None, numbers)[0])


def test_what_takes_the_place_of_random_numbers_is_as_random() -> None:
    import onnx
    import onnxruntime
    from onnx import parser

    model = parser.parse_model("""
        <ir_version: 8, opset_import: ["": 17]>
        draw (float[n] x) => (float[n] normal, float[n] other, float[n] uniform) {
            normal = RandomNormalLike<mean = 3.0, scale = 2.0>(x)
            other = RandomNormalLike(x)
            uniform = RandomUniformLike<low = -1.0, high = 3.0>(x)
        }
    """)
    assert deterministic_noise.replace_random(model) == 3
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    tables = deterministic_noise.noise_tables((each.name for each in session.get_inputs()), seed=5)
    normal, other, uniform = session.run(None, {"x": np.zeros(200_000, np.float32)} | tables)
    assert (normal.mean(), normal.std()) == pytest.approx((3.0, 2.0), abs=0.02)
    assert (other.mean(), other.std()) == pytest.approx((0.0, 1.0), abs=0.01)
    assert abs(np.corrcoef(normal, other)[0, 1]) < 0.02
    assert (uniform.min(), uniform.max(), uniform.mean()) == pytest.approx((-1.0, 3.0, 1.0), abs=0.1)


def test_another_seed_begins_elsewhere_in_the_same_numbers() -> None:
    name = deterministic_noise.NORMAL
    first, again, other = (deterministic_noise.noise_tables([name], seed)[name] for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.01
    assert np.array_equal(np.sort(first), np.sort(other))


def test_random_numbers_of_an_unknown_kind_are_refused(load_kokoro: Load) -> None:
    from onnx import parser

    strange = parser.parse_model("""
        <ir_version: 8, opset_import: ["": 17]>
        draw (float[n] x) => (float[2] y) { y = RandomNormal<shape = [2]>() }
    """)
    with pytest.raises(EngineNotReadyError, match="a network with the random operators RandomNormal"):
        load_kokoro(network=strange)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\0", "\ud800", "...", "—"])
def test_nothing_to_say_makes_no_chunks(text: str, kokoro: KokoroSynthesizer) -> None:
    assert list(kokoro.synthesize(text, "en", "", 7)) == []


def test_a_long_sentence_is_made_in_pieces_and_none_of_it_is_lost(kokoro: KokoroSynthesizer) -> None:
    samples = sound(kokoro, LONG)
    first, second = LONG.split("; ")
    begin = FRAME  # the edge of the first piece
    end = begin + FRAME * len(spoken(phonemes(kokoro, first)))
    assert heard(samples[begin:end]) == spoken(phonemes(kokoro, first))
    begin = end + int((0.02 + 0.2 + 0.02) * SAMPLE_RATE)
    assert heard(samples[begin:]) == spoken(phonemes(kokoro, second))


def test_the_first_piece_leaves_before_the_second_is_begun(
    kokoro: KokoroSynthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    speak = network.KokoroNetwork.synthesize

    def listen(self: network.KokoroNetwork, ids: list[int], *rest: object, **others: object) -> object:
        begun.append(len(ids))
        return speak(self, ids, *rest, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(network.KokoroNetwork, "synthesize", listen)
    chunks = kokoro.synthesize(LONG, "en", "", 7)
    while not len(next(chunks)):
        pass
    assert begun == [len(phonemes(kokoro, "I fixed the parser;")) + 2]
    assert sum(len(chunk) for chunk in chunks)
    assert len(begun) > 1


def test_the_row_of_a_voice_is_that_of_the_length_of_the_text(kokoro: KokoroSynthesizer) -> None:
    rows = np.fromfile(kokoro._directory / "voices" / "af_heart.bin", "<f4").reshape(510, 256)[:, 0]
    said = phonemes(kokoro, SENTENCE)
    assert np.abs(sound(kokoro, SENTENCE)).max() == pytest.approx(rows[len(said) - 1], abs=0.006)
    assert rows[len(said) - 1] != rows[len(said)]


def test_twice_the_speed_takes_half_the_time(kokoro: KokoroSynthesizer) -> None:
    natural, fast, faster, slow, slower = (
        len(sound(kokoro, SENTENCE, speed=speed)) for speed in (1.0, 2.0, 9.0, 0.5, 0.01)
    )
    assert (fast, slow) == (natural / 2, natural * 2)
    assert (faster, slower) == (fast, slow)
    assert len(sound(kokoro, LONG, speed=0.01)) == len(sound(kokoro, LONG, speed=0.5))


def test_a_sentence_is_let_go_of_while_the_network_computes(load_kokoro: Load) -> None:
    synthesizer = load_kokoro()
    slow = network.KokoroNetwork(_slow(synthesizer), threads=1)
    quick, synthesizer._network = synthesizer._network, slow
    chunks = synthesizer.synthesize(SENTENCE, "en", "", 7)
    assert len(next(chunks)) == 0
    chunks.close()  # type: ignore[attr-defined]  # to its end it would take minutes, which no test has
    slow.close()
    synthesizer._network = quick
    assert heard(sound(synthesizer, SENTENCE)) == spoken(phonemes(synthesizer, SENTENCE))


def _slow(synthesizer: KokoroSynthesizer) -> Path:
    import onnx

    file = synthesizer._directory / "slow.onnx"
    onnx.save(tiny_kokoro.tones(rounds=10_000_000), file)
    return file


def test_a_sentence_that_is_dropped_half_way_leaves_nothing_in_the_next(kokoro: KokoroSynthesizer) -> None:
    whole = sound(kokoro, SENTENCE)
    chunks = kokoro.synthesize(LONG, "en", "", 7)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert np.array_equal(sound(kokoro, SENTENCE), whole)
