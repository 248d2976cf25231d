"""Vocoder of a continuous batch: the windows of several streams at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from voicestream.workers.engines.xtts.vocoder.cuda_graphs import CapturedVocoder, CapturedVocoderStream
    from voicestream.workers.engines.xtts.vocoder.streaming import StreamingVocoder, VocoderStream

    Samples = NDArray[np.float32]


class WindowRequest(NamedTuple):
    """Latents of a stream."""

    stream: Any
    """From ``BatchVocoder.stream``."""
    latents: Tensor
    """(tokens, channels)."""
    is_last: bool


class PendingSamples:
    """Samples that a device computes."""

    def __init__(self, finish: Callable[[], list[Samples]], *, is_there: bool) -> None:
        self.result: Final = finish
        """Waits for the samples of all streams, and returns them."""
        self.is_there: Final = is_there
        """True if nothing is to be waited for."""


class BatchVocoder(Protocol):
    """Vocoder of many streams."""

    def stream(self, speaker: Tensor, speed: float) -> Any:  # noqa: ANN401 - a vocoder gets its own streams back
        """Return a new stream for a sentence.

        Args:
            speaker: embedding, (1, 512, 1).
            speed: 2.0: twice as fast.
        """
        ...

    def launch(self, requests: Sequence[WindowRequest]) -> PendingSamples:
        """Compute the next samples of streams; those of a stream do not depend on the others."""
        ...


class PlainVocoder:
    """``BatchVocoder`` that has computed the samples once ``launch`` returns."""

    def __init__(self, vocoder: StreamingVocoder) -> None:
        self._vocoder = vocoder

    def stream(self, speaker: Tensor, speed: float) -> VocoderStream:
        """See ``BatchVocoder``."""
        return self._vocoder.stream(speaker, speed)

    def launch(self, requests: Sequence[WindowRequest]) -> PendingSamples:
        """See ``BatchVocoder``."""
        samples = self._vocoder.compute(requests)
        return PendingSamples(lambda: samples, is_there=True)


class WindowVocoder:
    """``BatchVocoder`` whose windows a GPU computes while the processor continues."""

    def __init__(self, vocoder: CapturedVocoder) -> None:
        self._vocoder = vocoder

    def stream(self, speaker: Tensor, speed: float) -> CapturedVocoderStream:
        """See ``BatchVocoder``."""
        return self._vocoder.stream(speaker, speed)

    def launch(self, requests: Sequence[WindowRequest]) -> PendingSamples:
        """See ``BatchVocoder``."""
        return PendingSamples(self._vocoder.launch(requests), is_there=False)
