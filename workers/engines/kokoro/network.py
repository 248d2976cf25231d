"""Network of Kokoro in ONNX Runtime on the CPU."""

from __future__ import annotations

import concurrent.futures
import importlib
from typing import TYPE_CHECKING, Final

from voicestream.errors import EngineNotReadyError
from voicestream.models import weights
from voicestream.workers.engines.kokoro import deterministic_noise

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    import numpy as np
    import onnxruntime
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

POLL_SECONDS: Final = 0.02
"""Interval of the cancellation checks."""

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
        import onnx
        import onnxruntime

        errors: tuple[type[Exception], ...] = (OSError, ValueError, *_errors())
        try:
            model = onnx.load_model_from_string(file.read_bytes())
            deterministic_noise.replace_random(model)
            content = model.SerializeToString()
            del model
            self._session = onnxruntime.InferenceSession(content, _options(threads), providers=["CPUExecutionProvider"])
        except errors as error:
            raise EngineNotReadyError(f"{file} cannot be loaded: {error}", hint=weights.AGAIN) from error
        # The session keeps the model, 300 MB, for a fallback to another device, which there is none.
        vars(self._session).pop("_model_bytes", None)
        inputs = {each.name: each.type for each in self._session.get_inputs()}
        tokens = next((name for name in _TOKEN_INPUTS if name in inputs), "")
        if not tokens or inputs.get(_STYLE) not in _FLOATS or inputs.get(_SPEED) not in _FLOATS:
            raise EngineNotReadyError(
                f"{file} is not Kokoro's network: it takes {', '.join(inputs)}", hint=weights.AGAIN
            )
        self._inputs = inputs
        self._tokens = tokens
        # An inference can be cancelled only from another thread.
        self._thread = concurrent.futures.ThreadPoolExecutor(1, "kokoro")

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
        import onnxruntime

        inputs = {
            self._tokens: np.array([ids], np.int64),
            _STYLE: style.reshape(1, -1).astype(_FLOATS[self._inputs[_STYLE]]),
            _SPEED: np.array([speed], _FLOATS[self._inputs[_SPEED]]),
        } | deterministic_noise.noise_tables(self._inputs, seed)
        options = onnxruntime.RunOptions()
        pending = self._thread.submit(self._session.run, None, inputs, options)
        empty = np.zeros(0, np.float32)
        try:
            while not concurrent.futures.wait([pending], POLL_SECONDS).done:
                yield empty
            sound = pending.result()[0]
        except _errors() as error:
            raise RuntimeError(f"Kokoro's network failed: {error}") from error
        finally:
            options.terminate = True
            concurrent.futures.wait([pending])
        samples = np.asarray(sound, np.float32).reshape(-1)
        if not np.isfinite(samples).all():
            raise ValueError("Kokoro's network returned samples that are not finite")
        return np.clip(samples, -1.0, 1.0)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()


def _options(threads: int) -> onnxruntime.SessionOptions:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads would take processor time from the player and the other workers.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Memory patterns are per input shape, and texts rarely have equal lengths: 200 MB without use.
    options.enable_mem_pattern = False
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    return options


def _errors() -> tuple[type[Exception], ...]:
    """Return the errors of ONNX Runtime and of protobuf, which have no common base class."""
    found: list[type[Exception]] = []
    for module in ("onnxruntime.capi.onnxruntime_pybind11_state", "google.protobuf.message"):
        members = vars(importlib.import_module(module)).values()
        found += [member for member in members if isinstance(member, type) and issubclass(member, Exception)]
    return tuple(found)
