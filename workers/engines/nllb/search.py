"""Decoding parameters, output limits, and grouping of sentences by output limit. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.engines.translator import Job

RETRY_BEAMS: Final = 4

RETRY_NGRAM_SIZE: Final = 4
"""No repeated 4-grams on a retry: the most frequent defect of the first translation is a loop."""

RETRY_PENALTY: Final = 1.1
"""Divisor of the logit of a token that occurred before; more would suppress the articles of a long sentence."""

OUTPUT_LIMITS: Final = (32, 64, 128, 256, 512)
"""Maximum output lengths, in tokens: few, so that sentences of similar length share one."""

EXTRA_TOKENS: Final = 16
TOKENS_PER_SOURCE_TOKEN: Final = 2.5
"""Output is capped at ``EXTRA_TOKENS`` + this times the source tokens. NLLB's vocabulary gives small languages more
weight, so their words have few more tokens than English ones; an output more than twice as long is a loop, and only
adds latency."""


MAX_ROWS: Final = 128
"""Rows (sentences times beams) that are decoded together at most: a step of 128 rows reads the weights once, and takes
little longer than a step of 16; above that, arithmetic takes longer than reading."""

MAX_POSITIONS: Final = 16_384
"""Output positions of all rows of a batch at most, which bounds the KV cache of long sentences."""


@dataclass(frozen=True)
class Search:
    """Parameters of a decoder, with the names that both libraries use."""

    num_beams: int
    no_repeat_ngram_size: int = 0
    """0: no limit."""
    repetition_penalty: float = 1.0

    @property
    def is_unconstrained(self) -> bool:
        """True if no logits processor applies."""
        return self.repetition_penalty == 1 and not self.no_repeat_ngram_size


def search_for(job: Job) -> Search:
    """Return the parameters of a job: its beams; on a retry more beams, and penalties against repetition."""
    if not job.is_second_try:
        return Search(num_beams=job.beams)
    return Search(
        num_beams=max(job.beams, RETRY_BEAMS),
        no_repeat_ngram_size=RETRY_NGRAM_SIZE,
        repetition_penalty=RETRY_PENALTY,
    )


def output_limit(source_tokens: int) -> int:
    """Return the maximum output tokens for so many source tokens."""
    wanted = EXTRA_TOKENS + TOKENS_PER_SOURCE_TOKEN * source_tokens
    return next((limit for limit in OUTPUT_LIMITS if limit >= wanted), OUTPUT_LIMITS[-1])


def max_sentences(beams: int, limit: int) -> int:
    """Return the number of sentences that are decoded together at most, by beams and output limit."""
    return max(1, min(MAX_ROWS, MAX_POSITIONS // limit) // beams)


def group_by_limit(source_tokens: Sequence[int], beams: int = 1, shared_limit: int = 0) -> list[list[int]]:
    """Return the indexes of the sentences to decode together, the shortest group first.

    The sentences of a group have the same limit, so each is decoded as it would be alone, with little padding.

    Args:
        source_tokens: of each sentence.
        beams: of the search.
        shared_limit: limit up to which all sentences form one group, for a decoder that applies a limit to each row.
    """
    found: dict[int, list[int]] = {}
    for index in sorted(range(len(source_tokens)), key=lambda index: source_tokens[index]):
        found.setdefault(max(output_limit(source_tokens[index]), shared_limit), []).append(index)
    groups: list[list[int]] = []
    for limit, indexes in sorted(found.items()):
        size = max_sentences(beams, limit)
        groups += [indexes[first : first + size] for first in range(0, len(indexes), size)]
    return groups
