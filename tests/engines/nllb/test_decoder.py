"""Our decoder for NLLB against ``generate`` of transformers, on the same weights: the same tokens, all digits."""

from __future__ import annotations

import collections
import itertools
import random
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.neural import skip_unless_installed
from helpers.models import tiny_nllb
from helpers.models.tiny_nllb import END, NAME, PAD

skip_unless_installed()

import torch

from voicestream.engines.translator import CancelledError, Job
from voicestream.workers.engines.nllb.decoder import buckets
from voicestream.workers.engines.nllb.decoder import decoder as decoding
from voicestream.workers.engines.nllb.decoder.decoder import NllbDecoder
from voicestream.workers.engines.nllb.decoder.output_tokens import Sentence
from voicestream.workers.engines.nllb.search import OUTPUT_LIMITS, Search, output_limit, search_for
from voicestream.workers.engines.nllb.tokenizer import SubwordTokenizer

if TYPE_CHECKING:
    from pathlib import Path

Rows = list[list[int]]

# The first of them makes the models.
GREEDY = Search(1)
AGAIN = search_for(Job(is_second_try=True))
SEARCHES = (GREEDY, Search(5), AGAIN, Search(1, 3, 1.3), Search(2, 2))
SENTENCES = 19
BATCHES = (1, 2, 3, 5, 8, 13, 16)


class Model:
    """A model and its vocabulary, answering in both ways."""

    def __init__(self, directory: Path) -> None:
        # Imported where it is used: with it, each process that collects tests would take seconds longer.
        from transformers import M2M100ForConditionalGeneration

        torch.set_num_threads(1)
        self.model = M2M100ForConditionalGeneration.from_pretrained(directory).eval()
        self.model.generation_config.max_length = None
        self.vocabulary = SubwordTokenizer(directory / "tokenizer.json", "")
        self.language = self.vocabulary.token_id("jpn_Jpan") or 0
        self.before = self._weights()
        self.use()

    def use(self) -> None:
        """Make decoders with its weights as they are."""
        self.decoders = [NllbDecoder(self.model, use_graphs=use_graphs) for use_graphs in (False, True)]
        """As it is used where nothing can be recorded, and with the shapes of recordings."""

    def _weights(self) -> dict[str, torch.Tensor]:
        return {name: weight.clone() for name, weight in self.model.state_dict().items()}

    def is_as_before(self) -> bool:
        now = self._weights()
        return all(torch.equal(now[name], weight) for name, weight in self.before.items())

    def generated(self, rows: Rows, limit: int, search: Search) -> Rows:
        """What transformers answers, called as the engine does."""
        return self.generated_in_steps(rows, limit, search)[0]

    def generated_in_steps(self, rows: Rows, limit: int, search: Search) -> tuple[Rows, int]:
        """The same, and how many tokens it computed for each."""
        from transformers import StoppingCriteriaList

        from voicestream.workers.engines.nllb.generation_hooks import CancellationCriteria

        steps: list[bool] = []

        def count() -> bool:
            steps.append(True)
            return False

        longest = max(map(len, rows))
        with torch.inference_mode():
            found = self.model.generate(
                input_ids=torch.tensor([row + [PAD] * (longest - len(row)) for row in rows]),
                attention_mask=torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows]),
                forced_bos_token_id=self.language,
                max_new_tokens=limit + 1,
                do_sample=False,
                num_beams=search.num_beams,
                no_repeat_ngram_size=search.no_repeat_ngram_size,
                repetition_penalty=search.repetition_penalty,
                stopping_criteria=StoppingCriteriaList([CancellationCriteria(count)]),
            )
        answers: Rows = [ids[1:] for ids in found.tolist()]
        return [ids[: ids.index(END) + 1] if END in ids else ids for ids in answers], len(steps)

    def answered(self, rows: Rows, limit: int, search: Search, decoder: NllbDecoder | None = None) -> Rows:
        sentences = [Sentence(row, self.language, limit) for row in rows]
        return (decoder or self.decoders[0]).decode(sentences, search, lambda: False)


@pytest.fixture(scope="module")
def trained(exact_nllb_models: Path) -> Model:
    return Model(exact_nllb_models / NAME)


def grown_wild(directory: Path) -> Model:
    """Random weights, so large and so much drawn to the end that each sentence has another answer, of any length."""
    model = Model(tiny_nllb.build(directory / NAME, steps=0, layers=2, seed=3))
    with torch.no_grad():
        for name, weight in model.model.named_parameters():
            if weight.dim() == 2:
                weight.mul_(24 if "encoder_attn.out" in name or "encoder_attn.v" in name else 8)
        model.model.model.shared.weight[END] *= 1.6
    model.use()
    return model


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return grown_wild(tmp_path_factory.mktemp("wild"))


