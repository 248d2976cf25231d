"""Output tokens of a batch, in tensors that steps change in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.engines.nllb.decoder.buckets import Bucket

END: Final = 2
"""Id of ``</s>`` in NLLB-200; each output also begins with it."""


class Sentence(NamedTuple):
    """Sentence to decode."""

    tokens: list[int]
    """Ids of the source tokens, the source language first."""
    language: int
    """Id of the target language."""
    limit: int
    """Maximum output tokens besides it."""


class OutputTokens:
    """Output tokens of each row, and the position of the newest one."""

    def __init__(self, bucket: Bucket, padding: int, device: torch.device) -> None:
        """Allocate the tensors.

        Args:
            bucket: their sizes.
            padding: id of the padding token.
            device: of the tensors.
        """
        self.padding = padding
        self.sentences, self.beams = bucket.sentences, bucket.search.num_beams

        def zeros(*size: int) -> Tensor:
            return torch.zeros(*size, dtype=torch.long, device=device)

        self.languages = zeros(bucket.rows)
        """Id of the target language of each row."""
        self.last = zeros(bucket.sentences)
        """Last position of each sentence after which a token may be appended."""
        self.position = zeros(1)
        """Position of the newest token; 0 for the initial end token."""
        self.newest = zeros(bucket.rows)
        """Newest token of each row; the beams of a sentence follow each other."""
        self.tokens = zeros(bucket.rows, bucket.positions + 1)
        """All tokens; valid up to ``position``."""
        self.positions = torch.arange(bucket.positions + 1, device=device)

    @property
    def is_last(self) -> Tensor:
        """By sentence, (sentences,): whether its next token is its last one."""
        return self.position >= self.last

    def load(self, languages: list[int], limits: list[int]) -> None:
        """Set the language and the output limit of each sentence."""
        self.languages.copy_(torch.tensor([language for language in languages for _ in range(self.beams)]))
        self.last.copy_(torch.tensor(limits))

    def reset(self) -> None:
        """Start all outputs with the end token."""
        self.position.zero_()
        self.newest.fill_(END)
        self.tokens.fill_(self.padding)
        self.tokens[:, 0] = END

    def add(self, tokens: Tensor) -> None:
        """Append a token to each row."""
        self.newest.copy_(tokens)
        self.position.add_(1)
        self.tokens.index_copy_(1, self.position, self.newest[:, None])

    def add_languages(self) -> None:
        """Append the language token of each row."""
        self.add(self.languages)
