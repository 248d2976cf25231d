"""Whole answers of NLLB with kernels of our own, in Triton's interpreter: those that torch alone gives."""

from __future__ import annotations

import copy
import random
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from helpers.fixtures.interpreted import skip_unless_interpreted

skip_unless_interpreted()

import torch

from voicestream.bench.random_models import nllb_model
from voicestream.bench.random_models.nllb_model import END
from voicestream.bench.random_models.sizes import NllbSize
from voicestream.engines.translator import Job
from voicestream.workers.engines.nllb.decoder import top_k
from voicestream.workers.engines.nllb.decoder.buffers import DecodeBuffers
from voicestream.workers.engines.nllb.decoder.decoder import NllbDecoder
from voicestream.workers.engines.nllb.decoder.output_tokens import Sentence
from voicestream.workers.engines.nllb.search import Search, search_for
from voicestream.workers.inference import fused_step, tile_config

if TYPE_CHECKING:
    from voicestream.workers.inference.kernel_launches import Gpu

Rows = list[list[int]]

LANGUAGE, LIMIT = 5, 6
GREEDY = Search(1)
AGAIN = search_for(Job(is_second_try=True))
SIZE = NllbSize(vocabulary=80, width=32, layers=2, heads=2, between=64)


@pytest.fixture(scope="module")
def model() -> Any:
    """Random weights, so large that each sentence has another answer, of many tokens, which sometimes ends."""
    torch.set_num_threads(1)
    torch.manual_seed(9)
    made = nllb_model.make_model(SIZE, SIZE.vocabulary).eval()
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if weight.dim() == 2:
                # What was read and said before is louder than the newest token.
                weight.mul_(9 if "encoder_attn.out" in name or "encoder_attn.v" in name or ".self_attn" in name else 3)
            # What is folded into other weights must be worth it.
            if "layer_norm" in name:
                weight.add_(torch.randn(weight.shape) * 0.3)
        # With the weights of its embedding, each token would be followed by itself.
        head = made.model.shared.weight[torch.randperm(SIZE.vocabulary)]
        head[END] *= 2.6
        made.lm_head.weight = torch.nn.Parameter(head)
    return made


@pytest.fixture
def plain(model: Any) -> NllbDecoder:
    return NllbDecoder(model, use_graphs=False)


@pytest.fixture
def own(model: Any, gpu: Gpu, monkeypatch: pytest.MonkeyPatch) -> NllbDecoder:
    """With kernels; of so few tokens, too, there are several blocks."""
    monkeypatch.setattr(top_k, "_BLOCK", 32)
    return NllbDecoder(copy.deepcopy(model), use_graphs=True, gpu=gpu)


def sentences(count: int, longest: int = 12) -> Rows:
    choose = random.Random(3)
    known = range(4, SIZE.vocabulary)
    return [[*choose.choices(known, k=choose.randint(2, longest)), END] for _ in range(count)]


