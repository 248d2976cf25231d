"""What keeps an answer from repeating itself, against the same of transformers, on numbers of any kind."""

from __future__ import annotations

import pytest

from helpers.fixtures.neural import skip_unless_installed
from helpers.models.tiny_nllb import PAD

skip_unless_installed()

import torch

from voicestream.workers.engines.nllb.decoder.buckets import Bucket
from voicestream.workers.engines.nllb.decoder.logits_processors import process_logits
from voicestream.workers.engines.nllb.decoder.output_tokens import END, OutputTokens
from voicestream.workers.engines.nllb.search import Search

ROWS = 24
POSITIONS = 40
FEW = 5
"""Tokens there are: so few that they soon come again, padding among them."""


@pytest.mark.parametrize(
    "search", [Search(1, 0, 1.1), Search(1, 1), Search(1, 2), Search(1, 4), Search(1, 3, 0.5)], ids=str
)
@pytest.mark.parametrize("position", [0, 1, 2, 3, 4, 12, POSITIONS - 1])
def test_scores_are_those_of_transformers(search: Search, position: int) -> None:
    # Imported where it is used: with it, each process that collects tests would take seconds longer.
    from transformers import LogitsProcessorList, NoRepeatNGramLogitsProcessor, RepetitionPenaltyLogitsProcessor

    choose = torch.Generator().manual_seed(position)
    answers = OutputTokens(Bucket(search, ROWS, 8, POSITIONS), PAD, torch.device("cpu"))
    answers.reset()
    for _ in range(position):
        answers.add(torch.randint(0, FEW, (ROWS,), generator=choose))
    scores = torch.randn(ROWS, FEW, generator=choose)
    theirs = LogitsProcessorList()
    if search.repetition_penalty != 1:
        theirs.append(RepetitionPenaltyLogitsProcessor(search.repetition_penalty))
    if search.no_repeat_ngram_size:
        theirs.append(NoRepeatNGramLogitsProcessor(search.no_repeat_ngram_size))
    expected = theirs(answers.tokens[:, : position + 1], scores.clone())
    assert torch.equal(process_logits(scores.clone(), answers, search), expected)
    assert (answers.tokens[:, 0] == END).all()


def test_without_restraint_scores_stay_as_they_are() -> None:
    answers = OutputTokens(Bucket(Search(1), ROWS, 8, POSITIONS), PAD, torch.device("cpu"))
    answers.reset()
    scores = torch.randn(ROWS, FEW)
    assert process_logits(scores, answers, Search(1)) is scores
