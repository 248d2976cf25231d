"""What a new token sees of its answer and of the source: plainly, or with kernels on an NVIDIA GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.inference.kernel_launches import Gpu


class Sight(Protocol):
    """The caches of a batch, as the layers of a step look at them."""

    def past(self, layer: int, mixed: Tensor) -> Tensor:
        """What is seen of the answers, (rows, width); key and value are kept of ``mixed``, (rows, 3 * width)."""
        ...

    def source(self, layer: int, query: Tensor) -> Tensor:
        """What queries see of the sentences: (rows, width) to the same."""
        ...


class PlainSight:
    """A ``Sight``."""

    def __init__(self, said: Tensor, read: Tensor, position: Tensor, past_mask: Tensor, source_mask: Tensor) -> None:
        """Look at caches, of (layers, 2, …, heads, places, values of a head).

        Args:
            said: of the answers, as many positions of it as are looked at.
            read: of the sentences.
            position: of the newest token, (1,).
            past_mask: which positions of the answers count, as from ``Network.mask``.
            source_mask: which of the sentences.
        """
        self._said, self._read, self._position = said, read, position
        self._past_mask, self._source_mask = past_mask, source_mask

    def past(self, layer: int, mixed: Tensor) -> Tensor:
        """As ``Sight`` says."""
        cache = self._said[layer]
        rows, heads = cache.shape[1:3]
        split = mixed.view(rows, 3, heads, 1, -1)
        cache.index_copy_(3, self._position, split[:, 1:].transpose(0, 1))
        seen = functional.scaled_dot_product_attention(split[:, 0], cache[0], cache[1], attn_mask=self._past_mask)
        return seen.reshape(rows, -1)

    def source(self, layer: int, query: Tensor) -> Tensor:
        """As ``Sight`` says."""
        cache = self._read[layer]
        sentences, heads = cache.shape[1:3]
        # To attention, the answers to one sentence are positions of one: what they see of it is the same.
        asked = query.view(sentences, len(query) // sentences, heads, -1).transpose(1, 2)
        seen = functional.scaled_dot_product_attention(asked, cache[0], cache[1], attn_mask=self._source_mask)
        return seen.transpose(1, 2).reshape(*query.shape)


class FusedSight:
    """A ``Sight`` of kernels, each of which looks at as many positions as there are."""

    def __init__(
        self, gpu: Gpu, said: Tensor, read: Tensor, *, position: Tensor, origins: Tensor | None, lengths: Tensor
    ) -> None:
        """As for ``PlainSight``.

        Args:
            gpu: where.
            said: of the answers.
            read: of the sentences.
            position: of the newest token, (1,).
            origins: in which row each row's past is, (rows, positions); its own if None.
            lengths: tokens of each sentence.
        """
        self._gpu, self._said, self._read = gpu, said, read
        self._position, self._origins, self._lengths = position, origins, lengths

    def past(self, layer: int, mixed: Tensor) -> Tensor:
        """As ``Sight`` says."""
        from voicestream.workers.inference.attention import FEW, see_past

        return see_past(self._gpu, mixed, self._said[layer], self._position, places=FEW, origins=self._origins)

    def source(self, layer: int, query: Tensor) -> Tensor:
        """As ``Sight`` says."""
        from voicestream.workers.inference.attention import see_source

        return see_source(self._gpu, query, self._read[layer], self._lengths)
