"""Integer convolutions of an ONNX network as matrix products (im2col), which ONNX Runtime computes faster.

Its operator ``ConvInteger`` multiplies with weights of 8 bits without sign, and packs them again for each text. With a
sign and as constant matrix they are packed once, and processors with VNNI or its like multiply them four at a time. The
integers are the same. The bias is added as a float, without the rounding to an integer.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    import onnx
    from numpy.typing import NDArray

_MICROSOFT: Final = "com.microsoft"
_FLOAT: Final = 1
"""``TensorProto.FLOAT``."""

_SIGN: Final = 128
"""Difference between weights without and with a sign."""

_OPSET: Final = 15
"""First opset whose ``Shape`` takes ``start`` and ``end``."""

_PREFIX: Final = "voicestream_conv_"
_AXIS, _ZERO = f"{_PREFIX}axis", f"{_PREFIX}zero"


@dataclass(frozen=True)
class _Scaled:
    """Nodes from an integer convolution to its floats."""

    output: str
    input_scale: str
    weight_scale: str
    bias: str
    """Name of the float bias; empty if there is none."""


class _Graph:
    """A graph with its constants, and what makes and uses each tensor."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.constants: Final = {tensor.name: tensor for tensor in graph.initializer}
        self.made_by: Final = {name: node for node in graph.node for name in node.output}
        self._users: Final[dict[str, list[onnx.NodeProto]]] = {}
        self._outputs: Final = frozenset(value.name for value in graph.output)
        for node in graph.node:
            for name in node.input:
                self._users.setdefault(name, []).append(node)

    def only_user(self, name: str, kind: str) -> onnx.NodeProto | None:
        """Return the one node that uses a tensor, if it is of a kind."""
        users = self._users.get(name, [])
        return users[0] if len(users) == 1 and users[0].op_type == kind and name not in self._outputs else None

    def constant_shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a constant; ``(0,)`` for other tensors."""
        return tuple(self.constants[name].dims) if name in self.constants else (0,)

    def values(self, name: str) -> NDArray[np.generic] | None:
        """Return the values of a constant."""
        from onnx import numpy_helper

        return numpy_helper.to_array(self.constants[name]) if name in self.constants else None


def replace(model: onnx.ModelProto) -> int:
    """Replace the integer convolutions over time in place, and return their number; 0 on processors without gain."""
    convolutions = [node for node in model.graph.node if node.op_type == "ConvInteger"]
    versions = [each.version for each in model.opset_import if each.domain in {"", "ai.onnx"}]
    if not convolutions or max(versions, default=0) < _OPSET or not is_exact():
        return 0
    from onnx import TensorProto, helper

    graph = _Graph(model.graph)
    replaced: dict[str, list[onnx.NodeProto]] = {}
    for node in convolutions:
        product = _as_product(node, graph, model.graph)
        if product is not None:
            scaled = _scaled(node, graph)
            # The scale of the output is computed behind the convolution: the product stands where its float was.
            replaced[node.output[0] if scaled is None else scaled.output] = product.nodes(scaled)
    if not replaced:
        return 0
    nodes = [new for node in model.graph.node for new in replaced.get(node.output[0], [node])]
    used = _used(nodes, {value.name for value in model.graph.output})
    del model.graph.node[:]
    model.graph.node.extend(used)
    for name, shape, number in ((_AXIS, [1], 1), (_ZERO, [], 0)):
        model.graph.initializer.append(helper.make_tensor(name, TensorProto.INT64, shape, [number]))
    if all(each.domain != _MICROSOFT for each in model.opset_import):
        model.opset_import.append(helper.make_opsetid(_MICROSOFT, 1))
    return len(replaced)


@functools.cache
def is_exact() -> bool:
    """Return whether products of bytes with and without a sign are exact here: some processors add in 16 bits."""
    import numpy as np
    import onnxruntime
    from onnx import TensorProto, helper

    size = 64
    weights = helper.make_tensor("weights", TensorProto.INT8, [size, size], [127] * (size * size))
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["bytes", "weights"], ["sums"])],
        "product",
        [helper.make_tensor_value_info("bytes", TensorProto.UINT8, [size, size])],
        [helper.make_tensor_value_info("sums", TensorProto.INT32, [size, size])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (sums,) = session.run(None, {"bytes": np.full((size, size), 255, np.uint8)})
    return bool((np.asarray(sums) == 255 * 127 * size).all())


def _scaled(node: onnx.NodeProto, graph: _Graph) -> _Scaled | None:
    """Return how the integers of a convolution become floats; None if not as ONNX Runtime's quantization does it."""
    sums = node.output[0]
    added = graph.only_user(node.output[0], "Add")
    bias = ""
    if added is not None:
        bias = _float_bias(added, node.output[0], graph)
        if not bias:
            return None
        sums = added.output[0]
    cast = graph.only_user(sums, "Cast")
    scale = graph.only_user(cast.output[0], "Mul") if cast is not None else None
    if cast is None or scale is None or all(each.i != _FLOAT for each in cast.attribute):
        return None
    factor = graph.made_by.get(next((name for name in scale.input if name != cast.output[0]), ""))
    if factor is None or factor.op_type != "Mul":
        return None
    weights = [name for name in factor.input if list(graph.constant_shape(name)) in ([], [1])]
    inputs = [name for name in factor.input if name in graph.made_by[node.input[0]].output]
    if len(weights) != 1 or len(inputs) != 1:
        return None
    return _Scaled(scale.output[0], inputs[0], weights[0], bias)