@pytest.fixture(scope="module")
def endless(random_nllb_models: Path) -> Model:
    """Random weights: hardly ever stop, and loop."""
    return Model(random_nllb_models / NAME)


def sources(model: Model, count: int, longest: int = 24) -> Rows:
    """Sentences of known words in no order, always the same."""
    choose = random.Random(11)
    words = "I You We The build server will fix run check read remove the tests file branch cache log now".split()
    texts = [" ".join(choose.choices(words, k=choose.randint(1, longest))) + "." for _ in range(count)]
    return [model.vocabulary.token_ids(model.vocabulary.encode(text, "eng_Latn")) for text in texts]


def batches(rows: Rows) -> list[Rows]:
    """The rows in batches of many sizes."""
    found: list[Rows] = []
    sizes = iter(BATCHES)
    while rows:
        size = next(sizes)
        found.append(rows[:size])
        rows = rows[size:]
    return found


@pytest.mark.parametrize("search", SEARCHES, ids=str)
def test_answers_are_those_of_generate(search: Search, wild: Model) -> None:
    answers: Rows = []
    for batch in batches(sources(wild, SENTENCES)):
        limit = output_limit(min(map(len, batch)))
        expected = wild.generated(batch, limit, search)
        for decoder in wild.decoders:
            assert wild.answered(batch, limit, search, decoder) == expected
        answers += expected
    assert len(set(map(tuple, answers))) >= SENTENCES // 2, "a model that always says the same proves nothing"
    assert len(set(map(len, answers))) >= 6


@pytest.mark.parametrize("search", [GREEDY, Search(4), AGAIN], ids=str)
def test_padding_that_a_model_says_stands_nowhere(search: Search, tmp_path: Path) -> None:
    model = grown_wild(tmp_path)
    rows = sources(model, 8)
    said = collections.Counter(itertools.chain.from_iterable(model.generated(rows, 40, search)))
    usual = next(token for token, _ in said.most_common() if token not in (END, model.language))
    with torch.no_grad():
        model.model.model.shared.weight[PAD] = model.model.model.shared.weight[usual] * 1.5
    model.use()
    found = model.answered(rows, 40, search)
    assert found == model.generated(rows, 40, search)
    assert any(PAD in answer for answer in found)


@pytest.mark.parametrize("search", [GREEDY, Search(4), AGAIN], ids=str)
def test_what_the_model_has_learned_is_answered(search: Search, trained: Model) -> None:
    pairs = list(tiny_nllb.pairs())[::18]
    rows = [trained.vocabulary.token_ids(trained.vocabulary.encode(pair[0], "eng_Latn")) for pair in pairs]
    found = trained.answered(rows, 64, search)
    assert [trained.vocabulary.decode(answer) for answer in found] == [pair[1] for pair in pairs]


@pytest.mark.parametrize("search", [GREEDY, Search(5), AGAIN], ids=str)
@pytest.mark.parametrize("limit", [1, 31, 40])
def test_answers_that_do_not_end_go_to_the_limit_as_those_of_generate(
    search: Search, limit: int, endless: Model
) -> None:
    for batch in batches(sources(endless, 6)):
        found = endless.answered(batch, limit, search, endless.decoders[limit % 2])
        assert found == endless.generated(batch, limit, search)
        assert max(map(len, found)) == limit + 1


@pytest.mark.parametrize("search", [GREEDY, Search(5)], ids=str)
@pytest.mark.parametrize("use_graphs", [False, True])
def test_a_batch_of_sixteen_gives_what_each_sentence_gives_alone(
    search: Search, *, use_graphs: bool, trained: Model
) -> None:
    rows = sources(trained, 16)
    decoder = trained.decoders[use_graphs]
    alone = [trained.answered([row], 64, search, decoder)[0] for row in rows]
    assert trained.answered(rows, 64, search, decoder) == alone
    assert len({len(row) for row in rows}) > 8


