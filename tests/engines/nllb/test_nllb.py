"""NLLB by transformers and by CTranslate2, with a model of the real layout that the tests have made."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.neural import skip_unless_installed
from helpers.models import tiny_nllb
from helpers.models.tiny_nllb import END, NAME
from voicestream.config import languages
from voicestream.config.engine_settings import COMPUTE_VARIABLE, MODELS_VARIABLE
from voicestream.engines.translator import MAX_BATCH, CancelledError, Job, MixedTranslator
from voicestream.workers import engine_loading

skip_unless_installed()

import torch

from voicestream.workers.engines.nllb import batches, ctranslate2_translator, transformers_translator
from voicestream.workers.engines.nllb.decoder.buffers import CapturedDecoding, DecodeBuffers
from voicestream.workers.engines.nllb.decoder.decoder import NllbDecoder
from voicestream.workers.engines.nllb.search import output_limit
from voicestream.workers.engines.nllb.tokenizer import SubwordTokenizer
from voicestream.workers.inference import device, triton_check
from voicestream.workers.inference.device import Device

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from transformers import M2M100ForConditionalGeneration

    from voicestream.engines.translator import Translator
    from voicestream.workers.engines.nllb.batches import Group

    Load = Callable[[str, Path], Translator]

SEEN = list(tiny_nllb.pairs())[::9]

# The first of them makes the models.
ENGINES = ("nllb", "nllb-ct2")

CODES = {"ja": "jpn_Jpan", "es": "spa_Latn"}


def unseen(count: int) -> list[str]:
    """Sentences of other words and lengths than any that the model was trained on, always the same."""
    choose = random.Random(7)
    words = " ".join(english for english, _, _ in SEEN).replace(".", "").split()
    return [" ".join(choose.choices(words, k=choose.randint(1, 30))) + "." for _ in range(count)]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Load an engine with the models of a directory, computing with all digits."""
    monkeypatch.setattr(device, "has_bfloat16", lambda: False)
    monkeypatch.setattr(ctranslate2_translator, "CPU_COMPUTE_TYPE", "float32")
    loaded: list[Translator] = []

    def begin(name: str, models: Path) -> Translator:
        monkeypatch.setenv(MODELS_VARIABLE, str(models))
        loaded.append(engine_loading.load_translator(name, lambda *_: None))
        return loaded[-1]

    yield begin
    for translator in loaded:
        translator.close()


@pytest.fixture(scope="session")
def reference(exact_nllb_models: Path) -> M2M100ForConditionalGeneration:
    """The same weights, loaded as the documentation of transformers does it."""
    # Imported where it is used: with it, each process that collects tests would take seconds longer.
    from transformers import M2M100ForConditionalGeneration

    model = M2M100ForConditionalGeneration.from_pretrained(exact_nllb_models / NAME).eval()
    model.generation_config.max_length = None
    return model