def _float_bias(added: onnx.NodeProto, sums: str, graph: _Graph) -> str:
    """Return the name of the bias from which integers were made that are added to sums; empty if it is another way."""
    name = next((each for each in added.input if each != sums), "")
    for kind in ("Reshape", "Cast", "Floor", "Div"):
        node = graph.made_by.get(name)
        if node is None or node.op_type != kind:
            return ""
        name = node.input[0]
    return name if name in graph.constants and len(graph.constant_shape(name)) == 1 else ""


def _used(nodes: list[onnx.NodeProto], outputs: set[str]) -> list[onnx.NodeProto]:
    """Return the nodes that some outputs depend on; all of them if there are graphs within nodes."""
    if any(attribute.HasField("g") for node in nodes for attribute in node.attribute):
        return nodes
    kept: list[onnx.NodeProto] = []
    for node in reversed(nodes):
        if not outputs.isdisjoint(node.output):
            outputs.update(node.input)
            kept.append(node)
    return kept[::-1]


def _as_product(node: onnx.NodeProto, graph: _Graph, target: onnx.GraphProto) -> _Product | None:
    """Return a convolution as a product; None if it cannot be one."""
    from onnx import helper

    source = graph.made_by.get(node.input[0])
    if source is None or source.op_type != "DynamicQuantizeLinear":
        return None
    settings: dict[str, Any] = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    weights, zero = _signed_weights(node, graph)
    if weights is None or settings.get("group", 1) != 1 or settings.get("auto_pad", b"NOTSET") != b"NOTSET":
        return None
    return _Product(node, weights, zero, settings, target)


def _signed_weights(node: onnx.NodeProto, graph: _Graph) -> tuple[NDArray[np.int8] | None, int]:
    """Return the weights of a convolution over time with a sign, and their zero point; None if they are others."""
    import numpy as np

    weights = graph.values(node.input[1])
    zero = graph.values(node.input[3]) if len(node.input) > 3 and node.input[3] else np.zeros((), np.uint8)  # noqa: PLR2004 - the fourth input
    if weights is None or zero is None or weights.ndim != 3 or zero.size != 1:  # noqa: PLR2004 - channels twice, and time
        return None, 0
    shift = _SIGN if weights.dtype == np.uint8 else 0
    return (weights.astype(np.int16) - shift).astype(np.int8), int(zero.reshape(())) - shift


