"""Deterministic noise in an ONNX network, by replacing its random operators.

The sound source of Kokoro contains noise from ONNX operators with their own generator, whose state depends on the clock
and on earlier calls. They are replaced by lookups in noise tables, which are inputs of the network. The tables are long
enough that their repetition, after seconds, is not audible.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import onnx
    from numpy.typing import NDArray

NORMAL: Final = "voicestream_normal"
UNIFORM: Final = "voicestream_uniform"
"""Names of the inputs for the noise tables."""

_TABLES: Final = {"RandomNormalLike": NORMAL, "RandomUniformLike": UNIFORM}
_LENGTHS: Final = {NORMAL: 2**20, UNIFORM: 2**12}

_STRIDE: Final = 1009
"""Distance of the start positions of two operators in a table."""


def noise_tables(names: Iterable[str], seed: int) -> dict[str, NDArray[np.float32]]:
    """Return the noise tables for the inputs of a network; the same for the same seed.

    Seeds differ in where the same numbers begin: drawing a million for each text takes 9 ms, turning them 0.1 ms.
    """
    import numpy as np

    begin = int(np.random.SeedSequence(seed).generate_state(1)[0])
    return {name: np.roll(_drawn(name), -begin) for name in names if name in _LENGTHS}


@functools.cache
def _drawn(name: str) -> NDArray[np.float32]:
    """Return the numbers of a table, drawn once in a process."""
    import numpy as np

    generator = np.random.default_rng(0)
    if name == NORMAL:
        return generator.standard_normal(_LENGTHS[name], np.float32)
    return generator.random(_LENGTHS[name], np.float32)


def replace_random(model: onnx.ModelProto) -> int:
    """Replace all random operators in place, and return their number.

    Raises:
        ValueError: there is an operator that Kokoro does not use.
    """
    from onnx import TensorProto, helper

    unsupported = {node.op_type for node in model.graph.node if _is_random(node)} - set(_TABLES)
    if unsupported:
        raise ValueError(f"a network with the random operators {', '.join(sorted(unsupported))}")
    count = 0
    for index in reversed(range(len(model.graph.node))):
        node = model.graph.node[index]
        if node.op_type in _TABLES:
            count += 1
            new = _lookup_nodes(node, _TABLES[node.op_type], count)
            del model.graph.node[index]
            for added in reversed(new):
                model.graph.node.insert(index, added)
    available = {value.name for value in model.graph.input}
    used = {name for node in model.graph.node for name in node.input}
    for name in sorted(set(_LENGTHS) & used - available):
        model.graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [_LENGTHS[name]]))
    return count


def _is_random(node: onnx.NodeProto) -> bool:
    return node.op_type.startswith("Random") or node.op_type in {"Multinomial", "Bernoulli"}


def _lookup_nodes(node: onnx.NodeProto, table: str, number: int) -> list[onnx.NodeProto]:
    """Return nodes that look up as many values of a table as the input of a random node has, in its shape."""
    from onnx import TensorProto, helper

    settings = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    if table == NORMAL:
        scale, shift = float(settings.get("scale", 1.0)), float(settings.get("mean", 0.0))
    else:
        shift = float(settings.get("low", 0.0))
        scale = float(settings.get("high", 1.0)) - shift
    start = number * _STRIDE
    name = f"{table}_{number}_"
    nodes: list[onnx.NodeProto] = []

    def add(kind: str, inputs: list[str], output: str) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], name=output + "_node"))
        return output

    def constant(what: str, value: float, kind: int) -> str:
        name_of_output = add("Constant", [], name + what)
        tensor = helper.make_tensor(name + what, kind, [], [value])
        nodes[-1].attribute.append(helper.make_attribute("value", tensor))
        return name_of_output

    whole, number_type = TensorProto.INT64, TensorProto.FLOAT
    begin = constant("begin", start, whole)
    end = add("Add", [add("Size", [node.input[0]], name + "size"), begin], name + "end")
    positions = add("Range", [begin, end, constant("step", 1, whole)], name + "places")
    wrapped = add("Mod", [positions, constant("length", _LENGTHS[table], whole)], name + "wrapped")
    gathered = add("Gather", [table, wrapped], name + "drawn")
    scaled = add("Mul", [gathered, constant("scale", scale, number_type)], name + "scaled")
    shifted = add("Add", [scaled, constant("shift", shift, number_type)], name + "shifted")
    reshaped = add("Reshape", [shifted, add("Shape", [node.input[0]], name + "shape")], name + "shaped")
    add("Cast", [reshaped], node.output[0])
    nodes[-1].attribute.append(helper.make_attribute("to", int(settings.get("dtype", number_type))))
    return nodes