def generated(reference: M2M100ForConditionalGeneration, models: Path, text: str, target: str, beams: int) -> str:
    """What transformers itself makes of a text."""
    from transformers import NllbTokenizer

    tokenizer = NllbTokenizer.from_pretrained(models / NAME, src_lang="eng_Latn")
    inputs = tokenizer(text, return_tensors="pt")
    with torch.inference_mode():
        found = reference.generate(
            **inputs,
            forced_bos_token_id=tokenizer.convert_tokens_to_ids(CODES[target]),
            num_beams=beams,
            max_new_tokens=output_limit(inputs.input_ids.shape[1]) + 1,
        )
    return tokenizer.batch_decode(found, skip_special_tokens=True)[0].strip()


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(("target", "column"), [("ja", 1), ("es", 2)])
def test_what_the_model_has_learned_is_translated(
    name: str, target: str, column: int, load: Load, exact_nllb_models: Path
) -> None:
    translator = load(name, exact_nllb_models)
    found = translator.translate([pair[0] for pair in SEEN[:16]], "en", target, Job())
    assert found == [pair[column] for pair in SEEN[:16]]


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("beams", [1, 5])
def test_tokens_are_those_of_generate(
    name: str, beams: int, load: Load, exact_nllb_models: Path, reference: M2M100ForConditionalGeneration
) -> None:
    translator = load(name, exact_nllb_models)
    texts = [*unseen(10), *(pair[0] for pair in SEEN[:4])]
    found = [translator.translate([text], "en", "ja", Job(beams=beams))[0] for text in texts]
    assert found == [generated(reference, exact_nllb_models, text, "ja", beams) for text in texts]
    assert len(set(found)) > 4, "a model that always says the same proves nothing"


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("beams", [1, 5])
def test_a_batch_gives_what_each_sentence_gives_alone(
    name: str, beams: int, load: Load, exact_nllb_models: Path
) -> None:
    translator = load(name, exact_nllb_models)
    texts = unseen(16)
    alone = [translator.translate([text], "en", "es", Job(beams=beams))[0] for text in texts]
    assert translator.translate(texts, "en", "es", Job(beams=beams)) == alone


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("job", [Job(), Job(is_second_try=True)], ids=["first", "second"])
def test_a_batch_of_several_languages_gives_what_each_sentence_gives_alone(
    name: str, job: Job, load: Load, exact_nllb_models: Path
) -> None:
    translator = load(name, exact_nllb_models)
    assert isinstance(translator, MixedTranslator)
    assert translator.max_batch == MAX_BATCH
    texts = [*unseen(9), SEEN[0][0], SEEN[0][0]]
    pairs = [(("en", "es"), ("en", "ja"), ("es", "ja"))[at % 3] for at in range(len(texts))]
    alone = [translator.translate([text], *pair, job)[0] for text, pair in zip(texts, pairs, strict=True)]
    assert translator.translate_mixed(texts, pairs, job) == alone
    assert alone[-2:] == [SEEN[0][2], SEEN[0][1]][:: 1 if pairs[-2][1] == "es" else -1]


