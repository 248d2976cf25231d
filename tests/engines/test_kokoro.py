"""Kokoro by ONNX Runtime, with a model of the real layout that the tests have made."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers import tiny_kokoro
from helpers.tiny_kokoro import FRAME, NAME, SAMPLE_RATE, heard, spoken
from voicestream.engine_settings import MODELS_VARIABLE
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.workers import engines
from voicestream.workers.tts.kokoro import network, seeded
from voicestream.workers.tts.kokoro.synthesizer import KokoroSynthesizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Load = Callable[..., KokoroSynthesizer]

tiny_kokoro.skip_unless_installed()

SENTENCE = "The tests pass now."
LONG = (
    "I fixed the parser; it now keeps the last line, even when the file ends without a newline, and all the tests pass."
)

SAID = {
    "en": SENTENCE,
    "en-GB": SENTENCE,
    "es": "Las pruebas pasan.",
    "fr": "Les tests passent.",
    "hi": "परीक्षण सफल हैं।",
    "it": "I test passano.",
    "ja": "テストが成功しました。",
    "pt-BR": "Os testes passam.",
    "zh": "测试都通过了。",
}


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Load the engine with a model made for the test."""
    loaded: list[KokoroSynthesizer] = []

    def begin(**settings: object) -> KokoroSynthesizer:
        models = tmp_path / f"models-{len(loaded)}"
        tiny_kokoro.build(models / NAME, **settings)
        monkeypatch.setenv(MODELS_VARIABLE, str(models))
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        found = engines.load_synthesizer("kokoro", lambda *_: None)
        assert isinstance(found, KokoroSynthesizer)
        loaded.append(found)
        return found

    yield begin
    for synthesizer in loaded:
        synthesizer.close()


def sound(
    synthesizer: KokoroSynthesizer,
    text: str,
    language: str = "en",
    *,
    voice: str = "",
    seed: int = 7,
    speed: float = 1.0,
) -> NDArray[np.float32]:
    chunks = list(synthesizer.synthesize(text, language, voice, seed, speed=speed))
    return np.concatenate(chunks) if chunks else np.zeros(0, np.float32)


def phonemes(synthesizer: KokoroSynthesizer, text: str, language: str = "en", *, is_british: bool = False) -> str:
    assert synthesizer._phonemes is not None
    assert synthesizer._vocabulary is not None
    return synthesizer._vocabulary.known(synthesizer._phonemes.of(text, language, is_british=is_british))


def digest(samples: NDArray[np.float32]) -> str:
    return hashlib.sha256(samples.tobytes()).hexdigest()


@pytest.mark.parametrize("language", SAID)
def test_each_language_is_said_symbol_for_symbol(language: str, load: Load) -> None:
    synthesizer = load()
    assert synthesizer.supports(language)
    text = SAID[language]
    expected = spoken(phonemes(synthesizer, text, language, is_british=language == "en-GB"))
    assert len(expected) > 12
    assert heard(sound(synthesizer, text, language)) == expected


def test_chunks_are_short_float32_within_full_scale(load: Load) -> None:
    synthesizer = load()
    chunks = [chunk for chunk in synthesizer.synthesize(LONG, "en", "", 7) if len(chunk)]
    assert len(chunks) > 10
    for chunk in chunks:
        assert chunk.dtype == np.float32
        assert chunk.ndim == 1
        assert len(chunk) <= 0.25 * synthesizer.sample_rate
        assert np.abs(chunk).max() <= 1.0
        assert chunk.flags.writeable
        assert chunk.flags.owndata


def test_the_same_text_sounds_the_same_whatever_was_said_before(load: Load) -> None:
    synthesizer = load()
    first = sound(synthesizer, LONG)
    sound(synthesizer, "Something else!", voice="bf_emma", seed=99, speed=1.7)
    assert np.array_equal(first, sound(synthesizer, LONG))


