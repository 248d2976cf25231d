"""Decoder of several sentences at once into audio tokens: its interface, and the plain one without a GPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from voicestream.workers.engines.xtts.decoding import EagerDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from voicestream.workers.engines.xtts.decoding import AudioTokenDecoder, SampledTokens
    from voicestream.workers.engines.xtts.gpt import Gpt
    from voicestream.workers.engines.xtts.kv_cache import KvCache
    from voicestream.workers.engines.xtts.sampling import SamplingParameters


@dataclass(frozen=True)
class Sentence:
    """Input of the decoder."""

    voice: KvCache
    text: list[int]
    """Token ids."""
    seed: int
    min_tokens: int
    """Audio tokens before which the stop token is not sampled."""
    token_limit: int
    """Audio tokens after which the sentence is cut."""


class SlotDecoder(Protocol):
    """Decoder with a slot for each sentence; the tokens of a sentence do not depend on the other slots."""

    @property
    def stop_token(self) -> int:
        """Token that ends a sentence."""
        ...

    @property
    def slots(self) -> int:
        """Number of slots."""
        ...

    @property
    def free_slots(self) -> int:
        """Number of slots without a sentence."""
        ...

    def open(self, sentence: Sentence) -> int | None:
        """Take a free slot for a sentence and return it; None if its memory is not free yet."""
        ...

    def prefill(self, slots: Sequence[int]) -> None:
        """Process the texts of slots, or a part of them."""
        ...

    def is_prefilled(self, slot: int) -> bool:
        """Return whether the text of a slot is processed and its first token sampled."""
        ...

    def begin(self, slot: int, count: int) -> None:
        """Begin a chunk of ``count`` tokens; the first token of a sentence is already sampled."""
        ...

    def remaining(self, slot: int) -> int:
        """Return the steps to the end of the chunk; an upper bound where the decoder stops at the stop token."""
        ...

    def step(self, slots: Sequence[int], count: int) -> None:
        """Make ``count`` steps, at most those that remain to each of the slots."""
        ...

    def take(self, slots: Sequence[int]) -> Callable[[], list[SampledTokens]]:
        """Begin to read complete chunks; the returned function waits, and returns their tokens up to the stop token.

        Other slots can make steps meanwhile.
        """
        ...

    def free(self, slot: int) -> None:
        """Free a slot, at any point."""
        ...


class PlainSlotDecoder:
    """``SlotDecoder`` that computes the slots one after the other; a step is a part between two cancellation points."""

    def __init__(self, decoders: Sequence[AudioTokenDecoder]) -> None:
        """Take a decoder for each slot."""
        self._decoders = decoders
        self.stop_token: Final = decoders[0].stop_token
        self.slots: Final = len(decoders)
        self._free = list(range(len(decoders) - 1, -1, -1))
        self._prefills: dict[int, Generator[None]] = {}
        self._chunks: dict[int, _Chunk] = {}

    @classmethod
    def eager(cls, gpt: Gpt, parameters: SamplingParameters, slots: int) -> PlainSlotDecoder:
        """Return one without CUDA graphs."""
        return cls([EagerDecoder(gpt, parameters) for _ in range(slots)])

    @property
    def free_slots(self) -> int:
        """See ``SlotDecoder``."""
        return len(self._free)

    def open(self, sentence: Sentence) -> int | None:
        """See ``SlotDecoder``."""
        slot = self._free.pop()
        self._prefills[slot] = self._decoders[slot].prefill(
            sentence.voice, sentence.text, sentence.seed, sentence.min_tokens
        )
        return slot

    def prefill(self, slots: Sequence[int]) -> None:
        """See ``SlotDecoder``."""
        for slot in slots:
            if _is_over(self._prefills[slot]):
                del self._prefills[slot]

    def is_prefilled(self, slot: int) -> bool:
        """See ``SlotDecoder``."""
        return slot not in self._prefills

    def begin(self, slot: int, count: int) -> None:
        """See ``SlotDecoder``."""
        self._chunks[slot] = _Chunk(self._decoders[slot].sample, count)

    def remaining(self, slot: int) -> int:
        """See ``SlotDecoder``."""
        return self._chunks[slot].remaining

    def step(self, slots: Sequence[int], count: int) -> None:
        """See ``SlotDecoder``."""
        for _ in range(count):
            for slot in slots:
                self._chunks[slot].step()

    def take(self, slots: Sequence[int]) -> Callable[[], list[SampledTokens]]:
        """See ``SlotDecoder``."""
        found = [self._chunks.pop(slot).result() for slot in slots]
        return lambda: found

    def free(self, slot: int) -> None:
        """See ``SlotDecoder``."""
        self._prefills.pop(slot, None)
        self._chunks.pop(slot, None)
        self._free.append(slot)


class _Chunk:
    """Sampling of a chunk, step by step."""

    def __init__(self, sample: Callable[[int], Generator[None, None, SampledTokens]], count: int) -> None:
        self._sampling = self._keep(sample(count))
        self._sampled: SampledTokens | None = None
        self.remaining = count

    def _keep(self, sampling: Generator[None, None, SampledTokens]) -> Generator[None]:
        self._sampled = yield from sampling

    def step(self) -> None:
        """Sample up to the next cancellation point."""
        self.remaining = 0 if _is_over(self._sampling) else max(1, self.remaining - 1)

    def result(self) -> SampledTokens:
        """Return the tokens of the complete chunk."""
        assert self._sampled is not None  # noqa: S101 - ``remaining`` is 0
        return self._sampled


def _is_over(steps: Generator[None]) -> bool:
    """Run a generator up to its next cancellation point; return whether that was its end."""
    try:
        next(steps)
    except StopIteration:
        return True
    return False
