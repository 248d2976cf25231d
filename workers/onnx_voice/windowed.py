"""Network whose sound is computed in windows, so that its first samples are there before the last ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.workers.onnx_voice import deterministic_noise, session, vocoder_split
from voicestream.workers.onnx_voice.session import Session

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.workers.onnx_voice.session import Samples


class WindowedNetwork:
    """A network and its vocoder, or the whole network where the vocoder cannot be separated."""

    def __init__(self, file: Path, threads: int) -> None:
        """Load a network.

        Args:
            file: the ``.onnx`` file.
            threads: for the arithmetic; 0 = as many as there are processors.

        Raises:
            OSError, ValueError, or one of ``session.errors()``: the file is damaged, or draws random numbers in a way
                that cannot be replaced.
        """
        model = session.read(file)
        parts = vocoder_split.split(model)
        self._split: Final = parts.shape if parts is not None else None
        self._network: Final = Session((model if parts is None else parts.acoustic).SerializeToString(), threads)
        self._vocoder: Final = Session(parts.vocoder.SerializeToString(), threads) if parts is not None else None
        self.inputs: Final = self._network.inputs
        """Types of the inputs by name."""

    def run(self, numbers: Mapping[str, NDArray[np.generic]], seed: int, rate: int) -> Generator[Samples]:
        """Run the network; yields its samples window by window, and empty arrays while it computes.

        Closed before the end, it cancels the arithmetic at the next operator. The same inputs give the same samples.

        Args:
            numbers: inputs by name, without those of the noise.
            seed: of the noise.
            rate: of the samples, Hz.

        Raises:
            RuntimeError: the network failed.
            ValueError: samples are not finite.
        """
        if self._vocoder is None or self._split is None:
            yield (yield from self._network.run(numbers, seed))
            return
        tables = deterministic_noise.noise_tables(self.inputs, seed)
        inputs = yield from self._network.compute({**numbers, **tables})
        features, shape = inputs[self._split.features], self._split
        frames = features.shape[-1]
        first, longest = (
            round(seconds * rate / shape.samples_per_frame)
            for seconds in (vocoder_split.FIRST_SECONDS, vocoder_split.MAX_SECONDS)
        )
        for window in vocoder_split.windows(frames, shape.context_frames, first, longest):
            needed = {**inputs, shape.features: features[..., window.first : window.last]}
            (made,) = (yield from self._vocoder.compute(needed)).values()
            begin = (window.start - window.first) * shape.samples_per_frame
            end = (window.end - window.first) * shape.samples_per_frame
            yield session.as_samples(made[..., begin:end])

    def close(self) -> None:
        """End the threads."""
        self._network.close()
        if self._vocoder is not None:
            self._vocoder.close()
