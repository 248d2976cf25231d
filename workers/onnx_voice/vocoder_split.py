"""Separation of a vocoder from the network in front of it, so that its sound can be computed in windows.

The last part of a VITS network is a vocoder of convolutions: a sample depends on few frames of features. It takes three
quarters of the time. Each window needs its frames and those within the vocoder's receptive field on both sides; its
samples are then those of the whole, up to the rounding of sums (below 1e-6 with a voice of Piper).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import onnx

_RESHAPING: Final = frozenset({"Unsqueeze", "Squeeze", "Identity"})
"""Operators behind the vocoder that change no sample."""

_UNARY: Final = frozenset({"LeakyRelu", "Relu", "Elu", "Sigmoid", "Tanh", "Sin"})
_BINARY: Final = frozenset({"Add", "Sub", "Mul", "Div"})
_CONVOLUTIONS: Final = frozenset({"Conv", "ConvTranspose"})

FIRST_SECONDS: Final = 0.25
"""Duration of the first window."""
MAX_SECONDS: Final = 1.0
"""Duration of the longest window: a longer one saves little, and a cancelled sentence waits for it."""
GROWTH: Final = 2


@dataclass(frozen=True)
class Shape:
    """Frames, samples and context of a vocoder, from its input to its sound."""

    features: str
    """Input with a frame for each step in time, float32 ``[1, channels, frames]``."""
    samples_per_frame: int
    context_frames: int
    """Receptive field on each side."""


@dataclass(frozen=True)
class Split:
    """Two networks that do together what one did."""

    acoustic: onnx.ModelProto
    """Inputs of the whole; its outputs are the inputs of the vocoder."""
    vocoder: onnx.ModelProto
    shape: Shape


@dataclass(frozen=True)
class Window:
    """A stretch of frames whose samples are computed at once, ``[start, end)``."""

    start: int
    end: int
    first: int
    """First frame that is needed for it."""
    last: int
    """End of the frames that are needed for it."""


def windows(frames: int, context: int, first: int, longest: int) -> Iterator[Window]:
    """Cut frames into windows that begin short and grow.

    The cuts depend on the arguments only, and so does each sample.

    Args:
        frames: of the whole.
        context: receptive field on each side, in frames.
        first: length of the first window, in frames.
        longest: length of the longest window, in frames.
    """
    start, length = 0, max(1, first)
    while start < frames:
        end = frames if frames - start <= length + context else start + length
        yield Window(start, end, max(0, start - context), min(frames, end + context))
        start, length = end, min(length * GROWTH, max(longest, first))


def split(model: onnx.ModelProto) -> Split | None:
    """Separate the vocoder of a network with one output.

    Returns:
        None if its last part has an operator that is not local in time, or strides that are not understood.
    """
    if any(attribute.HasField("g") for node in model.graph.node for attribute in node.attribute):
        return None  # what a nested graph reads is not among the inputs of its node
    made_by = {name: node for node in model.graph.node for name in node.output}
    output = model.graph.output[0].name
    while output in made_by and made_by[output].op_type in _RESHAPING:
        output = made_by[output].input[0]
    constants = _shapes_of_constants(model)
    region = _local_region(output, made_by, constants)
    if not any(node.op_type == "ConvTranspose" for node in region):
        return None
    reach = _receptive_fields(output, region, constants)
    if reach is None:
        return None
    inside = {name for node in region for name in node.output}
    outside = sorted(
        {name for node in region for name in node.input if name and name not in inside and name not in constants}
    )
    # The conditioning of a speaker has a single step in time, and enters behind the first convolution.
    features = max(outside, key=lambda name: reach[name])
    context, samples = reach[features]
    return Split(
        acoustic=_part(model, made_by, [value.name for value in model.graph.input], outside),
        vocoder=_part(model, made_by, outside, [output]),
        shape=Shape(features=features, samples_per_frame=samples, context_frames=context),
    )


def _shapes_of_constants(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all constants of a network by name."""
    found = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    for node in model.graph.node:
        for attribute in node.attribute if node.op_type == "Constant" else ():
            found[node.output[0]] = tuple(attribute.t.dims)
    return found


