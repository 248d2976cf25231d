"""The answers so far, in tensors that stay where they are while a step changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.engines.nllb.decoder.buckets import Shape

END: Final = 2
"""``</s>`` of NLLB-200's vocabulary. An answer begins with it, too."""


class Answers:
    """What has been written for each row, and where the next token goes."""

    def __init__(self, shape: Shape, padding: int, device: torch.device) -> None:
        """Make room.

        Args:
            shape: for how many answers, of what length.
            padding: the token that says nothing.
            device: where.
        """
        self.padding = padding
        self.sentences, self.beams = shape.sentences, shape.search.num_beams

        def numbers(*size: int) -> Tensor:
            return torch.zeros(*size, dtype=torch.long, device=device)

        self.language = numbers(1)
        """With which all answers begin."""
        self.last = numbers(1)
        """The last position from which a token may be chosen."""
        self.position = numbers(1)
        """Of the newest token; 0 for the one that all answers begin with."""
        self.newest = numbers(shape.rows)
        """Tokens, a row each; the rows of a sentence follow each other."""
        self.tokens = numbers(shape.rows, shape.positions + 1)
        """Up to the position they are those of the answers."""
        self.places = torch.arange(shape.positions + 1, device=device)

    def reset(self) -> None:
        """Begin all answers: with the end token."""
        self.position.zero_()
        self.newest.fill_(END)
        self.tokens.fill_(self.padding)
        self.tokens[:, 0] = END

    def add(self, tokens: Tensor) -> None:
        """Write the next token of each row."""
        self.newest.copy_(tokens)
        self.position.add_(1)
        self.tokens.index_copy_(1, self.position, self.newest[:, None])

    def begin(self) -> None:
        """Write the language."""
        self.add(self.language.expand(len(self.newest)))
