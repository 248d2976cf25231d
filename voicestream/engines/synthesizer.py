"""Synthesizer contract: the interface between the tts worker and a voice engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray


class Synthesizer(Protocol):
    """Voice engine: text of one language in, audio out.

    ``SynthesizerSpec.load`` returns it loaded. The tts worker calls ``supports`` and ``synthesize`` sentence by
    sentence, and ``close`` once at the end; all from its main thread, never two at once.
    """

    @property
    def name(self) -> str:
        """Value of ``--tts``."""
        ...

    @property
    def device(self) -> str:
        """Compute device in ``workers status``: ``cpu``, ``cuda:0``, ``mps``."""
        ...

    @property
    def sample_rate(self) -> int:
        """Sample rate in hertz. The worker resamples to the rate of the pool."""
        ...

    @property
    def needs_normalized_text(self) -> bool:
        """True if it needs normalized text: numbers, units and symbols written as words.

        The worker then applies ``normalization`` before it calls ``synthesize``.
        """
        ...

    @property
    def needs_postprocessing(self) -> bool:
        """True if its audio may be faulty, as with neural models, and needs trimming, checks and loudness control."""
        ...

    def max_characters(self, language: str) -> int:
        """Return the longest text that the engine synthesizes well at once in a language (BCP-47 tag); 0 = no limit.

        The worker splits longer text, at clauses where possible. Must be fast: called before every sentence.
        """
        ...

    def supports(self, language: str) -> bool:
        """Return whether the engine speaks a language (BCP-47 tag). Must be fast: called before every sentence."""
        ...

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """Synthesize one sentence and yield its audio in chunks.

        The same arguments give the same samples, in this process and in the next: after a crash the sentence is
        synthesized again and continued at the sample where it broke off. To cancel, the worker closes the iterator
        between two chunks, so an engine yields at least every 0.25 s of audio if it can.

        Args:
            text: a sentence as plain text without markup. Empty: no chunks.
            language: BCP-47 tag of the text, accepted by ``supports``.
            voice: name of a voice of this engine or path of a sample; empty = the engine's default for the language.
            seed: seed of all random numbers, 0 to 2**63 - 1.
            speed: 1.0 = the voice's natural speed, 2.0 = twice as fast.

        Returns:
            One-dimensional float32 arrays at ``sample_rate``, mono, within -1 to 1; the caller owns them. An engine
            that waits for something yields empty ones, so that it can be cancelled. They contain no pause at the end of
            the sentence: the worker adds it.

        Raises:
            UsageError: there is no such voice. Raised at the first ``next``.
            EngineUnavailableError: the hosts that it needs did not do it; the worker takes an engine of this machine,
                unless a part of the sentence was yielded.
            VoicestreamError, OSError, RuntimeError or ValueError: this text cannot be synthesized; the next may be.
        """
        ...

    def close(self) -> None:
        """Release devices, files and programs."""
        ...


class SynthesisStream(Protocol):
    """One text in the batch of a ``BatchSynthesizer``: its audio, chunk by chunk, without waiting."""

    @property
    def is_ready(self) -> bool:
        """True if a chunk, the end or an error is there for ``next``. Must be fast; computes nothing."""
        ...

    def __next__(self) -> NDArray[np.float32]:
        """Return the next chunk as ``Synthesizer.synthesize`` yields it, or an empty array while none is ready.

        Computes nothing: ``BatchSynthesizer.advance`` does.

        Raises:
            StopIteration: the text is spoken; its slot is free.
            VoicestreamError, OSError, RuntimeError or ValueError: as ``Synthesizer.synthesize``; this text cannot be
                synthesized. Its slot is free, and the other streams continue.
        """
        ...

    def close(self) -> None:
        """Cancel the stream and free its slot; nothing if it has ended or is closed."""
        ...


class BatchSynthesizer(Synthesizer, Protocol):
    """Optional: a voice engine with continuous batching, in which texts join and leave between two steps.

    A caller opens a stream for each text, calls ``advance`` again and again, and takes the chunks of the streams that
    are ready; all from one thread. The engine starts no thread. ``synthesize`` opens one stream and advances until it
    is ready.

    A stream does not wait for its chunks to be taken: it is computed to its end, and frees its slot then.

    The samples of a stream depend on its own text, language, voice, seed and speed only, never on the other streams.
    """

    @property
    def max_streams(self) -> int:
        """Number of slots, at least 1: texts computed at the same time. May fall, after an out-of-memory error."""
        ...

    def open(self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0) -> SynthesisStream:
        """Open a stream; the arguments are those of ``synthesize``. Computes nothing and raises no error of the text.

        More than ``max_streams`` may be open: the others wait for a slot in the engine, in the order of their opening.
        """
        ...

    def advance(self) -> bool:
        """Compute one step for the open streams: chunks of sentences without sound yet come first.

        Returns:
            True if something was computed, False if there was nothing to do.

        Raises:
            Exception: the engine is broken, not one text: errors of a text are raised by its stream.
        """
        ...


def as_batch(synthesizer: Synthesizer) -> BatchSynthesizer | None:
    """Return the engine as a ``BatchSynthesizer`` if it batches, else None."""
    if all(hasattr(synthesizer, name) for name in ("max_streams", "open", "advance")):
        return cast("BatchSynthesizer", synthesizer)
    return None
