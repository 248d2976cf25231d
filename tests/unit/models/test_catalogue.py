"""Names, sizes and files of models."""

from __future__ import annotations

import pytest

from voicestream.errors import UsageError, VoicestreamError
from voicestream.models import catalogue, licences

BASE = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"]
CATALOGUE = catalogue.catalogue()
ORIGINAL = catalogue.find("nllb-200-3.3B")


def test_every_converted_model_has_its_original_and_every_licence_is_known() -> None:
    known = licences.licences()
    for name, model in CATALOGUE.items():
        assert model.name == name
        assert model.licence in known
        assert (model.original is not None) == name.endswith("-int8")
        assert model.original is None or CATALOGUE[model.original].original is None


def test_all_four_sizes_are_there_as_they_are_and_converted() -> None:
    sizes = ("nllb-200-distilled-600M", "nllb-200-distilled-1.3B", "nllb-200-1.3B", "nllb-200-3.3B")
    translators = {name + suffix for name in sizes for suffix in ("", "-int8")}
    assert {name for name, model in CATALOGUE.items() if model.direction is None and not model.language} == {
        *translators,
        "xtts-v2",
        "kokoro-82m-v1.0",
    }
    assert {CATALOGUE[name].repository for name in sizes} == {f"facebook/{name}" for name in sizes}


@pytest.mark.parametrize(
    ("weights", "chosen"),
    [
        (["pytorch_model.bin"], ["pytorch_model.bin"]),
        (["pytorch_model.bin", "model.safetensors"], ["model.safetensors"]),
        (
            ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin", "pytorch_model.bin.index.json"],
            ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin", "pytorch_model.bin.index.json"],
        ),
        (["model.safetensors.index.json", "pytorch_model.bin"], ["pytorch_model.bin"]),
    ],
)
def test_safetensors_are_preferred_and_all_parts_are_taken(weights: list[str], chosen: list[str]) -> None:
    names = [*BASE, *weights, "README.md", "sentencepiece.bpe.model", "flores200_codes.py"]
    assert catalogue.choose_files(ORIGINAL, names) == sorted([*BASE, *chosen])


def test_a_name_that_leads_out_of_the_directory_is_never_chosen() -> None:
    names = [*BASE, "model-/../../evil.safetensors", "onnx/model.safetensors", "pytorch_model.bin"]
    assert catalogue.choose_files(ORIGINAL, names) == sorted([*BASE, "pytorch_model.bin"])


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        ([*BASE], "has no weights"),
        ([*BASE, "model.safetensors.index.json"], "has no weights"),
        (["config.json", "tokenizer_config.json", "pytorch_model.bin"], "has no tokenizer.json"),
    ],
)
def test_a_repository_without_what_is_needed_is_refused(names: list[str], missing: str) -> None:
    with pytest.raises(VoicestreamError, match=missing):
        catalogue.choose_files(ORIGINAL, names)


XTTS = ["config.json", "hash.md5", "LICENSE.txt", "model.pth", "speakers_xtts.pth", "vocab.json"]
KOKORO = ["config.json", "onnx/model.onnx", "onnx/model_quantized.onnx", "tokenizer.json", "voices/af_heart.bin"]


def test_of_xtts_all_that_speaks_is_taken_and_its_licence_but_not_what_trains_it() -> None:
    names = [*XTTS, "README.md", "dvae.pth", "mel_stats.pth", "samples/en_sample.wav"]
    assert catalogue.choose_files(catalogue.for_voice("xtts"), names) == sorted(XTTS)


def test_files_of_a_sub_directory_are_taken_where_a_model_says_so() -> None:
    names = [*KOKORO, "voices/jf_alpha.bin", "voices/more/evil.bin", "voices/../evil.bin", "onnx/model_q4.onnx"]
    chosen = catalogue.choose_files(catalogue.for_voice("kokoro"), names)
    assert chosen == sorted({*KOKORO, "voices/jf_alpha.bin"} - {"onnx/model_quantized.onnx"})


@pytest.mark.parametrize(
    ("engine", "lost", "missing"),
    [
        ("xtts", "model.pth", "has no weights"),
        ("xtts", "speakers_xtts.pth", "has no speakers_xtts.pth"),
        ("kokoro", "voices/af_heart.bin", r"has no voices/\*.bin"),
    ],
)
def test_a_voice_without_what_speaks_is_refused(engine: str, lost: str, missing: str) -> None:
    names = [name for name in [*XTTS, *KOKORO] if name != lost]
    with pytest.raises(VoicestreamError, match=missing):
        catalogue.choose_files(catalogue.for_voice(engine), names)


def test_a_voice_there_is_not_is_answered_with_those_there_are() -> None:
    with pytest.raises(UsageError) as error:
        catalogue.for_voice("flute")
    assert error.value.hint == "There is xtts, kokoro, piper, and none."


def test_one_of_several_voices_is_named_or_is_the_first_for_a_language() -> None:
    assert catalogue.for_voice("piper:DE_de-Thorsten-medium").language == "de-DE"
    assert catalogue.for_voice("piper", "fr").language == "fr-FR"
    assert catalogue.for_voice("kokoro", "fr").name == "kokoro-82m-v1.0"
    with pytest.raises(UsageError, match="no voice model of Piper for ja") as lacking:
        catalogue.for_voice("piper", "ja")
    assert str(lacking.value.hint).startswith("There is one for de, en, es,")
    with pytest.raises(UsageError, match='no voice model "de_DE-torsten-medium"') as wrong:
        catalogue.for_voice("piper:de_DE-torsten-medium")
    assert str(wrong.value.hint).startswith("Did you mean piper:de_DE-thorsten-medium? There is de_DE-")


def test_a_processor_gets_the_converted_model_and_a_gpu_the_original() -> None:
    assert catalogue.for_quality("small", "cpu").name == "nllb-200-distilled-600M-int8"
    assert catalogue.for_quality("medium", "cuda").name == "nllb-200-distilled-1.3B"
    assert catalogue.for_quality("large", "mps").name == "nllb-200-3.3B"
    assert catalogue.for_quality("nllb-200-1.3B", "cpu").name == "nllb-200-1.3B-int8"
    for wrong in ("huge", "nllb-200-1.3B-int8"):
        with pytest.raises(UsageError, match="no quality"):
            catalogue.for_quality(wrong, "cpu")


def test_a_big_gpu_is_recommended_the_medium_size_and_anything_else_the_small_one() -> None:
    assert catalogue.recommended("cuda", 80_000_000_000) == "medium"
    assert catalogue.recommended("cuda", 4_000_000_000) == "small"
    assert catalogue.recommended("cuda", None) == "small"
    assert catalogue.recommended("mps", 80_000_000_000) == "small"
    assert catalogue.recommended("cpu", None) == "small"


def test_a_wrong_name_is_answered_with_the_nearest_or_all() -> None:
    with pytest.raises(UsageError) as near:
        catalogue.find("NLLB-200-3.3b")
    assert near.value.hint == "Did you mean nllb-200-3.3B?"
    with pytest.raises(UsageError) as far:
        catalogue.find("whisper")
    assert "nllb-200-distilled-600M-int8" in far.value.hint


@pytest.mark.parametrize(
    ("size", "words"),
    [(2_480_000_000, "2.5 GB"), (17_000_000, "17.0 MB"), (1_000, "1.0 kB"), (999, "999 bytes"), (0, "0 bytes")],
)
def test_sizes_are_written_for_people(size: int, words: str) -> None:
    assert catalogue.format_size(size) == words
