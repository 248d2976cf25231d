"""Which token comes next, greedy or with beams: what ``generate`` of transformers 5.24 chooses, on the device alone.

Nothing waits for the device here: whether all is done is a tensor, to be looked at when somebody likes to. What is
chosen after an end changes no answer any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch

from voicestream.workers.engines.nllb.decoder.logits_processors import restrain
from voicestream.workers.engines.nllb.decoder.output_tokens import END, Answers

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.engines.nllb.decoder.buckets import Shape
    from voicestream.workers.engines.nllb.search import Search
    from voicestream.workers.inference.kernel_launches import Gpu

_IMPOSSIBLE: Final = -1.0e9
"""The score of what does not count; transformers' number, because sums with it are rounded."""

_FOLLOWED: Final = 16
"""Rows up to which one program notes the tokens of all."""


def choice_for(shape: Shape, padding: int, device: torch.device, gpu: Gpu | None = None) -> Greedy | Beams:
    """How the tokens of a search are chosen; as for ``Answers``, and ``gpu``: whose kernels help."""
    answers = Answers(shape, padding, device)
    return (Greedy if shape.search.num_beams == 1 else Beams)(answers, shape.search, gpu)


class Greedy:
    """Takes the best token each time."""

    def __init__(self, answers: Answers, search: Search, gpu: Gpu | None = None) -> None:
        self.answers = answers
        self._search = search
        self._gpu = gpu if search.is_free else None
        device = answers.newest.device
        self._has_ended = torch.zeros(len(answers.newest), dtype=torch.bool, device=device)
        self.is_done = torch.zeros(1, dtype=torch.bool, device=device)
        """(1,): whether no further step changes anything."""

    def reset(self) -> None:
        """Begin anew."""
        self.answers.reset()
        self._has_ended.zero_()
        self.is_done.zero_()

    def choose(self, logits: Tensor) -> Tensor | None:
        """Write the next token of each answer; returns from which row each is continued, None if from its own.

        Args:
            logits: (rows, tokens).
        """
        if self._gpu is not None and len(logits) <= _FOLLOWED:
            from voicestream.workers.engines.nllb.decoder.top_k import follow

            follow(self._gpu, logits, self.answers, self._has_ended, self.is_done)
            return None
        scores = logits if self._search.is_free else restrain(logits.float(), self.answers, self._search)
        tokens = scores.argmax(-1)
        self.answers.add(tokens)
        self._has_ended.logical_or_(tokens == END)
        self.is_done.copy_(self._has_ended.all())
        return None

    def best(self) -> Tensor:
        """The answers, (sentences, positions); what stands behind an end is none."""
        return self.answers.tokens


class Beams:
    """Follows several answers to each sentence, and keeps those that have come to an end apart.

    ``length_penalty`` is 1, and ``early_stopping`` False: a sentence is done when the best of what is open, were it to
    end now, would be worse than the worst of what has ended.
    """

    def __init__(self, answers: Answers, search: Search, gpu: Gpu | None = None) -> None:
        self.answers = answers
        self._search = search
        self._gpu = gpu if search.is_free else None
        device, size = answers.newest.device, (answers.sentences, answers.beams)
        self._scores = torch.zeros(*size, dtype=torch.float32, device=device)
        self._ended_scores = torch.zeros(*size, dtype=torch.float32, device=device)
        """The best first."""
        self._has_ended = torch.zeros(*size, dtype=torch.bool, device=device)
        self._is_open = torch.zeros(answers.sentences, 1, dtype=torch.bool, device=device)
        self._best = torch.zeros_like(answers.tokens[:: answers.beams])
        self._first_row = torch.arange(0, len(answers.newest), answers.beams, device=device)[:, None]
        self._is_among_best = torch.arange(2 * answers.beams, device=device) < answers.beams
        self.is_done = torch.zeros(1, dtype=torch.bool, device=device)
        """(1,): whether no further step changes anything."""

    def reset(self) -> None:
        """Begin anew."""
        self.answers.reset()
        # All beams of a sentence begin alike: only one of them counts, or all would go on alike.
        self._scores.fill_(_IMPOSSIBLE)
        self._scores[:, 0] = 0.0
        self._ended_scores.fill_(_IMPOSSIBLE)
        self._has_ended.zero_()
        self._is_open.fill_(True)
        self.is_done.zero_()

    def choose(self, logits: Tensor) -> Tensor:
        """As for ``Greedy``; the rows of a sentence may be continued from one another."""
        answers, beams = self.answers, self.answers.beams
        # No sentence needs more than its best 2 * beams, of which at most one for each beam is an end.
        scores, rows, tokens = self._find(logits, 2 * beams)
        ends = (tokens == END) | (answers.position >= answers.last)
        self._keep(scores, tokens, rows, ends & self._is_among_best)

        scores, chosen = (scores + ends * _IMPOSSIBLE).topk(beams)
        self._scores.copy_(scores)
        rows = rows.gather(1, chosen).view(-1)
        answers.tokens.copy_(answers.tokens.index_select(0, rows))
        answers.add(tokens.gather(1, chosen).view(-1))

        worst = torch.where(self._has_ended, self._ended_scores.amin(1, keepdim=True), _IMPOSSIBLE)
        self._is_open.logical_and_((self._scores[:, :1] / answers.position > worst).any(1, keepdim=True))
        self.is_done.copy_(~self._is_open.any())
        return rows

    def best(self) -> Tensor:
        """As for ``Greedy``."""
        return self._best

    def _find(self, logits: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """The best tokens of each sentence: sum with what is before it, row, and token, (sentences, count)."""
        answers = self.answers
        if self._gpu is not None:
            from voicestream.workers.engines.nllb.decoder.top_k import find

            scores, rows, tokens = find(self._gpu, logits, self._scores, count)
            return scores, self._first_row + rows, tokens
        scores = restrain(torch.log_softmax(logits, -1, dtype=torch.float32), answers, self._search)
        # They are taken from all at once, as transformers does: sums are so coarse after many tokens that some are
        # equal.
        size = scores.shape[1]
        sums = scores.view(answers.sentences, answers.beams, size).add_(self._scores[:, :, None])
        scores, found = sums.view(answers.sentences, -1).topk(count)
        return scores, self._first_row + found // size, found % size

    def _keep(self, scores: Tensor, tokens: Tensor, rows: Tensor, ends: Tensor) -> None:
        """Keep what has just come to an end, if it is among the best.

        Args:
            scores: of what was found, (sentences, 2 * beams), as all here.
            tokens: the newest of each.
            rows: those each continues.
            ends: whether it has come to an end, and counts.
        """
        answers, beams = self.answers, self.answers.beams
        scores = scores / (answers.position + 1)
        scores = scores + ~self._is_open * _IMPOSSIBLE + ~ends * _IMPOSSIBLE
        merged, order = torch.cat([self._ended_scores, scores], 1).topk(beams)
        self._ended_scores.copy_(merged)
        self._has_ended.copy_(torch.cat([self._has_ended, ends], 1).gather(1, order))
        first = order[:, :1]
        new = (first - beams).clamp(min=0)
        written = answers.tokens.index_select(0, rows.gather(1, new)[:, 0])
        written.index_copy_(1, answers.position + 1, tokens.gather(1, new))
        # As long as nothing has ended, this is anything; at the limit at the latest, all ends.
        self._best.copy_(torch.where(first >= beams, written, self._best))