def test_on_a_gpu_sentences_of_all_usual_lengths_are_decoded_together(
    load: Load, exact_nllb_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    translator = load("nllb", exact_nllb_models)
    assert isinstance(translator, transformers_translator.NllbTranslator)
    texts = [*unseen(20), *(pair[0] for pair in SEEN[:4])]
    expected = [translator.translate([text], "en", "ja", Job())[0] for text in texts]
    memory = Memory(translator, room=1_000)
    assert translator.max_batch == 128
    assert translator.translate(texts, "en", "ja", Job()) == expected
    assert [count for _, count in memory.asked] == [24]
    memory.asked.clear()
    assert translator.translate(texts * 6, "en", "ja", Job()) == expected * 6
    assert [count for _, count in memory.asked] == [128, 16]


@pytest.mark.parametrize("name", ENGINES)
def test_the_formats_that_are_used_without_a_gpu_give_sentences_too(
    name: str, nllb_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(nllb_models))
    translator = engine_loading.load_translator(name, lambda *_: None)
    wanted = "int8" if name == "nllb-ct2" else "bfloat16" if device.has_bfloat16() else "float32"
    assert translator.device.split()[1].startswith(wanted)
    found = translator.translate([pair[0] for pair in SEEN], "en", "ja", Job())
    assert sum(answer == pair[1] for answer, pair in zip(found, SEEN, strict=True)) >= len(SEEN) - 1
    translator.close()


@pytest.mark.parametrize("name", ENGINES)
def test_the_second_try_does_not_say_the_same_again(
    name: str, load: Load, random_nllb_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Random weights hardly ever stop, and loop.
    translator = load(name, random_nllb_models)
    said: list[list[int]] = []
    decode = SubwordTokenizer.decode

    def listen(vocabulary: SubwordTokenizer, ids: list[int]) -> str:
        said.append([number for number in ids if number > END])
        return decode(vocabulary, ids)

    monkeypatch.setattr(SubwordTokenizer, "decode", listen)
    for is_second_try in (False, True):
        translator.translate(unseen(1), "en", "ja", Job(is_second_try=is_second_try))
    first, second = (Counter(zip(*(ids[at:] for at in range(4)), strict=False)) for ids in said)
    assert max(first.values()) > 4
    assert max(second.values()) == 1


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("after", [0, 2])
def test_a_cancelled_search_ends_as_soon_as_it_asks(
    name: str, after: int, load: Load, random_nllb_models: Path
) -> None:
    translator = load(name, random_nllb_models)
    asked: list[int] = []

    def is_cancelled() -> bool:
        asked.append(len(asked))
        return len(asked) > after

    with pytest.raises(CancelledError):
        translator.translate([" ".join(unseen(5))], "en", "ja", Job(is_cancelled=is_cancelled))
    assert len(asked) == after + 1
    # Nothing of it is left over in the next answer.
    assert translator.translate([SEEN[0][0]], "en", "ja", Job())[0]


def test_where_the_decoder_of_our_own_was_not_measured_generate_is_used(
    load: Load, exact_nllb_models: Path, random_nllb_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [*unseen(3), SEEN[0][0]]
    jobs = Job(), Job(beams=5), Job(is_second_try=True)
    expected = [load("nllb", exact_nllb_models).translate(texts, "en", "es", job) for job in jobs]
    monkeypatch.setattr(transformers_translator, "DECODER_DEVICES", ())
    monkeypatch.setattr(NllbDecoder, "decode", lambda *_: pytest.fail("that is the one of our own"))
    assert [load("nllb", exact_nllb_models).translate(texts, "en", "es", job) for job in jobs] == expected
    for after in (0, 2):
        asked: list[bool] = []
        job = Job(is_cancelled=lambda: asked.append(True) or len(asked) > after)  # noqa: B023 - it is used up below
        with pytest.raises(CancelledError):
            load("nllb", random_nllb_models).translate(texts, "en", "ja", job)
        assert len(asked) == after + 1


@pytest.mark.parametrize("beams", [1, 5])
def test_a_cancelled_search_of_ctranslate2_is_left_at_once(beams: int, load: Load, random_nllb_models: Path) -> None:
    translator = load("nllb-ct2", random_nllb_models)
    text = " ".join(unseen(5))
    with pytest.raises(CancelledError):
        translator.translate([text], "en", "ja", Job(beams=beams, is_cancelled=lambda: True))
    assert translator.translate([SEEN[0][0]], "en", "ja", Job())[0]


@pytest.mark.parametrize("name", ENGINES)
def test_every_language_of_the_table_that_has_a_code_is_in_the_vocabulary(
    name: str, load: Load, exact_nllb_models: Path
) -> None:
    translator = load(name, exact_nllb_models)
    vocabulary = SubwordTokenizer(exact_nllb_models / NAME / "tokenizer.json", "")
    known = [language for language in languages.known() if language.flores is not None]
    assert len({language.flores for language in known}) == 202
    for language in known:
        assert vocabulary.token_id(str(language.flores)) is not None
        assert translator.supports("en", language.tag)
    for language in languages.known():
        assert translator.supports(language.tag, "en") == (language.flores is not None)
    assert not translator.supports("en", "jp")


def test_pieces_are_those_of_the_tokenizer_of_transformers(exact_nllb_models: Path) -> None:
    from transformers import NllbTokenizer

    vocabulary = SubwordTokenizer(exact_nllb_models / NAME / "tokenizer.json", "")
    tokenizer = NllbTokenizer.from_pretrained(exact_nllb_models / NAME, src_lang="jpn_Jpan")
    for text in ("I will fix the file now.", "今からテストを実行します。", "  a  b ", "¿Qué?", "3.11", "🙂 x", "म", ""):
        tokens = vocabulary.encode(text, "jpn_Jpan")
        assert tokens == tokenizer(text).tokens()
        assert vocabulary.token_ids(tokens) == tokenizer(text).input_ids
        assert (
            vocabulary.decode(vocabulary.token_ids(tokens))
            == tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True).strip()
        )


@pytest.mark.parametrize("name", ENGINES)
def test_a_sentence_that_is_too_long_for_the_model_is_refused(name: str, load: Load, exact_nllb_models: Path) -> None:
    translator = load(name, exact_nllb_models)
    with pytest.raises(ValueError, match="NLLB-200 takes 512"):
        translator.translate(["file " * 600], "en", "ja", Job())


class Memory:
    """A device on which only so many sentences fit; the engine's own method does the rest."""

    def __init__(self, translator: Translator, room: int) -> None:
        assert isinstance(translator, transformers_translator.NllbTranslator)
        self.translator = translator
        self.room = room
        self.asked: list[tuple[str, int]] = []
        self._decode = translator._decode
        translator._device = Device("cuda:0", torch.float16)
        translator._decode = self.decode  # type: ignore[method-assign]

    def decode(self, group: Group) -> list[list[int]]:
        """As the engine does, or as a full device does."""
        now = self.translator._device
        assert now is not None
        self.asked.append((now.name, len(group.rows)))
        if now.name != "cpu" and len(group.rows) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.translator._device = device.processor()
        try:
            return self._decode(group)
        finally:
            self.translator._device = now


def same_length(count: int) -> list[str]:
    return [pair[0] for pair in SEEN if len(pair[0].split()) == 6][:count]


def test_a_batch_that_does_not_fit_the_device_is_halved_and_later_ones_too(load: Load, exact_nllb_models: Path) -> None:
    translator = load("nllb", exact_nllb_models)
    texts = same_length(8)
    expected = translator.translate(texts, "en", "ja", Job())
    memory = Memory(translator, room=2)
    assert translator.translate(texts, "en", "ja", Job()) == expected
    assert [count for _, count in memory.asked] == [8, 4, 2, 2, 2, 2]
    memory.asked.clear()
    assert translator.translate(texts, "en", "ja", Job()) == expected
    assert memory.asked == [("cuda:0", 2)] * 4


def test_what_is_kept_for_later_is_let_go_when_the_memory_is_full(
    load: Load, exact_nllb_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    translator = load("nllb", exact_nllb_models)
    assert isinstance(translator, transformers_translator.NllbTranslator)
    texts = same_length(4)
    expected = translator.translate(texts, "en", "ja", Job())
    assert translator._decoder is not None
    translator._decoder.release()
    kept: list[int] = []
    step, let_go = DecodeBuffers.step, NllbDecoder.release

    def fill(workspace: DecodeBuffers, window: int) -> None:
        if workspace.bucket.sentences > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        step(workspace, window)

    def watch(decoder: NllbDecoder) -> None:
        let_go(decoder)
        kept.append(decoder.memory_bytes)

    monkeypatch.setattr(DecodeBuffers, "step", fill)
    monkeypatch.setattr(NllbDecoder, "release", watch)
    assert translator.translate(texts, "en", "ja", Job()) == expected
    assert kept == [0]


@pytest.mark.parametrize("is_full", [False, True])
def test_on_cuda_the_usual_sizes_are_ready_before_the_first_sentence(
    load: Load, exact_nllb_models: Path, monkeypatch: pytest.MonkeyPatch, *, is_full: bool
) -> None:
    translator = load("nllb", exact_nllb_models)
    assert isinstance(translator, transformers_translator.NllbTranslator)
    texts = same_length(3)
    expected = translator.translate(texts, "en", "ja", Job())
    prepared: list[tuple[int, int, int]] = []
    capture = CapturedDecoding.capture

    def watch(routine: CapturedDecoding) -> None:
        shape = routine.buffers.bucket
        prepared.append((shape.sentences, shape.source, shape.positions))
        if is_full and len(prepared) == 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        capture(routine)

    monkeypatch.setattr(CapturedDecoding, "capture", watch)
    monkeypatch.setattr(triton_check, "probe", lambda _: None)
    translator._device = Device("cuda:0", torch.float32)
    translator._make_decoder()
    translator._device = device.processor()
    decoder = translator._decoder
    assert decoder is not None
    if is_full:
        assert decoder.memory_bytes == 0
    else:
        assert prepared == [(1, 8, 40), (1, 24, 72), (1, 48, 136), (2, 24, 72), (4, 24, 72)]
    assert translator.translate(texts, "en", "ja", Job()) == expected


@pytest.mark.parametrize("is_full", [False, True])
def test_a_server_has_large_batches_ready_or_the_usual_ones_if_memory_runs_out(
    load: Load, exact_nllb_models: Path, monkeypatch: pytest.MonkeyPatch, *, is_full: bool
) -> None:
    translator = load("nllb", exact_nllb_models)
    assert isinstance(translator, transformers_translator.NllbTranslator)
    translator.prepare()  # nothing to do on a processor
    prepared: list[int] = []

    def watch(routine: CapturedDecoding) -> None:
        prepared.append(routine.buffers.bucket.sentences)
        if is_full and prepared[-1] == 64:
            raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(CapturedDecoding, "capture", watch)
    translator._device = Device("cuda:0", torch.float32)
    translator.prepare()
    assert prepared == ([8, 16, 32, 64, 1, 1, 1, 2, 4] if is_full else [8, 16, 32, 64, 128])
    prepared.clear()
    translator._may_capture = False
    translator.prepare()
    assert prepared == []
    translator._device = device.processor()


def test_without_room_for_a_single_sentence_it_goes_on_on_the_processor(
    load: Load, exact_nllb_models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    translator = load("nllb", exact_nllb_models)
    texts = same_length(4)
    expected = translator.translate(texts, "en", "ja", Job())
    memory = Memory(translator, room=0)
    assert translator.translate(texts, "en", "ja", Job()) == expected
    assert memory.asked == [("cuda:0", 4), ("cuda:0", 2), ("cuda:0", 1), ("cpu", 4)]
    assert translator.device.split()[0] == "cpu"
    assert "out of memory, falling back to device=cpu" in caplog.text


def test_a_gpu_whose_libraries_are_missing_is_no_defect_of_ours(
    exact_nllb_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(exact_nllb_models))

    def refuse(_engine: object, _group: Group) -> list[list[int]]:
        raise RuntimeError("Library libcublas.so.12 is not found or cannot be loaded")

    monkeypatch.setattr(ctranslate2_translator.NllbCt2Translator, "_decode", refuse)
    with pytest.raises(engine_loading.EngineNotReadyError, match=r"libcublas\.so\.12 is not found") as caught:
        engine_loading.load_translator("nllb-ct2", lambda *_: None)
    assert caught.value.hint == "Try: --compute cpu, or --translator nllb"


def test_the_processor_is_the_last_resort(load: Load, exact_nllb_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    translator = load("nllb", exact_nllb_models)

    def never(_group: Group) -> list[list[int]]:
        raise torch.OutOfMemoryError("not enough memory")

    monkeypatch.setattr(translator, "_decode", never)
    with pytest.raises(RuntimeError, match="not enough memory"):
        translator.translate(["I will fix the file now."], "en", "ja", Job())


def test_loading_says_how_far_it_is(nllb_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(nllb_models))
    told: list[tuple[str, float | None]] = []
    engine_loading.load_translator("nllb", lambda stage, share: told.append((stage, share))).close()
    assert [stage for stage, _ in told] == [
        "importing torch",
        "reading weights",
        "loading the model",
        "warming up",
    ]
    assert dict(told)["reading weights"] == 1.0


@pytest.mark.parametrize(
    ("name", "compute"),
    [("nllb", "cuda"), ("nllb", "cuda:7"), ("nllb", "mps"), ("nllb-ct2", "cuda"), ("nllb-ct2", "mps")],
)
def test_a_device_that_is_not_there_is_named(
    name: str, compute: str, exact_nllb_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if torch.cuda.is_available() or torch.backends.mps.is_available():
        pytest.skip("this machine has one")
    monkeypatch.setenv(MODELS_VARIABLE, str(exact_nllb_models))
    monkeypatch.setenv(COMPUTE_VARIABLE, compute)
    with pytest.raises(engine_loading.EngineNotReadyError, match=compute) as caught:
        engine_loading.load_translator(name, lambda *_: None)
    assert "--compute cpu" in caught.value.hint


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("flags : fpu avx512_bf16 sse", True),
        ("Features : fp bf16 sve", True),
        ("flags : fpu avx2 avx512f", False),
        ("", False),
    ],
)
def test_a_processor_multiplies_bfloat16_if_it_says_so(flags: str, *, expected: bool, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(flags)
    assert device.has_bfloat16(tmp_path / "cpuinfo") == expected
    assert not device.has_bfloat16(tmp_path / "none")


def test_a_code_that_nobody_knows_is_none() -> None:
    assert batches.flores_code("jp") is None
    assert batches.flores_code("ja") == "jpn_Jpan"
