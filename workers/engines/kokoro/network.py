"""Kokoro's network, run by ONNX Runtime on the processor."""

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
"""A text that is being made can be let go of as often as that."""

_TOKENS: Final = ("input_ids", "tokens")
"""What exports call the numbers of the phonemes: the usual one, and that of the package kokoro-onnx."""

_STYLE, _SPEED = "style", "speed"

_FLOATS: Final = {"tensor(float)": "float32", "tensor(float16)": "float16"}


class Network:
    """One network, loaded."""

    def __init__(self, file: Path, threads: int) -> None:
        """Load it.

        Args:
            file: ``model.onnx``, in numbers of any kind.
            threads: for the arithmetic; 0 = as many as there are processors.

        Raises:
            EngineNotReadyError: it is damaged, or not Kokoro's.
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
        # It keeps what it was made of, 300 MB, to be made again on another device: there is none.
        vars(self._session).pop("_model_bytes", None)
        inputs = {each.name: each.type for each in self._session.get_inputs()}
        tokens = next((name for name in _TOKENS if name in inputs), "")
        if not tokens or inputs.get(_STYLE) not in _FLOATS or inputs.get(_SPEED) not in _FLOATS:
            raise EngineNotReadyError(
                f"{file} is not Kokoro's network: it takes {', '.join(inputs)}", hint=weights.AGAIN
            )
        self._inputs = inputs
        self._tokens = tokens
        # A thread, because a text can be let go of only while another thread waits.
        self._thread = concurrent.futures.ThreadPoolExecutor(1, "kokoro")

    def speak(self, ids: list[int], style: Samples, speed: float, seed: int) -> Generator[Samples, None, Samples]:
        """Make the sound of phonemes; yields nothing but moments at which it can be let go of, and returns the sound.

        Closed half way, it ends the arithmetic at the next operator.

        Args:
            ids: numbers of the phonemes, with both edges.
            style: the voice's 256 numbers for a text of this length.
            speed: 1.0 = natural.
            seed: of the noise in it.

        Raises:
            RuntimeError: the network cannot make it.
            ValueError: it has made what is no sound.
        """
        import numpy as np
        import onnxruntime

        numbers = {
            self._tokens: np.array([ids], np.int64),
            _STYLE: style.reshape(1, -1).astype(_FLOATS[self._inputs[_STYLE]]),
            _SPEED: np.array([speed], _FLOATS[self._inputs[_SPEED]]),
        } | deterministic_noise.tables(self._inputs, seed)
        options = onnxruntime.RunOptions()
        made = self._thread.submit(self._session.run, None, numbers, options)
        nothing = np.zeros(0, np.float32)
        try:
            while not concurrent.futures.wait([made], POLL_SECONDS).done:
                yield nothing
            sound = made.result()[0]
        except _errors() as error:
            raise RuntimeError(f"Kokoro's network failed: {error}") from error
        finally:
            options.terminate = True
            concurrent.futures.wait([made])
        samples = np.asarray(sound, np.float32).reshape(-1)
        if not np.isfinite(samples).all():
            raise ValueError("Kokoro's network made samples that are no numbers")
        return np.clip(samples, -1.0, 1.0)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()


def _options(threads: int) -> onnxruntime.SessionOptions:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that wait by looking would take the processor from the player and the other workers.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Plans for memory are made for texts of one length, and hardly two have one: 200 MB for nothing.
    options.enable_mem_pattern = False
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    return options


def _errors() -> tuple[type[Exception], ...]:
    """All errors of ONNX Runtime, and that of a damaged file: they have no base of their own."""
    found: list[type[Exception]] = []
    for module in ("onnxruntime.capi.onnxruntime_pybind11_state", "google.protobuf.message"):
        members = vars(importlib.import_module(module)).values()
        found += [member for member in members if isinstance(member, type) and issubclass(member, Exception)]
    return tuple(found)