@pytest.mark.parametrize("search", [GREEDY, Search(4), AGAIN], ids=str)
@pytest.mark.parametrize("use_graphs", [False, True])
def test_languages_and_limits_of_a_batch_may_differ(search: Search, *, use_graphs: bool, wild: Model) -> None:
    codes = [wild.vocabulary.token_id(code) or 0 for code in ("jpn_Jpan", "spa_Latn", "zul_Latn")]
    rows = sources(wild, 7)
    batch = [Sentence(row, codes[at % 3], (3, 30, 11, 4)[at % 4]) for at, row in enumerate(rows)]
    decoder = wild.decoders[use_graphs]
    found = decoder.decode(batch, search, lambda: False)
    assert found == [decoder.decode([one], search, lambda: False)[0] for one in batch]
    assert [answer[0] for answer in found] == [one.language for one in batch]
    assert all(len(answer) <= one.limit + 1 for answer, one in zip(found, batch, strict=True))
    assert any(len(answer) == one.limit + 1 < 30 for answer, one in zip(found, batch, strict=True))


def test_a_sentence_at_its_limit_does_not_keep_others_waiting(
    endless: Model, wild: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    step = decoding.DecodeBuffers.step
    monkeypatch.setattr(
        decoding.DecodeBuffers, "step", lambda buffers, window: (steps.append(window), step(buffers, window))
    )
    row = sources(endless, 1)[0]
    for search in (GREEDY, Search(4)):
        steps.clear()
        batch = [Sentence(row, endless.language, 5), Sentence(row, endless.language, 25)]
        found = endless.decoders[0].decode(batch, search, lambda: False)
        assert [len(one) for one in found] == [6, 26]
        assert len(steps) == 25
        assert found == [endless.answered([row], one.limit, search)[0] for one in batch]
    ending = min(sources(wild, 24), key=lambda row: len(wild.answered([row], 60, GREEDY)[0]))
    short = len(wild.answered([ending], 60, GREEDY)[0])
    endings = [other for other in sources(wild, 24) if len(wild.answered([other], 60, GREEDY)[0]) > short + 3]
    steps.clear()
    wild.decoders[0].decode(
        [Sentence(ending, wild.language, 60), Sentence(endings[0], wild.language, short)], GREEDY, lambda: False
    )
    assert len(steps) == short, "the second one's limit did not end it"


@pytest.mark.parametrize("search", [GREEDY, Search(4)], ids=str)
def test_a_large_batch_gives_what_each_sentence_gives_alone(search: Search, wild: Model) -> None:
    rows = sources(wild, 65 if search == GREEDY else 17, longest=9)
    decoder = wild.decoders[1]
    assert wild.answered(rows, 24, search, decoder) == [wild.answered([row], 24, search, decoder)[0] for row in rows]
    assert next(reversed(decoder._captured)).sentences == 1
    assert {128 if search == GREEDY else 32} <= {bucket.sentences for bucket in decoder._captured}


@pytest.mark.parametrize("search", [GREEDY, Search(4), AGAIN], ids=str)
@pytest.mark.parametrize("use_graphs", [False, True])
def test_what_was_decoded_before_is_in_no_later_answer(search: Search, *, use_graphs: bool, endless: Model) -> None:
    rows = sources(endless, 16)
    orders = [(rows[:3], 60), (rows[3:16], 20), (rows[1:2], 90), (rows[4:7], 60), (rows[3:16], 20)]
    fresh = [endless.answered(*order, search, NllbDecoder(endless.model, use_graphs=use_graphs)) for order in orders]
    used = NllbDecoder(endless.model, use_graphs=use_graphs)
    assert [endless.answered(*order, search, used) for order in orders] == fresh
    used.release()
    assert endless.answered(*orders[0], search, used) == fresh[0]


def test_few_shapes_are_made_of_many_batches(trained: Model) -> None:
    decoder = NllbDecoder(trained.model, use_graphs=True)
    for batch in batches(sources(trained, SENTENCES, longest=9)):
        trained.answered(batch, output_limit(min(map(len, batch))), GREEDY, decoder)
    assert set(decoder._captured) <= {
        buckets.Bucket(GREEDY, sentences, source, positions)
        for sentences in (1, 2, 4, 8, 16)
        for source in (8, 24)
        for positions in (40, 72)
    }
    assert len(decoder._captured) >= 4


def test_a_step_looks_back_at_few_positions_while_an_answer_is_short(
    endless: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = NllbDecoder(endless.model, use_graphs=True)
    seen: list[int] = []
    step = decoding.DecodeBuffers.step

    def watch(workspace: decoding.DecodeBuffers, window: int) -> None:
        seen.append(window)
        step(workspace, window)

    monkeypatch.setattr(decoding.DecodeBuffers, "step", watch)
    endless.answered(sources(endless, 1), 128, GREEDY, decoder)
    assert seen == [40] * 39 + [72] * 32 + [136] * 57


@pytest.mark.parametrize("search", [GREEDY, Search(5), AGAIN], ids=str)
def test_a_search_ends_where_that_of_generate_does(
    search: Search, wild: Model, trained: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    step = decoding.DecodeBuffers.step

    def watch(workspace: decoding.DecodeBuffers, window: int) -> None:
        steps.append(window)
        step(workspace, window)

    monkeypatch.setattr(decoding.DecodeBuffers, "step", watch)
    is_early = 0
    for model in (wild, trained):
        decoder = NllbDecoder(model.model, use_graphs=False)
        for row in sources(model, 8):
            steps.clear()
            found = model.answered([row], 64, search, decoder)
            expected, tokens = model.generated_in_steps([row], 64, search)
            assert found == expected
            # The language is no step.
            assert len(steps) == min(64, tokens - 1)
            is_early += len(steps) < 64
    assert is_early >= 8


@pytest.mark.parametrize("search", [GREEDY, Search(4)], ids=str)
@pytest.mark.parametrize("after", [0, 1, 3, 7])
def test_a_cancelled_search_ends_as_soon_as_it_asks(search: Search, after: int, endless: Model) -> None:
    decoder = NllbDecoder(endless.model, use_graphs=False)
    asked: list[int] = []

    def is_cancelled() -> bool:
        asked.append(len(asked))
        return len(asked) > after

    rows = sources(endless, 3)
    expected = endless.generated(rows, 30, search)
    with pytest.raises(CancelledError):
        decoder.decode([Sentence(row, endless.language, 30) for row in rows], search, is_cancelled)
    assert len(asked) == after + 1
    assert endless.answered(rows, 30, search, decoder) == expected


def test_a_cancelled_search_does_not_read_to_the_end(endless: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = NllbDecoder(endless.model, use_graphs=False)
    monkeypatch.setattr(decoding.NllbNetwork, "precompute_cross_kv", lambda *_: pytest.fail("it was cancelled before"))
    with pytest.raises(CancelledError):
        decoder.decode([Sentence(sources(endless, 1)[0], endless.language, 30)], GREEDY, lambda: True)


def test_the_model_stays_what_it_was_and_its_weights_are_in_memory_once(trained: Model) -> None:
    decoder = NllbDecoder(trained.model, use_graphs=False)
    assert trained.is_as_before()
    attention = trained.model.model.decoder.layers[0].self_attn
    own = decoder._network._decoder[0].self_attention.qkv
    assert attention.k_proj.weight.data_ptr() == own.weight[len(own.weight) // 3 :].data_ptr()


def test_memory_is_bounded_and_told(trained: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = NllbDecoder(trained.model, use_graphs=True)
    row = sources(trained, 1)[0]
    told: list[int] = []
    for count in (1, 2, 4, 8):
        trained.answered([row] * count, 30, GREEDY, decoder)
        told.append(decoder.memory_bytes)
    assert told == [told[0], 3 * told[0], 7 * told[0], 15 * told[0]]
    # One layer; keys and values of 64 numbers in 4 bytes, for 40 positions and the source.
    assert told[0] == 2 * 64 * 4 * (40 + min(size for size in buckets.SOURCE_LENGTHS if size >= len(row)))
    monkeypatch.setattr(decoding, "MAX_CACHE_BYTES", 12 * told[0])
    trained.answered([row] * 4, 30, GREEDY, decoder)
    assert [shape.sentences for shape in decoder._captured] == [1, 2, 8, 4]
    decoder._pool.bytes = 1_000
    assert (decoder.graph_bytes, decoder.memory_bytes) == (1_000, 15 * told[0] + 1_000)
    trained.answered([row] * 16, 30, GREEDY, decoder)
    assert [shape.sentences for shape in decoder._captured] == [16]
    assert decoder.graph_bytes == 0
    decoder._pool.bytes = 1_000
    decoder.release()
    assert decoder.memory_bytes == 0


def used_once(decoder: NllbDecoder, model: Model, count: int) -> NllbDecoder:
    """The decoder after a batch of this size, so that the next one would be recorded."""
    model.answered(sources(model, count), 30, GREEDY, decoder)
    return decoder


def test_without_memory_for_recordings_it_runs_without(
    trained: Model, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    decoder = NllbDecoder(trained.model, use_graphs=True)
    rows = sources(trained, 3)
    expected = trained.answered(rows, 30, GREEDY, decoder)

    def refuse(_routine: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(decoding.CapturedDecoding, "capture", refuse)
    assert trained.answered(rows, 30, GREEDY, decoder) == expected
    assert decoder._pool.has_failed
    assert (
        "device=cpu out of memory for CUDA graphs, falling back to eager execution: CUDA out of memory" in caplog.text
    )

    decoder._pool.has_failed = False
    with pytest.raises(torch.OutOfMemoryError):
        trained.answered(sources(trained, 17), 30, GREEDY, used_once(decoder, trained, 17))
    assert not decoder._pool.has_failed, "smaller batches may have memory for recordings"

    def fail(_routine: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(decoding.CapturedDecoding, "capture", fail)
    with pytest.raises(RuntimeError, match="a defect"):
        trained.answered(rows, 30, GREEDY, decoder)


def test_without_recordings_memory_is_taken_when_an_answer_gets_long(endless: Model, trained: Model) -> None:
    decoder = NllbDecoder(endless.model, use_graphs=False)
    row = sources(endless, 1)[0]
    for limit, positions in ((20, 21), (39, 40), (128, 129)):
        assert endless.answered([row], limit, GREEDY, decoder) == endless.generated([row], limit, GREEDY)
        (routine,) = decoder._captured.values()
        assert routine.buffers._decoder_kv.shape[4] == positions
    short = NllbDecoder(trained.model, use_graphs=False)
    trained.answered([row], 128, GREEDY, short)
    (routine,) = short._captured.values()
    assert routine.buffers._decoder_kv.shape[4] == buckets.WINDOWS[0]


def test_without_recordings_only_the_last_shape_keeps_its_memory(trained: Model) -> None:
    decoder = NllbDecoder(trained.model, use_graphs=False)
    for count in (2, 1):
        trained.answered(sources(trained, count), 30, GREEDY, decoder)
    assert [shape.sentences for shape in decoder._captured] == [1]


def test_what_is_used_again_is_recorded_and_what_is_prepared_at_once(
    trained: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = NllbDecoder(trained.model, use_graphs=True)
    recorded: list[int] = []
    capture = decoding.CapturedDecoding.capture

    def watch(routine: decoding.CapturedDecoding) -> None:
        recorded.append(routine.buffers.bucket.sentences)
        capture(routine)

    monkeypatch.setattr(decoding.CapturedDecoding, "capture", watch)
    row = sources(trained, 1, longest=4)[0]
    expected = trained.generated([row], 32, GREEDY)
    decoder.prepare(GREEDY, [(1, len(row), 32)])
    assert recorded == [1]
    assert trained.answered([row], 32, GREEDY, decoder) == expected
    assert trained.answered([row] * 2, 32, GREEDY, decoder) == expected * 2
    assert set(recorded) == {1}
    assert trained.answered([row] * 2, 32, GREEDY, decoder) == expected * 2
    assert recorded[-1] == 2


@pytest.mark.parametrize("numbers", [torch.bfloat16, torch.float16])
def test_with_fewer_digits_nearly_all_answers_are_those_of_generate(
    numbers: torch.dtype, exact_nllb_models: Path
) -> None:
    model = Model(exact_nllb_models / NAME)
    model.model.to(numbers)
    decoder = NllbDecoder(model.model, use_graphs=True)
    same = 0
    for batch in batches(sources(model, SENTENCES)):
        found = model.answered(batch, 64, GREEDY, decoder)
        same += sum(map(list.__eq__, found, model.generated(batch, 64, GREEDY)))
    assert same >= 0.9 * SENTENCES


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ((1, 6, 32), (1, 8, 40)),
        ((3, 20, 64), (4, 24, 72)),
        ((16, 44, 128), (16, 48, 136)),
        ((9, 512, 512), (16, 512, 520)),
        ((17, 30, 50), (32, 48, 72)),
        ((129, 30, 50), (129, 48, 72)),
    ],
)
def test_shapes_are_rounded_up_to_few(wanted: tuple[int, int, int], expected: tuple[int, int, int]) -> None:
    assert buckets.bucket_for(GREEDY, *wanted)[1:] == expected


def test_all_sentences_of_a_group_of_one_limit_get_one_shape() -> None:
    for limit, source in zip(OUTPUT_LIMITS, (8, 24, 48, 96, 200), strict=True):
        longest = max(size for size in range(1, 200) if output_limit(size) == limit)
        assert buckets.bucket_for(GREEDY, 1, longest, limit).source == source