def test_the_same_text_sounds_the_same_in_another_process(load: Load) -> None:
    synthesizer = load()
    program = (
        "import sys, hashlib\n"
        "from voicestream.workers.tts.kokoro.synthesizer import KokoroSynthesizer\n"
        "found = KokoroSynthesizer()\n"
        "found.load(lambda *_: None)\n"
        "chunks = found.synthesize(sys.argv[1], 'en', '', 7)\n"
        "print(hashlib.sha256(b''.join(chunk.tobytes() for chunk in chunks)).hexdigest())\n"
        "found.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, LONG], check=True, capture_output=True, text=True, timeout=50
    )
    assert done.stdout.strip() == digest(sound(synthesizer, LONG))


def test_the_noise_in_the_voice_is_that_of_the_seed(load: Load) -> None:
    synthesizer = load()
    one, other = (sound(synthesizer, SENTENCE, seed=seed) for seed in (1, 2**63 - 1))
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
    assert seeded.replace_random(model) == 3
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    tables = seeded.tables((each.name for each in session.get_inputs()), seed=5)
    normal, other, uniform = session.run(None, {"x": np.zeros(200_000, np.float32)} | tables)
    assert (normal.mean(), normal.std()) == pytest.approx((3.0, 2.0), abs=0.02)
    assert (other.mean(), other.std()) == pytest.approx((0.0, 1.0), abs=0.01)
    assert abs(np.corrcoef(normal, other)[0, 1]) < 0.02
    assert (uniform.min(), uniform.max(), uniform.mean()) == pytest.approx((-1.0, 3.0, 1.0), abs=0.1)


def test_random_numbers_of_an_unknown_kind_are_refused(load: Load) -> None:
    from onnx import parser

    strange = parser.parse_model("""
        <ir_version: 8, opset_import: ["": 17]>
        draw (float[n] x) => (float[2] y) { y = RandomNormal<shape = [2]>() }
    """)
    with pytest.raises(EngineNotReadyError, match="draws numbers by RandomNormal"):
        load(network=strange)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\0", "\ud800", "...", "—"])
def test_nothing_to_say_makes_no_chunks(text: str, load: Load) -> None:
    assert list(load().synthesize(text, "en", "", 7)) == []


def test_a_long_sentence_is_made_in_pieces_and_none_of_it_is_lost(load: Load) -> None:
    synthesizer = load()
    samples = sound(synthesizer, LONG)
    first, second = LONG.split("; ")
    begin = FRAME  # the edge of the first piece
    end = begin + FRAME * len(spoken(phonemes(synthesizer, first)))
    assert heard(samples[begin:end]) == spoken(phonemes(synthesizer, first))
    begin = end + int((0.02 + 0.2 + 0.02) * SAMPLE_RATE)
    assert heard(samples[begin:]) == spoken(phonemes(synthesizer, second))


