"""Greedy and beam search on the device, with the results of ``generate`` of transformers 5.24.

Nothing here waits for the device: whether all sentences are done is a tensor. Tokens selected after an end token do not
change an output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch

from voicestream.workers.engines.nllb.decoder.logits_processors import process_logits
from voicestream.workers.engines.nllb.decoder.output_tokens import END, OutputTokens

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.engines.nllb.decoder.buckets import Bucket
    from voicestream.workers.engines.nllb.search import Search
    from voicestream.workers.inference.kernel_launches import Gpu

_MASKED_SCORE: Final = -1.0e9
"""Score of masked candidates; that of transformers, because sums with it are rounded."""


def decoding_for(
    bucket: Bucket, padding: int, device: torch.device, gpu: Gpu | None = None
) -> GreedySearch | BeamSearch:
    """Return the search of a bucket; arguments as for ``OutputTokens``, and ``gpu`` for Triton kernels."""
    outputs = OutputTokens(bucket, padding, device)
    return (GreedySearch if bucket.search.num_beams == 1 else BeamSearch)(outputs, bucket.search, gpu)


class GreedySearch:
    """Greedy search."""

    def __init__(self, outputs: OutputTokens, search: Search, gpu: Gpu | None = None) -> None:
        self.outputs = outputs
        self._search = search
        self._gpu = gpu if search.is_unconstrained else None
        device = outputs.newest.device
        self._has_ended = torch.zeros(len(outputs.newest), dtype=torch.bool, device=device)
        self.is_done = torch.zeros(1, dtype=torch.bool, device=device)
        """(1,): whether all sentences are done."""

    def reset(self) -> None:
        """Start a new batch."""
        self.outputs.reset()
        self._has_ended.zero_()
        self.is_done.zero_()

    def select(self, logits: Tensor) -> Tensor | None:
        """Append the next token of each row; return the row that each one continues, None if its own.

        Args:
            logits: (rows, tokens).
        """
        if self._gpu is not None:
            from voicestream.workers.engines.nllb.decoder.top_k import greedy_step

            greedy_step(self._gpu, logits, self.outputs, self._has_ended, self.is_done)
            return None
        scores = logits if self._search.is_unconstrained else process_logits(logits.float(), self.outputs, self._search)
        tokens = scores.argmax(-1)
        self._has_ended.logical_or_((tokens == END) | self.outputs.is_last)
        self.outputs.add(tokens)
        self.is_done.copy_(self._has_ended.all())
        return None

    def best(self) -> Tensor:
        """Return the outputs, (sentences, positions), arbitrary after the end tokens."""
        return self.outputs.tokens


class BeamSearch:
    """Beam search with ``length_penalty`` 1 and ``early_stopping`` False.

    A sentence is done when its best open beam, if it ended now, would score worse than its worst finished hypothesis.
    """

    def __init__(self, outputs: OutputTokens, search: Search, gpu: Gpu | None = None) -> None:
        self.outputs = outputs
        self._search = search
        self._gpu = gpu if search.is_unconstrained else None
        device, size = outputs.newest.device, (outputs.sentences, outputs.beams)
        self._scores = torch.zeros(*size, dtype=torch.float32, device=device)
        self._ended_scores = torch.zeros(*size, dtype=torch.float32, device=device)
        """Of the finished hypotheses, the best first."""
        self._has_ended = torch.zeros(*size, dtype=torch.bool, device=device)
        self._is_open = torch.zeros(outputs.sentences, 1, dtype=torch.bool, device=device)
        self._best = torch.zeros_like(outputs.tokens[:: outputs.beams])
        self._first_row = torch.arange(0, len(outputs.newest), outputs.beams, device=device)[:, None]
        self._is_among_best = torch.arange(2 * outputs.beams, device=device) < outputs.beams
        self.is_done = torch.zeros(1, dtype=torch.bool, device=device)
        """(1,): whether all sentences are done."""

    def reset(self) -> None:
        """Start a new batch."""
        self.outputs.reset()
        # All beams of a sentence start equal; only the first one counts, or all would stay equal.
        self._scores.fill_(_MASKED_SCORE)
        self._scores[:, 0] = 0.0
        self._ended_scores.fill_(_MASKED_SCORE)
        self._has_ended.zero_()
        self._is_open.fill_(True)
        self.is_done.zero_()

    def select(self, logits: Tensor) -> Tensor:
        """As for ``GreedySearch``; a row may continue another row of its sentence."""
        outputs, beams = self.outputs, self.outputs.beams
        # The best 2 * beams suffice: at most one of them for each beam is an end token.
        scores, rows, tokens = self._best_continuations(logits, 2 * beams)
        ends = (tokens == END) | outputs.is_last[:, None]
        self._finish(scores, tokens, rows, ends & self._is_among_best)

        scores, chosen = (scores + ends * _MASKED_SCORE).topk(beams)
        self._scores.copy_(scores)
        rows = rows.gather(1, chosen).view(-1)
        outputs.tokens.copy_(outputs.tokens.index_select(0, rows))
        outputs.add(tokens.gather(1, chosen).view(-1))

        worst = torch.where(self._has_ended, self._ended_scores.amin(1, keepdim=True), _MASKED_SCORE)
        self._is_open.logical_and_((self._scores[:, :1] / outputs.position > worst).any(1, keepdim=True))
        self.is_done.copy_(~self._is_open.any())
        return rows

    def best(self) -> Tensor:
        """As for ``GreedySearch``."""
        return self._best

    def _best_continuations(self, logits: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return the best continuations of each sentence: score sum, row, and token, (sentences, count)."""
        outputs = self.outputs
        if self._gpu is not None:
            from voicestream.workers.engines.nllb.decoder.top_k import best_continuations

            scores, rows, tokens = best_continuations(self._gpu, logits, self._scores, count)
            return scores, self._first_row + rows, tokens
        scores = process_logits(torch.log_softmax(logits, -1, dtype=torch.float32), outputs, self._search)
        # One top-k over all beams, as in transformers: after many tokens rounding makes some sums equal, and the order
        # of ties matters.
        size = scores.shape[1]
        sums = scores.view(outputs.sentences, outputs.beams, size).add_(self._scores[:, :, None])
        scores, found = sums.view(outputs.sentences, -1).topk(count)
        return scores, self._first_row + found // size, found % size

    def _finish(self, scores: Tensor, tokens: Tensor, rows: Tensor, ends: Tensor) -> None:
        """Merge new finished hypotheses into the best ones.

        Args:
            scores: of the continuations, (sentences, 2 * beams), as all arguments.
            tokens: newest token of each.
            rows: that each continues.
            ends: whether each one is finished and valid.
        """
        outputs, beams = self.outputs, self.outputs.beams
        scores = scores / (outputs.position + 1)
        scores = scores + ~self._is_open * _MASKED_SCORE + ~ends * _MASKED_SCORE
        merged, order = torch.cat([self._ended_scores, scores], 1).topk(beams)
        self._ended_scores.copy_(merged)
        self._has_ended.copy_(torch.cat([self._has_ended, ends], 1).gather(1, order))
        first = order[:, :1]
        new = (first - beams).clamp(min=0)
        written = outputs.tokens.index_select(0, rows.gather(1, new)[:, 0])
        written.index_copy_(1, outputs.position + 1, tokens.gather(1, new))
        # Arbitrary until a hypothesis is finished, which happens at the limit at the latest.
        self._best.copy_(torch.where(first >= beams, written, self._best))
