"""Attention of a step's newest tokens and the list of its best ones, in Triton's interpreter, against torch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.interpreted import skip_unless_interpreted
from helpers.kernels.guarded import guarded

skip_unless_interpreted()

import torch
from torch.nn import functional

from voicestream.workers.engines.nllb.decoder import buckets, top_k
from voicestream.workers.engines.nllb.decoder.output_tokens import END, OutputTokens
from voicestream.workers.engines.nllb.search import Search
from voicestream.workers.inference.attention import (
    LONG_CONTEXT,
    SHORT_CONTEXT,
    AttentionTile,
    cross_attention,
    self_attention,
)

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.inference.kernel_launches import Gpu

HEADS, VALUES = 3, 8
DIGITS = {torch.float32: 1e-5, torch.float16: 4e-3}


@pytest.fixture(autouse=True)
def chance() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def agree(found: Tensor, expected: Tensor, digits: float = 1e-5) -> None:
    torch.testing.assert_close(found.float(), expected.float(), rtol=digits, atol=digits)


def past_of(rows: int, position: int, numbers: torch.dtype = torch.float32) -> Tensor:
    """Keys and values of so many positions; behind them there is nothing yet."""
    past = torch.randn(2, rows, HEADS, position + 3, VALUES)
    past[:, :, :, position:] = math.nan
    return guarded(past.to(numbers))


def seen(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """What one query, (heads, values of a head), sees of (heads, places, values of a head): (width,)."""
    made = functional.scaled_dot_product_attention(query[:, None].float(), keys.float(), values.float())
    return made.flatten()


def look_back(mixed: Tensor, past: Tensor, position: int, origins: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """What each row sees, and the past afterwards."""
    after = past.clone()
    new = mixed.view(len(mixed), 3, HEADS, VALUES)
    after[:, :, :, position] = new[:, 1:].transpose(0, 1)
    found = []
    for row in range(len(mixed)):
        rows = torch.full((position + 1,), row)
        if origins is not None:
            rows[:position] = origins[row, :position]
        at = torch.arange(position + 1)
        # (2, heads, places, values of a head)
        of_row = after[:, rows, :, at].permute(1, 2, 0, 3)
        found.append(seen(new[row, 0], of_row[0], of_row[1]))
    return torch.stack(found), after


@pytest.mark.parametrize("numbers", DIGITS)
@pytest.mark.parametrize(
    ("tile", "position"),
    [*((SHORT_CONTEXT, at) for at in (0, 1, 31, 32, 33, 70)), *((LONG_CONTEXT, at) for at in (0, 5, 127, 128, 129))],
    ids=str,
)
@pytest.mark.parametrize("rows", [1, 3])
def test_a_token_sees_what_is_behind_it_and_itself(
    gpu: Gpu, rows: int, tile: AttentionTile, position: int, numbers: torch.dtype
) -> None:
    mixed = guarded(torch.randn(rows, 3 * HEADS * VALUES).to(numbers))
    past = past_of(rows, position, numbers)
    expected, after = look_back(mixed, past, position)
    found = self_attention(gpu, mixed, past, torch.tensor([position]), tile=tile)
    assert found.dtype == numbers
    agree(found, expected, DIGITS[numbers])
    assert torch.equal(past.nan_to_num(99), after.nan_to_num(99)), "its key and value are kept, and no other changes"


@pytest.mark.parametrize("position", [0, 1, 32, 45])
def test_what_a_row_said_may_be_in_other_rows(gpu: Gpu, position: int) -> None:
    rows = 4
    mixed, past = guarded(torch.randn(rows, 3 * HEADS * VALUES)), past_of(rows, position)
    origins = torch.randint(0, rows, (rows, position + 3), dtype=torch.int32)
    # What is behind the position is not looked at.
    origins[:, position:] = 1 << 30
    expected, after = look_back(mixed, past, position, origins)
    found = self_attention(gpu, mixed, past, torch.tensor([position]), tile=SHORT_CONTEXT, indirection=origins)
    agree(found, expected)
    assert torch.equal(past.nan_to_num(99), after.nan_to_num(99))


def test_what_is_kept_may_be_a_part_of_a_larger_memory(gpu: Gpu) -> None:
    layers = torch.randn(2, 2, HEADS, 50, VALUES)
    past = layers[1, :, None, :, :40]
    mixed = torch.randn(1, 3 * HEADS * VALUES)
    expected, after = look_back(mixed, past, 35)
    other = layers[0].clone()
    agree(self_attention(gpu, mixed, past, torch.tensor([35]), tile=SHORT_CONTEXT), expected)
    assert torch.equal(past, after)
    assert torch.equal(layers[0], other)


@pytest.mark.parametrize("numbers", DIGITS)
@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("lengths", [[1], [32], [33], [70, 1, 31]], ids=str)
def test_each_row_sees_as_much_of_its_source_as_there_is(
    gpu: Gpu, lengths: list[int], beams: int, numbers: torch.dtype
) -> None:
    source = torch.randn(2, len(lengths), HEADS, 72, VALUES)
    for number, length in enumerate(lengths):
        source[:, number, :, length:] = math.nan
    source = guarded(source.to(numbers))
    query = guarded(torch.randn(len(lengths) * beams, HEADS * VALUES).to(numbers))
    expected = [
        seen(asked.view(HEADS, VALUES), *source[:, row // beams, :, : lengths[row // beams]])
        for row, asked in enumerate(query)
    ]
    found = cross_attention(gpu, query, source, torch.tensor(lengths, dtype=torch.int32))
    assert found.dtype == numbers
    agree(found, torch.stack(expected), DIGITS[numbers])


def best_of_all(logits: Tensor, before: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    sentences, size = len(before), logits.shape[1]
    sums = torch.log_softmax(logits.float(), -1).view(sentences, -1, size) + before[:, :, None]
    scores, found = sums.view(sentences, -1).topk(count)
    return scores, found // size, found % size


@pytest.mark.parametrize("numbers", DIGITS)
@pytest.mark.parametrize(("sentences", "beams"), [(1, 2), (3, 5)])
@pytest.mark.parametrize("size", [100, 512, 1300])
def test_the_best_tokens_are_those_of_all(
    gpu: Gpu, size: int, sentences: int, beams: int, numbers: torch.dtype
) -> None:
    # All different, in these numbers, too, and so far from each other that no sum is rounded to another.
    logits = torch.stack([torch.randperm(size) for _ in range(sentences * beams)]) / 64
    logits = guarded(logits.to(numbers))
    before = torch.rand(sentences, beams) / 100
    expected = best_of_all(logits, before, 2 * beams)
    found = top_k.best_continuations(gpu, logits, before, 2 * beams)
    agree(found[0], expected[0])
    assert torch.equal(found[1], expected[1])
    assert torch.equal(found[2], expected[2])


def test_the_best_may_be_all_of_one_block_and_one_beam(gpu: Gpu) -> None:
    logits, before = torch.randn(4, 1300), torch.tensor([[-9.0, 0.0], [0.0, -9.0]])
    logits[1, 600:606] += 20
    logits[2, 1296:] += 30
    expected, found = (best_of_all(logits, before, 4), top_k.best_continuations(gpu, logits, before, 4))
    assert found[1].tolist() == expected[1].tolist() == [[1] * 4, [0] * 4]
    assert torch.equal(found[2], expected[2])
    agree(found[0], expected[0])


def test_beams_that_do_not_count_are_never_among_the_best(gpu: Gpu) -> None:
    before = torch.tensor([[0.0, -1e9, -1e9]])
    scores, beams, tokens = top_k.best_continuations(gpu, torch.randn(3, 1300), before, 6)
    assert beams.tolist() == [[0] * 6]
    assert len(set(tokens.flatten().tolist())) == 6
    assert scores.min() > -100


@pytest.mark.parametrize("rows", [1, 3, 16])
def test_the_best_token_of_each_row_is_added_to_its_answer(rows: int, gpu: Gpu) -> None:
    logits = guarded(torch.randn(rows, 1300))
    # In the last block, in two blocks (the first counts), and at a border.
    logits[0, 1299], logits[-1, [511, 1000]] = 30.0, 30.0
    answers = OutputTokens(buckets.exact_bucket(Search(1), rows, 4, 9), 1, logits.device)
    answers.load([5] * rows, [8] * rows)
    answers.reset()
    answers.add_languages()
    has_ended, is_done = torch.zeros(rows, dtype=torch.bool), torch.zeros(1, dtype=torch.bool)
    best = logits.argmax(1)
    top_k.greedy_step(gpu, logits, answers, has_ended, is_done)
    assert torch.equal(answers.newest, best)
    assert torch.equal(answers.tokens[:, 2], best)
    assert answers.position.tolist() == [2]
    assert not has_ended.any()
    assert not is_done.any()


def test_all_is_done_once_each_answer_has_ended(gpu: Gpu) -> None:
    answers = OutputTokens(buckets.exact_bucket(Search(1), 3, 4, 9), 1, torch.device("cpu"))
    answers.load([5] * 3, [8] * 3)
    has_ended, is_done = torch.zeros(3, dtype=torch.bool), torch.zeros(1, dtype=torch.bool)
    seen: list[tuple[list[bool], bool]] = []
    for best in ((END, 7, 8), (9, END, 8), (END, 5, END)):
        logits = torch.zeros(3, 600)
        logits[[0, 1, 2], list(best)] = 1.0
        top_k.greedy_step(gpu, logits, answers, has_ended, is_done)
        seen.append((has_ended.tolist(), bool(is_done.item())))
    assert seen == [([True, False, False], False), ([True, True, False], False), ([True, True, True], True)]
