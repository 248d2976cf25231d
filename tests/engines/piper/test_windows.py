"""Windows of a vocoder: their samples are those of the whole network."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.models import piper_voices

piper_voices.skip_unless_engine_installed()

from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper, save  # noqa: E402 - the test is skipped without

from voicestream.workers.onnx_voice import session, vocoder_split  # noqa: E402
from voicestream.workers.onnx_voice.session import Session  # noqa: E402
from voicestream.workers.onnx_voice.windowed import WindowedNetwork  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

T = TypeVar("T")

RATE = 800
"""Hz; a frame has eight samples, so the first window has 25 frames."""


def convolution(
    kind: str, source: str, made: str, *, kernel: int, weights: list[TensorProto], channels: int = 4, **settings: object
) -> NodeProto:
    """A convolution of four channels with weights of its own."""
    draw = np.random.default_rng(len(weights))
    values = draw.normal(0, 0.3, (4, channels, kernel)).astype(np.float32)
    weights.append(numpy_helper.from_array(values, made + "_weight"))
    return helper.make_node(kind, [source, made + "_weight"], [made], **settings)


def network(*, masked: str = "Mul", normalized: bool = False, stepped: bool = False) -> ModelProto:
    """Build a network with a vocoder of two upsamplings, residual blocks and a speaker."""
    weights: list[TensorProto] = []
    nodes = [
        convolution("Conv", "x", "hidden", kernel=3, weights=weights, pads=[1, 1]),
        helper.make_node("Sigmoid", ["hidden"], ["mask"]),
        helper.make_node(masked, ["hidden", "mask"], ["features"]),
        convolution("Conv", "speaker", "condition", kernel=1, weights=weights),
        convolution("Conv", "features", "begun", kernel=7, weights=weights, pads=[3, 3]),
        helper.make_node("Add", ["begun", "condition"], ["conditioned"]),
        convolution("ConvTranspose", "conditioned", "up", kernel=8, weights=weights, strides=[4], pads=[2, 2]),
        helper.make_node("LeakyRelu", ["up"], ["active"], alpha=0.1),
        convolution("Conv", "active", "block", kernel=3, weights=weights, dilations=[3], pads=[3, 3]),
        helper.make_node("Add", ["up", "block"], ["sum"]),
        convolution("ConvTranspose", "sum", "up2", kernel=4, channels=1, weights=weights, strides=[2], pads=[1, 1]),
        helper.make_node("Tanh", ["up2"], ["wave"]),
        helper.make_node("Mul", ["wave", "half"], ["quieter"]),
        *([helper.make_node("Softmax", ["quieter"], ["normalized"], axis=2)] if normalized else []),
        helper.make_node("Squeeze", ["normalized" if normalized else "quieter", "axis"], ["output"]),
    ]
    weights.append(numpy_helper.from_array(np.full((1, 1, 8) if stepped else (), 0.5, np.float32), "half"))
    weights.append(numpy_helper.from_array(np.array([0], np.int64), "axis"))
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, None])]
    inputs.append(helper.make_tensor_value_info("speaker", TensorProto.FLOAT, [1, 4, 1]))
    outputs = [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def finished(steps: Generator[object, None, T]) -> T:
    """The value that a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def inputs_of(frames: int) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(frames)
    return {
        "x": draw.normal(size=(1, 4, frames)).astype(np.float32),
        "speaker": draw.normal(size=(1, 4, 1)).astype(np.float32),
    }


@given(frames=st.integers(0, 5000), context=st.integers(0, 40), first=st.integers(0, 60), longest=st.integers(1, 400))
def test_windows_are_all_frames_once_with_their_context(frames: int, context: int, first: int, longest: int) -> None:
    found = list(vocoder_split.windows(frames, context, first, longest))
    assert [window.start for window in found[1:]] == [window.end for window in found[:-1]]
    assert (found[0].start, found[-1].end) == (0, frames) if frames else not found
    for window in found:
        assert window.first == max(0, window.start - context)
        assert window.last == min(frames, window.end + context)
        assert window.end - window.start <= max(first, longest, 1) + context


def test_the_context_is_that_of_the_vocoder() -> None:
    parts = vocoder_split.split(network())
    assert parts is not None
    assert parts.shape.features == "features"
    assert parts.shape.samples_per_frame == 8
    network_of = Session(parts.vocoder.SerializeToString(), 1)
    still = {name: np.zeros_like(value) for name, value in inputs_of(81).items()}
    inputs = {"features": still["x"], "speaker": still["speaker"]}
    (silent,) = finished(network_of.compute(inputs)).values()
    inputs["features"] = inputs["features"].copy()
    inputs["features"][..., 40] = 1.0
    (changed,) = finished(network_of.compute(inputs)).values()
    network_of.close()
    frames = np.flatnonzero(np.any(changed != silent, axis=(0, 1))) // 8
    assert 40 - frames.min() <= parts.shape.context_frames
    assert frames.max() - 40 <= parts.shape.context_frames
    # Not much more either: each frame of context is computed again in each window.
    assert parts.shape.context_frames <= max(40 - frames.min(), frames.max() - 40) + 3


@pytest.mark.parametrize("frames", [1, 20, 40, 333])
def test_windows_have_the_samples_of_the_whole(tmp_path: Path, frames: int) -> None:
    save(network(), tmp_path / "tiny.onnx")
    windowed = WindowedNetwork(tmp_path / "tiny.onnx", 1)
    whole = Session(session.read(tmp_path / "tiny.onnx").SerializeToString(), 1)
    inputs = inputs_of(frames)
    (expected,) = finished(whole.compute(inputs)).values()
    found = [each for each in windowed.run(inputs, 7, RATE) if len(each)]
    windowed.close()
    whole.close()
    heard = np.concatenate(found)
    assert heard.shape == (8 * frames,)
    np.testing.assert_allclose(heard, expected.reshape(-1), atol=1e-5)
    assert (len(found) > 1) == (frames >= 40)


@pytest.mark.parametrize("changes", [{"normalized": True}, {"stepped": True}], ids=str)
def test_a_network_that_looks_at_all_samples_is_not_split(changes: dict[str, bool]) -> None:
    assert vocoder_split.split(network(**changes)) is None


def test_a_sum_in_front_of_the_vocoder_is_part_of_it() -> None:
    parts = vocoder_split.split(network(masked="Add"))
    assert parts is not None
    assert parts.shape.features == "x"
