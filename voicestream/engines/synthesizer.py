"""The contract of a synthesizer: what the tts worker calls, and what it may expect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray


class Synthesizer(Protocol):
    """A voice engine: text in one language in, sound out.

    ``SynthesizerSpec.load`` returns one, loaded. The tts worker calls ``supports`` and ``synthesize`` sentence by
    sentence, and ``close`` once at the end; all from its main thread, never two at once.
    """

    @property
    def name(self) -> str:
        """What people type after ``--tts``."""
        ...

    @property
    def device(self) -> str:
        """For ``workers status``: ``cpu``, ``cuda:0``, ``mps``."""
        ...

    @property
    def sample_rate(self) -> int:
        """Hertz of the samples. The worker resamples to the rate of the pool."""
        ...

    @property
    def needs_normalized_text(self) -> bool:
        """Whether numbers, units, symbols and what no voice can say are to be gone from the text.

        The worker then hands ``synthesize`` what ``spoken.words`` makes of the sentence.
        """
        ...

    @property
    def needs_postprocessing(self) -> bool:
        """Whether its sound may be wrong, as a neural model's may: ``heard`` then trims it, judges it, evens it out."""
        ...

    def max_characters(self, language: str) -> int:
        """Longest text it does well in one piece in the language of this BCP-47 tag; 0 = no limit.

        The worker divides what is longer, at clauses where it can. Quick: asked before every sentence.
        """
        ...

    def supports(self, language: str) -> bool:
        """Whether it speaks the language of this BCP-47 tag. Quick: asked before every sentence."""
        ...

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """The sound of one sentence, in chunks, as they come into being.

        The same arguments give the same samples, in this process and in the next: after a crash the sentence is made
        again and continued at the sample where it broke off. To cancel, the worker closes the iterator between two
        chunks, so an engine yields at least every 0.25 s of sound where it can.

        Args:
            text: a sentence, already turned into words to be said; none of it is markup. Empty: no chunks.
            language: BCP-47 tag of the text; ``supports`` said yes.
            voice: name of a voice of this engine or path of a sample; empty = its own choice for the language.
            seed: of everything random, 0 to 2**63 - 1.
            speed: 1.0 = the voice's natural speed, 2.0 = twice as fast.

        Returns:
            One-dimensional float32 arrays at ``sample_rate``, mono, within -1 to 1, none of them empty; each one is the
            caller's to keep. No pause at the end of the sentence is part of them: the worker makes one.

        Raises:
            UsageError: there is no such voice. Raised at the first ``next``.
            VoicestreamError, OSError, RuntimeError or ValueError: this text could not be spoken; the next may be.
        """
        ...

    def close(self) -> None:
        """Let go of devices, files and programs."""
        ...
