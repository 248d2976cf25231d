"""Integer convolutions as matrix products: the same integers, and floats that differ by the rounding of the bias."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from voicestream.workers.onnx_voice import integer_convolutions
from voicestream.workers.onnx_voice.session import Session

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

CHANNELS, OUTPUTS, STEPS = 5, 7, 40

_INTEGERS = """
    data, scale, zero = DynamicQuantizeLinear(sound)
    sums = ConvInteger<SETTINGS>(data, weights, zero, weights_zero)
"""
_FLOATS = """
    both = Mul(scale, weights_scale)
    ratio = Div(bias, both)
    floor = Floor(ratio)
    whole = Cast<to = 6>(floor)
    bias_shape = Constant<value = int64[3] {1, -1, 1}>()
    column = Reshape(whole, bias_shape)
    biased = Add(sums, column)
    float_sums = Cast<to = 1>(biased)
    result = Mul(float_sums, both)
"""
_WITHOUT_BIAS = """
    both = Mul(scale, weights_scale)
    float_sums = Cast<to = 1>(sums)
    result = Mul(float_sums, both)
"""


def network(settings: str, body: str = "", kind: type = np.uint8, kernel: int = 3) -> onnx.ModelProto:
    """A quantized convolution, to floats with one of the bodies, without one to integers."""
    from onnx import numpy_helper, parser

    output = ("float", "result") if body else ("int32", "sums")
    model = parser.parse_model(
        f'<ir_version: 8, opset_import: ["": 17]>\n'
        f"conv (float[1, {CHANNELS}, steps] sound) => ({output[0]}[1, {OUTPUTS}, left] {output[1]}) {{"
        f"{(_INTEGERS + body).replace('SETTINGS', settings)}}}"
    )
    generator = np.random.default_rng(3)
    limits = np.iinfo(kind)
    constants = {
        "weights": generator.integers(limits.min, limits.max + 1, (OUTPUTS, CHANNELS, kernel)).astype(kind),
        "weights_zero": np.array(limits.max // 3, kind),
        "weights_scale": np.array(0.01, np.float32),
        "bias": generator.standard_normal(OUTPUTS).astype(np.float32),
    }
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    return model


def run(model: onnx.ModelProto) -> NDArray[np.generic]:
    session = Session(model.SerializeToString(), 1)
    sound = np.random.default_rng(4).standard_normal((1, CHANNELS, STEPS)).astype(np.float32)
    steps = session.compute({"sound": sound})
    try:
        while True:
            next(steps)
    except StopIteration as stop:
        return next(iter(stop.value.values()))
    finally:
        session.close()


def kinds(model: onnx.ModelProto) -> set[str]:
    return {node.op_type for node in model.graph.node}


@pytest.fixture(autouse=True)
def products_are_exact() -> None:
    if not integer_convolutions.is_exact():
        pytest.skip("this processor adds products of bytes in 16 bits")


@pytest.mark.parametrize("kind", [np.uint8, np.int8])
@pytest.mark.parametrize(
    ("settings", "kernel"),
    [
        ("pads = [1, 1]", 3),
        ("pads = [0, 2], dilations = [2]", 3),
        ("pads = [3, 3], strides = [6]", 12),
        ("kernel_shape = [1]", 1),
        ("strides = [2]", 1),
        ("pads = [2, 2]", 1),
    ],
)
def test_the_integers_are_the_same(settings: str, kernel: int, kind: type) -> None:
    model = network(settings, "", kind, kernel)
    expected = run(model)
    assert integer_convolutions.replace(model) == 1
    assert "ConvInteger" not in kinds(model)
    assert np.array_equal(run(model), expected)


def test_the_floats_differ_by_the_rounding_of_the_bias_only() -> None:
    model = network("pads = [1, 1]", _FLOATS)
    rounded = run(model)
    assert integer_convolutions.replace(model) == 1
    assert kinds(model).isdisjoint({"ConvInteger", "Floor", "Div", "Mul"})
    exact = run(model)
    assert rounded.shape == exact.shape
    assert (exact >= rounded - 1e-5).all()  # it was rounded down
    assert np.abs(exact - rounded).max() < 0.01 * 6 / 255 + 1e-5  # by less than one unit of both scales


def test_floats_without_a_bias_are_the_same() -> None:
    model = network("pads = [1, 1]", _WITHOUT_BIAS)
    expected = run(model)
    assert integer_convolutions.replace(model) == 1
    np.testing.assert_allclose(run(model), expected, rtol=1e-6)


def test_what_is_no_plain_convolution_over_time_is_left_alone() -> None:
    model = network('auto_pad = "SAME_UPPER"', _FLOATS)
    assert integer_convolutions.replace(model) == 0
    assert "ConvInteger" in kinds(model)


def test_processors_that_add_in_16_bits_keep_the_convolutions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integer_convolutions, "is_exact", lambda: False)
    model = network("pads = [1, 1]", _FLOATS)
    assert integer_convolutions.replace(model) == 0
    assert "ConvInteger" in kinds(model)
