"""Output tokens of a batch, in tensors that steps change in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.engines.nllb.decoder.buckets import Bucket

END: Final = 2
"""Id of ``</s>`` in NLLB-200; each output also begins with it."""


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

        self.language = zeros(1)
        """Id of the target language."""
        self.last = zeros(1)
        """Last position after which a token may be appended."""
        self.position = zeros(1)
        """Position of the newest token; 0 for the initial end token."""
        self.newest = zeros(bucket.rows)
        """Newest token of each row; the beams of a sentence follow each other."""
        self.tokens = zeros(bucket.rows, bucket.positions + 1)
        """All tokens; valid up to ``position``."""
        self.positions = torch.arange(bucket.positions + 1, device=device)

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

    def add_language(self) -> None:
        """Append the language token."""
        self.add(self.language.expand(len(self.newest)))
