"""ONNX Runtime session whose runs can be cancelled, on the processor."""

from __future__ import annotations

import concurrent.futures
import importlib
from functools import cache
from typing import TYPE_CHECKING, Final

from voicestream.workers.onnx_voice import deterministic_noise

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    import numpy as np
    import onnx
    import onnxruntime
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

POLL_SECONDS: Final = 0.02
"""Interval between two moments at which a run can be cancelled."""


class Session:
    """One network without random operators, and the thread that runs it."""

    def __init__(self, content: bytes, threads: int) -> None:
        """Set up the network.

        Args:
            content: of an ONNX file.
            threads: for the arithmetic; 0 = as many as there are processors.

        Raises:
            One of ``errors()``: the content is damaged.
        """
        import onnxruntime

        self._session = onnxruntime.InferenceSession(content, _options(threads), providers=["CPUExecutionProvider"])
        # It keeps what it was made of, 300 MB, to be made again on another device: there is none.
        vars(self._session).pop("_model_bytes", None)
        self.inputs: Final = {each.name: each.type for each in self._session.get_inputs()}
        """Types of the inputs by name."""
        self._outputs: Final[list[str]] = [each.name for each in self._session.get_outputs()]
        # A thread, because a run can be cancelled only while another thread waits.
        self._thread = concurrent.futures.ThreadPoolExecutor(1, "onnxruntime")

    def run(self, numbers: Mapping[str, NDArray[np.generic]], seed: int) -> Generator[Samples, None, Samples]:
        """Run the network; yields empty arrays while it computes, and returns its first output as samples.

        Closed before the end, it cancels the arithmetic at the next operator.

        Args:
            numbers: inputs by name, without those of the noise.
            seed: of the noise.

        Raises:
            RuntimeError: the network failed.
            ValueError: samples are not finite.
        """
        tables = deterministic_noise.noise_tables(self.inputs, seed)
        outputs = yield from self.compute({**numbers, **tables})
        return as_samples(next(iter(outputs.values())))

    def compute(
        self, inputs: Mapping[str, NDArray[np.generic]]
    ) -> Generator[Samples, None, dict[str, NDArray[np.generic]]]:
        """Run the network with all of its inputs; like ``run``, but returns all outputs by name, as they are."""
        import numpy as np
        import onnxruntime

        options = onnxruntime.RunOptions()
        made = self._thread.submit(self._session.run, None, inputs, options)
        nothing = np.zeros(0, np.float32)
        try:
            while not concurrent.futures.wait([made], POLL_SECONDS).done:
                yield nothing
            return dict(zip(self._outputs, made.result(), strict=True))
        except errors() as error:
            raise RuntimeError(f"the network failed: {error}") from error
        finally:
            options.terminate = True
            concurrent.futures.wait([made])

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()


def read(file: Path) -> onnx.ModelProto:
    """Read a network, and take out what is random in it.

    Raises:
        OSError, ValueError, or one of ``errors()``: the file is damaged, or draws random numbers in a way that cannot
            be replaced.
    """
    import onnx

    model = onnx.load_model_from_string(file.read_bytes())
    deterministic_noise.replace_random(model)
    return model


def as_samples(sound: NDArray[np.generic]) -> Samples:
    """Return an output of any shape as samples within full scale.

    Raises:
        ValueError: samples are not finite.
    """
    import numpy as np

    samples = np.asarray(sound, np.float32).reshape(-1)
    if not np.isfinite(samples).all():
        raise ValueError("the network returned samples that are not finite")
    return np.clip(samples, -1.0, 1.0)


@cache
def errors() -> tuple[type[Exception], ...]:
    """All errors of ONNX Runtime, and that of a damaged file: they have no common base."""
    found: list[type[Exception]] = []
    for module in ("onnxruntime.capi.onnxruntime_pybind11_state", "google.protobuf.message"):
        try:
            members = vars(importlib.import_module(module)).values()
        except ImportError:  # not every release of onnxruntime brings protobuf
            continue
        found += [member for member in members if isinstance(member, type) and issubclass(member, Exception)]
    return tuple(found)


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
