"""How an answer is searched for, and which sentences of a batch go together. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.engines.translator import Job

SECOND_TRY_BEAMS: Final = 4

SECOND_TRY_REPEAT: Final = 4
"""On the second try no four pieces come twice: what most often went wrong before is a loop."""

SECOND_TRY_PENALTY: Final = 1.1
"""Divides the score of a piece that has come before; more would suppress the articles of a long sentence."""

LIMITS: Final = (32, 64, 128, 256, 512)
"""Longest answers, in tokens. Few different ones, so that sentences of about one length have the same."""

MORE_TOKENS: Final = 16
TOKENS_A_TOKEN: Final = 2.5
"""An answer may have so many tokens for each of the source and ``MORE_TOKENS`` besides. NLLB's vocabulary was made with
more weight for small languages, so their words fall into few more pieces than English ones; an answer more than twice
as long is a loop, and each of its tokens is time in which nothing is heard."""


@dataclass(frozen=True)
class Search:
    """Settings of a decoder, named as both libraries name them."""

    num_beams: int
    no_repeat_ngram_size: int = 0
    """0 = no limit."""
    repetition_penalty: float = 1.0

    @property
    def is_free(self) -> bool:
        """Whether any token may follow any other, by its own score."""
        return self.repetition_penalty == 1 and not self.no_repeat_ngram_size


def search_for(job: Job) -> Search:
    """Greedy or with the beams that were asked for; on the second try wider, and kept from repeating itself."""
    if not job.is_second_try:
        return Search(num_beams=job.beams)
    return Search(
        num_beams=max(job.beams, SECOND_TRY_BEAMS),
        no_repeat_ngram_size=SECOND_TRY_REPEAT,
        repetition_penalty=SECOND_TRY_PENALTY,
    )


def answer_limit(source_tokens: int) -> int:
    """How many tokens an answer to so many may have."""
    wanted = MORE_TOKENS + TOKENS_A_TOKEN * source_tokens
    return next((limit for limit in LIMITS if limit >= wanted), LIMITS[-1])


def groups(source_tokens: Sequence[int]) -> list[list[int]]:
    """The indexes of sentences that are decoded together, the shortest first.

    All of a group have the same limit: so each gets the answer that it would get alone, and little is padded.
    """
    found: dict[int, list[int]] = {}
    for index in sorted(range(len(source_tokens)), key=lambda index: source_tokens[index]):
        found.setdefault(answer_limit(source_tokens[index]), []).append(index)
    return [found[limit] for limit in sorted(found)]