def _local_region(
    output: str, made_by: dict[str, onnx.NodeProto], constants: dict[str, tuple[int, ...]]
) -> list[onnx.NodeProto]:
    """Return the nodes from which an output comes through operators that are local in time, the last one first."""
    region: dict[str, onnx.NodeProto] = {}
    open_names = [output]
    while open_names:
        name = open_names.pop()
        if name not in made_by or name in region:
            continue
        node = made_by[name]
        varying = [name for name in node.input if name and name not in constants]
        # A constant with steps in time belongs to all samples at once.
        is_steady = all(constants[name][-1:] in ((), (1,)) for name in node.input if name in constants)
        kind = node.op_type
        if (
            (kind in _UNARY and len(varying) == 1)
            or (kind in _CONVOLUTIONS and varying == [node.input[0]])
            # A product of two features is a mask, with which the part in front of the vocoder ends.
            or (kind in _BINARY and is_steady and (len(varying) == 1 or kind in {"Add", "Sub"}))
        ):
            region[name] = node
            open_names += varying
    return list(region.values())


def _receptive_fields(
    output: str, region: list[onnx.NodeProto], constants: dict[str, tuple[int, ...]]
) -> dict[str, tuple[int, int]] | None:
    """Return for each tensor of a region its context in its own steps, and the samples of each step.

    Returns:
        None if two ways through the region have different strides, or a convolution is of an unknown form.
    """
    found: dict[str, tuple[int, int]] = {output: (0, 1)}
    users = {node.output[0]: node for node in region}
    pending = {name: 0 for node in region for name in node.input}
    for node in region:
        for name in node.input:
            pending[name] += 1
    ready = [output]
    while ready:
        made = ready.pop()
        if made not in users:
            continue
        node = users[made]
        context, samples = found[made]
        step = _convolved(node, context, samples, constants) if node.op_type in _CONVOLUTIONS else (context, samples)
        if step is None:
            return None
        for name in node.input:
            pending[name] -= 1
            if name in constants or not name:
                continue
            before = found.get(name, step)
            if before[1] != step[1]:
                return None
            found[name] = (max(before[0], step[0]), step[1])
            if not pending[name]:
                ready.append(name)
    return found


def _convolved(
    node: onnx.NodeProto, context: int, samples: int, shapes: dict[str, tuple[int, ...]]
) -> tuple[int, int] | None:
    """Return context and samples per step of the input of a convolution, from those of its output."""
    from onnx import helper

    settings = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    shape = shapes.get(node.input[1], ())
    if len(shape) != 3 or settings.get("auto_pad", b"NOTSET") != b"NOTSET":  # noqa: PLR2004 - channels twice, and time
        return None
    (stride,) = settings.get("strides", [1])
    (dilation,) = settings.get("dilations", [1])
    before, after = settings.get("pads", [0, 0])
    reach = (shape[2] - 1) * dilation
    if node.op_type == "Conv":
        # As many steps as before, or the windows would not fit together.
        return (context + max(before, after), samples) if stride == 1 and before + after == reach else None
    if reach + 1 - before - after + settings.get("output_padding", [0])[0] != stride:
        return None
    return -(-context // stride) + -(-(reach + 1) // stride), samples * stride


def _part(
    model: onnx.ModelProto, made_by: dict[str, onnx.NodeProto], inputs: list[str], outputs: list[str]
) -> onnx.ModelProto:
    """Return the part of a network that makes some tensors from others."""
    from onnx import TensorProto, helper

    used: set[str] = set()
    open_names = list(outputs)
    while open_names:
        name = open_names.pop()
        if name in used:
            continue
        used.add(name)
        if name in made_by and name not in inputs:
            open_names += made_by[name].input
    known = {value.name: value for value in itertools.chain(model.graph.input, model.graph.output)}

    def described(names: list[str]) -> list[onnx.ValueInfoProto]:
        return [known.get(name) or helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]

    part = helper.make_graph(
        [node for node in model.graph.node if not used.isdisjoint(node.output) and node.output[0] not in inputs],
        model.graph.name,
        described(inputs),
        described(outputs),
        [tensor for tensor in model.graph.initializer if tensor.name in used],
    )
    return helper.make_model(part, opset_imports=model.opset_import, ir_version=model.ir_version)