def test_the_first_piece_leaves_before_the_second_is_begun(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    synthesizer = load()
    begun: list[int] = []
    speak = network.Network.speak

    def listen(self: network.Network, ids: list[int], *rest: object, **others: object) -> object:
        begun.append(len(ids))
        return speak(self, ids, *rest, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(network.Network, "speak", listen)
    chunks = synthesizer.synthesize(LONG, "en", "", 7)
    while not len(next(chunks)):
        pass
    assert begun == [len(phonemes(synthesizer, "I fixed the parser;")) + 2]
    assert sum(len(chunk) for chunk in chunks)
    assert len(begun) > 1


def test_the_row_of_a_voice_is_that_of_the_length_of_the_text(load: Load) -> None:
    synthesizer = load()
    rows = np.fromfile(synthesizer._directory / "voices" / "af_heart.bin", "<f4").reshape(510, 256)[:, 0]
    said = phonemes(synthesizer, SENTENCE)
    assert np.abs(sound(synthesizer, SENTENCE)).max() == pytest.approx(rows[len(said) - 1], abs=0.006)
    assert rows[len(said) - 1] != rows[len(said)]


def test_twice_the_speed_takes_half_the_time(load: Load) -> None:
    synthesizer = load()
    natural, fast, faster, slow, slower = (
        len(sound(synthesizer, SENTENCE, speed=speed)) for speed in (1.0, 2.0, 9.0, 0.5, 0.01)
    )
    assert (fast, slow) == (natural / 2, natural * 2)
    assert (faster, slower) == (fast, slow)
    assert len(sound(synthesizer, LONG, speed=0.01)) == len(sound(synthesizer, LONG, speed=0.5))


# --- cancelled


def test_a_sentence_is_let_go_of_while_the_network_computes(load: Load) -> None:
    synthesizer = load()
    slow = network.Network(_slow(synthesizer), threads=1)
    quick, synthesizer._network = synthesizer._network, slow
    chunks = synthesizer.synthesize(SENTENCE, "en", "", 7)
    begin = time.monotonic()
    assert len(next(chunks)) == 0
    chunks.close()  # type: ignore[attr-defined]
    assert time.monotonic() - begin < 5.0, "it would take minutes to its end"
    slow.close()
    synthesizer._network = quick
    assert heard(sound(synthesizer, SENTENCE)) == spoken(phonemes(synthesizer, SENTENCE))


def _slow(synthesizer: KokoroSynthesizer) -> Path:
    import onnx

    file = synthesizer._directory / "slow.onnx"
    onnx.save(tiny_kokoro.tones(rounds=10_000_000), file)
    return file


def test_a_sentence_that_is_dropped_half_way_leaves_nothing_in_the_next(load: Load) -> None:
    synthesizer = load()
    whole = sound(synthesizer, SENTENCE)
    chunks = synthesizer.synthesize(LONG, "en", "", 7)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert np.array_equal(sound(synthesizer, SENTENCE), whole)


# --- voices


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        ("en", "af_heart"),
        ("en-US", "af_heart"),
        ("en-GB", "bf_emma"),
        ("es-MX", "ef_dora"),
        ("ja", "jf_alpha"),
        ("pt", "pf_dora"),
        ("zh", "af_heart"),
    ],
)
def test_each_language_has_its_voice_and_any_other_where_that_is_missing(language: str, voice: str, load: Load) -> None:
    synthesizer = load()
    text = SAID.get(language, SENTENCE)
    assert np.array_equal(sound(synthesizer, text, language), sound(synthesizer, text, language, voice=voice))
    other = sound(synthesizer, text, language, voice="am_adam")
    assert not np.array_equal(sound(synthesizer, text, language), other)


def test_names_are_understood_as_people_type_them(load: Load) -> None:
    synthesizer = load()
    expected = sound(synthesizer, SENTENCE, voice="am_adam")
    assert np.array_equal(sound(synthesizer, SENTENCE, voice=" AM-Adam "), expected)


def test_a_mixture_is_the_mean_of_its_voices(load: Load) -> None:
    synthesizer = load(voices=("af_heart", "am_adam", "am_eric"))
    mixed = sound(synthesizer, SENTENCE, voice="af_heart+am_eric")
    assert np.allclose(mixed, sound(synthesizer, SENTENCE, voice="am_adam"), atol=1e-6)


@pytest.mark.parametrize(
    ("language", "voice", "is_british"),
    [
        ("en", "", False),
        ("en", "bf_emma", True),
        ("en-GB", "", True),
        ("en-GB", "af_heart", False),
        ("en-GB", "jf_alpha", True),
    ],
)
def test_english_is_pronounced_as_the_voice_does(language: str, voice: str, *, is_british: bool, load: Load) -> None:
    synthesizer = load()
    text = "Hello water nurse."
    expected = spoken(phonemes(synthesizer, text, language, is_british=is_british))
    assert heard(sound(synthesizer, text, language, voice=voice)) == expected


@pytest.mark.parametrize(("language", "text"), [("ja", "water を読む。"), ("zh", "我们用 water。")])
def test_english_words_in_other_languages_are_american(language: str, text: str, load: Load) -> None:
    assert "wˈɔTəɹ" in heard(sound(load(), text, language))


@pytest.mark.parametrize(
    ("voice", "guess"),
    [
        ("af_hart", "Did you mean --voice af_heart? There are af_heart, am_adam,"),
        ("af_heart+bf_ema", "Did you mean --voice bf_emma?"),
        ("f3", "There are af_heart"),
        ("+", "There are"),
        ("../secret", "--tts xtts"),
        ("/home/me/me.wav", "--tts xtts"),
        ("me.wav", "--tts xtts"),
    ],
)
def test_an_unknown_voice_says_what_to_type(voice: str, guess: str, load: Load) -> None:
    synthesizer = load()
    with pytest.raises(UsageError) as caught:
        sound(synthesizer, SENTENCE, voice=voice)
    assert guess in caught.value.hint