def take_two_rows_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows are as many programs, and as large a batch, as some dozens are with the tiles of a GPU."""
    monkeypatch.setattr(tile_config, "MMA_ROWS", 2)
    monkeypatch.setattr(tile_config, "_WIDE_MMA_ROWS", 2)
    monkeypatch.setattr(top_k, "_GREEDY_ROWS", 2)


def test_rows_of_several_programs_are_those_of_torch(
    own: NllbDecoder, plain: NllbDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_two_rows_a_program(monkeypatch)
    rows = sentences(3)
    batch = [Sentence(row, LANGUAGE + at, 2 + at % 2) for at, row in enumerate(rows)]
    found = own.decode(batch, GREEDY, lambda: False)
    assert found == plain.decode(batch, GREEDY, lambda: False)
    assert found == [plain.decode([one], GREEDY, lambda: False)[0] for one in batch]


def answered(decoder: NllbDecoder, rows: Rows, search: Search, limit: int = LIMIT) -> Rows:
    return decoder.decode([Sentence(row, LANGUAGE, limit) for row in rows], search, lambda: False)


class Case(NamedTuple):
    """Of how many rows, and of how many tokens each."""

    sentences: int
    search: Search
    limit: int
    kind: type


CASES = [
    Case(1, GREEDY, 3, fused_step.SingleRowStream),
    Case(3, GREEDY, 4, fused_step.SmallBatchStream),
    Case(3, Search(2), 2, fused_step.SmallBatchStream),
    Case(1, AGAIN, 5, fused_step.SmallBatchStream),
    Case(2, Search(2, 2), 4, fused_step.SmallBatchStream),
    Case(1, Search(3), 3, fused_step.LargeBatchStream),
]


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.sentences}x{case.search.num_beams}-{case.search.no_repeat_ngram_size}"
)
def test_answers_are_those_of_torch(
    plain: NllbDecoder, own: NllbDecoder, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    if case.kind is fused_step.LargeBatchStream:
        take_two_rows_a_program(monkeypatch)
    kinds: set[type] = set()
    stream = fused_step.residual_stream

    def watch(gpu: Gpu, signal: torch.Tensor) -> Any:
        found = stream(gpu, signal)
        kinds.add(type(found))
        return found

    monkeypatch.setattr(fused_step, "residual_stream", watch)
    rows = sentences(case.sentences)
    found = answered(own, rows, case.search, case.limit)
    assert found == answered(plain, rows, case.search, case.limit)
    assert kinds == {case.kind}
    different = {tuple(answer) for answer in found}
    assert len(different) >= min(case.sentences, 2), "a model that always says the same proves nothing"


def test_beams_go_on_from_one_another(own: NllbDecoder, plain: NllbDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What each row said is found in the row in which it was kept."""
    rows, search, limit = sentences(1), Search(3), 4
    expected = answered(plain, rows, search, limit)
    assert answered(own, rows, search, limit) == expected
    monkeypatch.setattr(DecodeBuffers, "_reorder_cache", lambda *_: None)
    assert answered(plain, rows, search, limit) != expected, "they need not, which proves nothing"


def test_what_was_answered_before_is_in_no_later_answer(own: NllbDecoder, plain: NllbDecoder) -> None:
    rows = sorted((row for row in sentences(9) if len(row) > 8), key=len)
    assert len(rows[0]) < len(rows[-1])
    for row in (rows[-1], rows[0], rows[-1]):
        assert answered(own, [row], Search(2), 3) == answered(plain, [row], Search(2), 3)
    assert len(own._captured) == 1, "each had memory of its own"


def test_an_answer_that_has_ended_changes_none_beside_it(own: NllbDecoder, plain: NllbDecoder) -> None:
    rows = sentences(17)
    alone = [answered(plain, [row], GREEDY)[0] for row in rows]
    ended = next(number for number, answer in enumerate(alone) if len(answer) <= LIMIT)
    open_ = next(number for number, answer in enumerate(alone) if len(answer) > LIMIT)
    assert answered(own, [rows[ended], rows[open_]], GREEDY) == [alone[ended], alone[open_]]


def test_steps_end_soon_after_all_has_ended(
    own: NllbDecoder, plain: NllbDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    step = DecodeBuffers.step

    def watch(workspace: DecodeBuffers, window: int) -> None:
        steps.append(window)
        step(workspace, window)

    row = min(sentences(17), key=lambda row: len(answered(plain, [row], GREEDY, 40)[0]))
    monkeypatch.setattr(DecodeBuffers, "step", watch)
    (answer,) = answered(own, [row], GREEDY, 40)
    # The language is no step; and kernels look at what there is, in one window.
    assert len(steps) == len(answer) - 1
    assert set(steps) == {72}


def test_a_model_whose_norms_were_folded_answers_as_before_without_kernels(
    model: Any, plain: NllbDecoder, gpu: Gpu
) -> None:
    """When a GPU's memory is full, the model goes on on the processor."""
    folded = copy.deepcopy(model)
    for _ in range(2):
        NllbDecoder(folded, use_graphs=True, gpu=gpu)
    layer = folded.model.decoder.layers[0]
    assert torch.equal(layer.self_attn_layer_norm.weight, torch.ones(SIZE.width))
    rows = sentences(5)
    assert answered(NllbDecoder(folded, use_graphs=False), rows, GREEDY) == answered(plain, rows, GREEDY)