class _Product:
    """A convolution as a product (im2col): a row for each step in time, with the input bytes of the whole kernel."""

    def __init__(
        self,
        node: onnx.NodeProto,
        weights: NDArray[np.int8],
        zero: int,
        settings: dict[str, Any],
        target: onnx.GraphProto,
    ) -> None:
        self._node = node
        self._weights = weights
        self._zero = zero
        self._target = target
        self._name = _PREFIX + node.output[0]
        self._padding: list[int] = list(settings.get("pads", [0, 0]))
        (self._stride,) = settings.get("strides", [1])
        (self._dilation,) = settings.get("dilations", [1])
        self._nodes: list[onnx.NodeProto] = []

    def nodes(self, scaled: _Scaled | None) -> list[onnx.NodeProto]:
        """Return the nodes from the bytes to the floats, or to the integers where they are scaled elsewhere."""
        import numpy as np

        outputs, inputs, kernel = self._weights.shape
        rows = self._rows(inputs, kernel)
        matrix = self._constant("weights", self._weights.transpose(2, 1, 0).reshape(kernel * inputs, outputs))
        zero = self._constant("weights_zero", np.array(self._zero, np.int8))
        input_zero = self._node.input[2] if len(self._node.input) > 2 else ""  # noqa: PLR2004 - the third input
        if scaled is None:
            made = self._add("MatMulInteger", [rows, matrix, input_zero, zero], "product")
            output = self._node.output[0]
        else:
            taken = [rows, matrix, scaled.input_scale, scaled.weight_scale, input_zero, zero, scaled.bias]
            made = self._add("MatMulIntegerToFloat", taken, "product", domain=_MICROSOFT)
            output = scaled.output
        self._add("Einsum", [made], "", output, equation="btc->bct")
        return self._nodes

    def _rows(self, inputs: int, kernel: int) -> str:
        """Add the nodes that lay the bytes of each step side by side, and return the name of the rows."""
        import numpy as np

        data = self._add("Transpose", [self._node.input[0]], "by_time", perm=[0, 2, 1])
        if any(self._padding):
            before, after = self._padding
            sizes = self._constant("padding", np.array([0, before, 0, 0, after, 0], np.int64))
            zero = self._node.input[2] if len(self._node.input) > 2 else ""  # noqa: PLR2004 - the third input
            data = self._add("Pad", [data, sizes, zero], "padded", mode="constant")
        if kernel == 1 and self._stride == 1:
            return data
        reach = self._constant("reach", np.array((kernel - 1) * self._dilation, np.int64))
        length = self._add("Squeeze", [self._add("Shape", [data], "shape", start=1, end=2)], "length")
        stride = self._constant("stride", np.array(self._stride, np.int64))
        starts = self._add("Range", [_ZERO, self._add("Sub", [length, reach], "end"), stride], "starts")
        offsets = self._constant("offsets", np.arange(kernel, dtype=np.int64)[None] * self._dilation)
        indices = self._add("Add", [self._add("Unsqueeze", [starts, _AXIS], "column"), offsets], "indices")
        gathered = self._add("Gather", [data, indices], "gathered", axis=1)
        width = self._constant("width", np.array([1, -1, kernel * inputs], np.int64))
        return self._add("Reshape", [gathered, width], "rows")

    def _add(
        self,
        kind: str,
        inputs: list[str],
        name: str,
        output: str = "",
        domain: str = "",
        **settings: int | str | list[int],
    ) -> str:
        from onnx import helper

        made = output or f"{self._name}_{name}"
        while inputs and not inputs[-1]:
            inputs.pop()
        node = helper.make_node(kind, inputs, [made], name=f"{self._name}_{kind}_{name}", domain=domain)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in settings.items())
        self._nodes.append(node)
        return made

    def _constant(self, name: str, values: NDArray[np.generic]) -> str:
        from onnx import numpy_helper

        made = f"{self._name}_{name}"
        self._target.initializer.append(numpy_helper.from_array(values, made))
        return made