# --- what goes wrong


@pytest.mark.parametrize("package", ["onnx", "onnxruntime", "espeakng_loader"])
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    package: str, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    load()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(EngineNotReadyError, match=package) as caught:
        KokoroSynthesizer().load(lambda *_: None)
    assert caught.value.hint == "pip install 'voicestream[kokoro]'"


def test_a_network_of_the_package_kokoro_onnx_is_understood(load: Load) -> None:
    synthesizer = load(network=tiny_kokoro.tones(tokens="tokens"))
    assert heard(sound(synthesizer, SENTENCE)) == spoken(phonemes(synthesizer, SENTENCE))


@pytest.mark.parametrize("settings", [{"tokens": "text"}, {"style": "speaker"}])
def test_a_network_of_something_else_is_refused(settings: dict[str, str], load: Load) -> None:
    with pytest.raises(EngineNotReadyError, match="is not Kokoro's network: it takes") as caught:
        load(network=tiny_kokoro.tones(**settings))  # type: ignore[arg-type]
    assert "voicestream setup" in caught.value.hint


def test_a_network_that_makes_no_numbers_is_not_begun_with(load: Load) -> None:
    with pytest.raises(EngineNotReadyError, match=r"model\.onnx cannot be used: .* no numbers") as caught:
        load(network=tiny_kokoro.tones(is_broken=True))
    assert "voicestream setup" in caught.value.hint


def test_samples_that_are_no_numbers_are_never_heard(load: Load) -> None:
    synthesizer = load()
    synthesizer._voice = (["af_heart"], np.full((510, 256), np.nan, np.float32))
    with pytest.raises(ValueError, match="no numbers"):
        sound(synthesizer, SENTENCE)


def test_espeak_ng_that_is_damaged_is_named_with_what_installs_it_again(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import espeakng_loader

    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(tmp_path))
    with pytest.raises(EngineNotReadyError, match="cannot use its data") as caught:
        load()
    assert caught.value.hint == "pip install --force-reinstall espeakng-loader"


def test_what_the_network_refuses_costs_one_sentence(load: Load) -> None:
    synthesizer = load()
    assert synthesizer._vocabulary is not None
    synthesizer._vocabulary._numbers["ð"] = 10_000
    with pytest.raises(RuntimeError, match="Kokoro's network failed"):
        sound(synthesizer, SENTENCE)
    assert len(sound(synthesizer, "Yes."))


def test_loading_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_kokoro.build(tmp_path / "model")
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "model"))
    told: list[str] = []
    synthesizer = KokoroSynthesizer()
    synthesizer.load(lambda stage, _: told.append(stage))
    synthesizer.close()
    assert told == ["importing onnxruntime", "making the model", "warming up"]


def test_what_the_network_was_made_of_is_not_kept_beside_it(load: Load) -> None:
    loaded = load()._network
    assert loaded is not None
    assert not [value for value in vars(loaded._session).values() if isinstance(value, bytes)]


def test_it_may_be_closed_before_it_is_loaded_and_does_not_speak_then() -> None:
    synthesizer = KokoroSynthesizer()
    synthesizer.close()
    with pytest.raises(RuntimeError, match="load"):
        sound(synthesizer, SENTENCE)


def test_threads_are_those_the_supervisor_grants(load: Load) -> None:
    load()
    assert network._options(3).intra_op_num_threads == 3
    assert os.environ["OMP_NUM_THREADS"] == "1"


def test_limits_are_about_half_a_minute_of_speech() -> None:
    synthesizer = KokoroSynthesizer()
    assert synthesizer.max_characters("en-GB") > 2 * synthesizer.max_characters("ja") > 200


def test_auto_takes_it_before_espeak_where_it_is_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    assert engines.load_synthesizer("auto", lambda *_: None).name == "espeak"
    tiny_kokoro.build(tmp_path / "models" / NAME)
    found = engines.load_synthesizer("auto", lambda *_: None)
    assert found.name == "kokoro"
    found.close()
