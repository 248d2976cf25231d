"""Makes a network say the same thing twice.

Kokoro's source of sound has noise in it, made by operators of ONNX that draw from a generator of their own: what they
give depends on the clock and on all that was said before. Here they are replaced by a look-up in tables that come in
with each text. The tables are long enough that nobody hears them begin again (seconds).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import onnx
    from numpy.typing import NDArray

NORMAL: Final = "voicestream_normal"
UNIFORM: Final = "voicestream_uniform"
"""Names of the inputs with tables."""

_TABLES: Final = {"RandomNormalLike": NORMAL, "RandomUniformLike": UNIFORM}
_LENGTHS: Final = {NORMAL: 2**20, UNIFORM: 2**12}

_APART: Final = 1009
"""Two operators begin at different places of a table."""


def tables(names: Iterable[str], seed: int) -> dict[str, NDArray[np.float32]]:
    """The tables for those inputs of a network that are some; always the same for a seed."""
    import numpy as np

    generator = np.random.default_rng(seed)
    there = {
        NORMAL: generator.standard_normal(_LENGTHS[NORMAL], np.float32),
        UNIFORM: generator.random(_LENGTHS[UNIFORM], np.float32),
    }
    return {name: there[name] for name in names if name in there}


def replace_random(model: onnx.ModelProto) -> int:
    """Replace all operators that draw numbers, in place; returns how many there were.

    Raises:
        ValueError: there is one of a kind that Kokoro does not have.
    """
    from onnx import TensorProto, helper

    rest = {node.op_type for node in model.graph.node if _is_random(node)} - set(_TABLES)
    if rest:
        raise ValueError(f"a network that draws numbers by {', '.join(sorted(rest))}")
    count = 0
    for index in reversed(range(len(model.graph.node))):
        node = model.graph.node[index]
        if node.op_type in _TABLES:
            count += 1
            new = _look_up(node, _TABLES[node.op_type], count)
            del model.graph.node[index]
            for added in reversed(new):
                model.graph.node.insert(index, added)
    there = {value.name for value in model.graph.input}
    used = {name for node in model.graph.node for name in node.input}
    for name in sorted(set(_LENGTHS) & used - there):
        model.graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [_LENGTHS[name]]))
    return count


def _is_random(node: onnx.NodeProto) -> bool:
    return node.op_type.startswith("Random") or node.op_type in {"Multinomial", "Bernoulli"}


def _look_up(node: onnx.NodeProto, table: str, number: int) -> list[onnx.NodeProto]:
    """Nodes that give as many numbers of a table as the node's input has, in its shape."""
    from onnx import TensorProto, helper

    settings = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    if table == NORMAL:
        scale, shift = float(settings.get("scale", 1.0)), float(settings.get("mean", 0.0))
    else:
        shift = float(settings.get("low", 0.0))
        scale = float(settings.get("high", 1.0)) - shift
    start = number * _APART
    name = f"{table}_{number}_"
    nodes: list[onnx.NodeProto] = []

    def add(kind: str, inputs: list[str], output: str) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], name=output + "_node"))
        return output

    def constant(what: str, value: float, kind: int) -> str:
        made = add("Constant", [], name + what)
        tensor = helper.make_tensor(name + what, kind, [], [value])
        nodes[-1].attribute.append(helper.make_attribute("value", tensor))
        return made

    whole, number_type = TensorProto.INT64, TensorProto.FLOAT
    begin = constant("begin", start, whole)
    end = add("Add", [add("Size", [node.input[0]], name + "size"), begin], name + "end")
    places = add("Range", [begin, end, constant("step", 1, whole)], name + "places")
    wrapped = add("Mod", [places, constant("length", _LENGTHS[table], whole)], name + "wrapped")
    drawn = add("Gather", [table, wrapped], name + "drawn")
    scaled = add("Mul", [drawn, constant("scale", scale, number_type)], name + "scaled")
    shifted = add("Add", [scaled, constant("shift", shift, number_type)], name + "shifted")
    shaped = add("Reshape", [shifted, add("Shape", [node.input[0]], name + "shape")], name + "shaped")
    add("Cast", [shaped], node.output[0])
    nodes[-1].attribute.append(helper.make_attribute("to", int(settings.get("dtype", number_type))))
    return nodes
