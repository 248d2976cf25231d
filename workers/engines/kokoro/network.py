"""Network of Kokoro in ONNX Runtime on the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.errors import EngineNotReadyError
from voicestream.models import weights
from voicestream.workers.onnx_voice import integer_convolutions, session

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from voicestream.workers.onnx_voice.session import Samples

_TOKEN_INPUTS: Final = ("input_ids", "tokens")
"""Names of the input for phoneme ids: the usual one, and that of the package kokoro-onnx."""

_STYLE, _SPEED = "style", "speed"

_FLOATS: Final = {"tensor(float)": "float32", "tensor(float16)": "float16"}


class KokoroNetwork:
    """Inference session of the network."""

    def __init__(self, file: Path, threads: int) -> None:
        """Load it.

        Args:
            file: ``model.onnx``, in any precision.
            threads: of one inference; 0: the number of processors.

        Raises:
            EngineNotReadyError: it is damaged, or is not the network of Kokoro.
        """
        errors: tuple[type[Exception], ...] = (OSError, ValueError, *session.errors())
        try:
            self._session = session.Session(_read(file), threads)
        except errors as error:
            raise EngineNotReadyError(f"{file} cannot be loaded: {error}", hint=weights.AGAIN) from error
        inputs = self._session.inputs
        tokens = next((name for name in _TOKEN_INPUTS if name in inputs), "")
        if not tokens or inputs.get(_STYLE) not in _FLOATS or inputs.get(_SPEED) not in _FLOATS:
            self._session.close()
            raise EngineNotReadyError(
                f"{file} is not Kokoro's network: it takes {', '.join(inputs)}", hint=weights.AGAIN
            )
        self._tokens = tokens

    def synthesize(self, ids: list[int], style: Samples, speed: float, seed: int) -> Generator[Samples, None, Samples]:
        """Synthesize phonemes; yields empty arrays as points for cancellation, and returns the samples.

        Closing the generator terminates the inference at the next operator.

        Args:
            ids: phoneme ids with the boundary symbols.
            style: style vector of the voice for a text of this length, 256 values.
            speed: 1.0: natural.
            seed: of the noise.

        Raises:
            RuntimeError: the inference failed.
            ValueError: the samples are not finite.
        """
        import numpy as np

        types = self._session.inputs
        inputs = {
            self._tokens: np.array([ids], np.int64),
            _STYLE: style.reshape(1, -1).astype(_FLOATS[types[_STYLE]]),
            _SPEED: np.array([speed], _FLOATS[types[_SPEED]]),
        }
        return (yield from self._session.run(inputs, seed))

    def close(self) -> None:
        """End the thread."""
        self._session.close()


def _read(file: Path) -> bytes:
    """Return the network without random operators and slow convolutions."""
    model = session.read(file)
    integer_convolutions.replace(model)
    content: bytes = model.SerializeToString()
    return content
