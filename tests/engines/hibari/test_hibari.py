"""The engine ``hibari`` with the network and the dictionaries of its package."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.fixtures.deadline import remaining
from helpers.models.synthesized import sound
from helpers.voices import auto_voice
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.workers import engine_loading
from voicestream.workers.engines.hibari import dictionaries, synthesizer, voices
from voicestream.workers.engines.hibari import synthesizer as engine
from voicestream.workers.text.compact_dict import CompactDict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicestream.workers.engines.hibari.synthesizer import HibariSynthesizer

auto_voice.skip_unless_installed()

SENTENCE = "The tests pass now."
LONG = (
    "I fixed the parser; it now keeps the last line, even when the file ends without a newline, and all the tests pass "
    "again on the main branch."
)


@pytest.fixture(scope="module")
def loaded() -> Iterator[HibariSynthesizer]:
    found = engine_loading.load_synthesizer("hibari", lambda *_: None)
    yield found  # type: ignore[misc]
    found.close()


def test_chunks_are_short_float32_within_full_scale(loaded: HibariSynthesizer) -> None:
    chunks = list(loaded.synthesize(LONG, "en", "", 7))
    assert len(chunks) > 10
    for chunk in chunks:
        assert chunk.dtype == np.float32
        assert chunk.ndim == 1
        assert 0 < len(chunk) <= 0.25 * loaded.sample_rate
        assert np.abs(chunk).max() <= 1.0
        assert chunk.flags.writeable
        assert chunk.flags.owndata


def test_the_dictionaries_of_the_front_end_are_compact_and_give_the_package_s_own_phonemes(
    loaded: HibariSynthesizer,
) -> None:
    import hibari

    own, ours = hibari.Hibari(threads=1).g2p, loaded._engine("heart").g2p
    assert isinstance(ours.tagger.weights, CompactDict)
    words = list(own.lexicon.golds.d)[::900]
    assert [ours.lexicon.golds.d.get(word) for word in words] == [own.lexicon.golds.d.get(word) for word in words]
    for text in (LONG, "Read what I read: 3 live records, DEFAULT and NOUN.", " ".join(words[:20])):
        assert ours(text) == own(text)


def test_a_large_file_becomes_a_compact_dictionary() -> None:
    entries = {f"word {number}": {"DEFAULT": "wˈɜɹd", "VB": None} for number in range(100)}
    found = dictionaries.compact_table(json.dumps(entries).encode())
    assert isinstance(found, CompactDict)
    assert dict(found) == entries


def test_a_file_of_parts_has_compact_dictionaries() -> None:
    parts = {"tags": ["NN", "VB"], "weights": {"b": {"NN": -2.3, "VB": 3}}}
    found = dictionaries.compact_table(json.dumps(parts).encode())
    assert isinstance(found, dict)
    assert isinstance(found["weights"], CompactDict)
    assert {**found, "weights": dict(found["weights"])} == parts


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": ', b'{"a": "\xff"}'])
def test_a_damaged_dictionary_is_an_error_of_its_value(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"truncated|Expected|Invalid|utf-8"):
        dictionaries.compact_table(content)


def test_files_of_another_release_may_have_an_entry_on_several_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hibari
    import hibari.g2p

    tagger = {"tags": ["DT"], "tagdict": {"a": "DT"}, "weights": {"b": {"DT": 1.5}}}
    tables = {"lexicon_us_gold": {"a": "ɐ"}, "lexicon_us_silver": {"b": {"DEFAULT": "bˈi"}}, "tagger": tagger}
    for name, table in tables.items():
        (tmp_path / f"{name}.json.gz").write_bytes(gzip.compress(json.dumps(table, indent=1).encode()))
    shutil.copy(Path(hibari.g2p.ASSETS, "tokenizer_exceptions.json"), tmp_path)
    front_end = hibari.Hibari(threads=1)
    monkeypatch.setattr(hibari.g2p, "ASSETS", str(tmp_path))
    dictionaries.shrink(front_end)
    assert dict(front_end.g2p.lexicon.golds.d) == tables["lexicon_us_gold"]
    assert dict(front_end.g2p.lexicon.silvers.d) == tables["lexicon_us_silver"]
    assert dict(front_end.g2p.tagger.weights) == tagger["weights"]


def test_the_same_text_sounds_the_same_whatever_was_said_before(loaded: HibariSynthesizer) -> None:
    first = sound(loaded, LONG)
    sound(loaded, "Something else!", seed=99, speed=1.7)
    assert np.array_equal(first, sound(loaded, LONG))
    assert not np.array_equal(first, sound(loaded, LONG, seed=2**63 - 1))


def test_the_same_text_sounds_the_same_in_another_process(loaded: HibariSynthesizer) -> None:
    program = (
        "import sys, hashlib\n"
        "from voicestream.workers import engine_loading as engines\n"
        "found = engines.load_synthesizer('hibari', lambda *_: None)\n"
        "chunks = found.synthesize(sys.argv[1], 'en', '', 7)\n"
        "print(hashlib.sha256(b''.join(chunk.tobytes() for chunk in chunks)).hexdigest())\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, LONG], check=True, capture_output=True, text=True, timeout=remaining()
    )
    assert done.stdout.strip() == hashlib.sha256(sound(loaded, LONG).tobytes()).hexdigest()


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\0", "\ud800", "...", "—"])
def test_nothing_to_say_makes_no_chunks(text: str, loaded: HibariSynthesizer) -> None:
    assert list(loaded.synthesize(text, "en", "", 7)) == []


@pytest.mark.parametrize("text", ["日本語", "naïve café", "🙂 fine", "[a](/b/)", "x" * 400])
def test_odd_texts_are_spoken_or_left_out(text: str, loaded: HibariSynthesizer) -> None:
    assert np.isfinite(sound(loaded, text)).all()


def test_a_short_sentence_is_one_piece_and_the_first_of_a_long_one_is_a_clause(loaded: HibariSynthesizer) -> None:
    found = loaded._engine("heart")
    assert len(engine.pieces(found.phonemize(SENTENCE)[0])) == 1
    first, *rest = engine.pieces(found.phonemize(LONG)[0])
    assert first.phonemes == found.phonemize("I fixed the parser;")[0]
    assert rest


def test_the_first_piece_leaves_before_the_second_is_begun(
    loaded: HibariSynthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = loaded._engine("heart")
    begun: list[str] = []
    speak = found.from_phonemes

    def listen(phonemes: str, **options: object) -> object:
        begun.append(phonemes)
        return speak(phonemes, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(found, "from_phonemes", listen)
    chunks = loaded.synthesize(LONG, "en", "", 7)
    next(chunks)
    assert len(begun) == 1
    chunks.close()  # type: ignore[attr-defined]
    assert len(begun) == 1


def test_twice_the_speed_takes_about_half_the_time(loaded: HibariSynthesizer) -> None:
    natural, fast, faster, slow, slower = (
        len(sound(loaded, SENTENCE, speed=speed)) for speed in (1.0, 2.0, 9.0, 0.5, 0.01)
    )
    assert fast == pytest.approx(natural / 2, rel=0.15)
    assert slow == pytest.approx(natural * 2, rel=0.15)
    assert (faster, slower) == (fast, slow)


def test_memory_stays_flat(loaded: HibariSynthesizer) -> None:
    sound(loaded, LONG)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for seed in range(5):
            sound(loaded, LONG, seed=seed)
        assert tracemalloc.get_traced_memory()[0] - before < 500_000
    finally:
        tracemalloc.stop()


def test_it_speaks_english_only(loaded: HibariSynthesizer) -> None:
    assert all(map(loaded.supports, ("en", "en-GB", "en-US")))
    assert not any(map(loaded.supports, ("de", "ja", "nonsense")))


def test_only_voices_that_are_here_are_listed_and_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path))
    assert list(voices.find().files) == ["heart"]
    with pytest.raises(UsageError, match="emma of hibari is not downloaded yet") as lacking:
        voices.find().choose("emma", "en")
    assert "hibari Hello --voice emma" in str(lacking.value.hint)
    with pytest.raises(UsageError, match='no voice "hart"') as wrong:
        voices.find().choose("hart", "en")
    assert "--voice heart" in str(wrong.value.hint)
    shutil.copy(voices.find().files["heart"], tmp_path / voices.find().known["emma"].file)
    assert voices.find().choose("emma", "en") == voices.find().choose("", "en-GB") == "emma"
    assert voices.find().choose("", "en") == "heart"
    assert [voices.find().language_of(name) for name in ("heart", "emma", "x")] == ["en-US", "en-GB", ""]


@pytest.mark.parametrize("package", ["hibari", "num2words"])
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(EngineNotReadyError, match=package) as caught:
        engine_loading.load_synthesizer("hibari", lambda *_: None)
    assert caught.value.hint == "pip install 'voicestream[voice]'"


def test_a_damaged_network_is_refused_before_the_first_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = voices.find()
    (tmp_path / "damaged.onnx").write_bytes(whole.files["heart"].read_bytes()[:100_000])
    damaged = voices.Voices(whole.known, {"heart": tmp_path / "damaged.onnx"})
    monkeypatch.setattr(voices, "find", lambda: damaged)
    with pytest.raises(EngineNotReadyError, match="damaged"):
        engine_loading.load_synthesizer("hibari", lambda *_: None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a-" * 20, "a " * 19 + "a-"),
        ("x" * 60, f"{'x' * 24} {'x' * 24} {'x' * 12}"),
        ("well-known words", "well-known words"),
        ("See one/two/three/four/five/six now.", "See one two three four five six now."),
    ],
)
def test_long_runs_are_parted_for_the_front_end(text: str, expected: str) -> None:
    assert synthesizer.bounded(text) == expected
