"""What the converter's claim means, on graphs written by hand that break it one way each."""

from __future__ import annotations

import pytest
from graph.building import Builder, graph

from tinykit.conversion.claims import check_claims
from tinykit.conversion.messages import LayerSpec
from tinykit.errors import ConversionError

LAYERS = (LayerSpec("a", "Activation"),)


def chain(*steps: tuple[str, str], first: str = "int8", custom: bool = False, signature=None):
    """Operators in a row; each step is (name, dtype of its output). The graph's ends are the chain's."""
    build = Builder()
    start = last = build.tensor(1, 4, dtype=first, scales=int(first != "float32"), signature=signature)
    for name, dtype in steps:
        following = build.tensor(1, 4, dtype=dtype, scales=int(dtype != "float32"))
        build.op(name, [last], [following], custom=custom)
        last = following
    return graph(build.subgraph([start], [last]))


def test_an_integer_network_passes() -> None:
    assert check_claims(chain(("RELU", "int8")), "int8", LAYERS) == ()


def test_float_ends_pass_where_they_were_asked_for_and_not_elsewhere() -> None:
    ends = chain(("QUANTIZE", "int8"), ("RELU", "int8"), ("DEQUANTIZE", "float32"), first="float32")
    assert check_claims(ends, "float32", LAYERS) == ()
    with pytest.raises(ConversionError) as caught:
        check_claims(ends, "int8", LAYERS)
    assert caught.value.code == "UNSUPPORTED_OPERATOR"


@pytest.mark.parametrize("io", ["int8", "float32"])
def test_a_float_operator_inside_is_named_without_the_conversions_round_it(io: str) -> None:
    steps = [("DEQUANTIZE", "float32"), ("SIN", "float32"), ("QUANTIZE", "int8"), ("RELU", "int8")]
    with pytest.raises(ConversionError, match=r"left SIN in float") as caught:
        check_claims(chain(*steps), io, LAYERS)
    assert "Activation" in caught.value.hint


@pytest.mark.parametrize(
    ("model", "io", "code"),
    [
        (chain(("FlexErf", "int8"), custom=True), "int8", "CUSTOM_OPERATOR"),
        (chain(("SHAPE", "int8")), "int8", "FREE_BATCH"),
        (chain(("RELU", "int8"), signature=(-1, 4)), "int8", "FREE_BATCH"),
        (chain(("RELU", "int8")), "uint8", "WRONG_IO"),
    ],
)
def test_each_broken_claim_has_its_code(model, io: str, code: str) -> None:
    with pytest.raises(ConversionError) as caught:
        check_claims(model, io, LAYERS)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("activation", "order"),
    [
        (0, "convolution → scaling"),
        (1, "convolution → ReLU → batch normalization"),
        (3, "convolution → ReLU6 → batch normalization"),
    ],
)
def test_what_stays_after_a_convolution_names_the_order(activation: int, order: str) -> None:
    build = Builder()
    x, weights = build.tensor(1, 4, 4, 1, scales=1), build.constant(2, 3, 3, 1, scales=2)
    convolved, scaled = build.tensor(1, 2, 2, 2, scales=1), build.tensor(1, 2, 2, 2, scales=1)
    build.op("CONV_2D", [x, weights], [convolved], {"fused_activation_function": activation})
    build.op("MUL", [convolved, build.constant(2, scales=1)], [scaled])
    (finding,) = check_claims(graph(build.subgraph([x], [scaled])), "int8", LAYERS)
    assert finding.code == "UNFOLDED_AFTER_CONVOLUTION" and order in finding.message


def test_adding_two_activations_is_no_leftover() -> None:
    build = Builder()
    x, weights = build.tensor(1, 4, 4, 2, scales=1), build.constant(2, 3, 3, 2, scales=2)
    convolved, total = build.tensor(1, 4, 4, 2, scales=1), build.tensor(1, 4, 4, 2, scales=1)
    build.op("CONV_2D", [x, weights], [convolved], {"fused_activation_function": 1})
    build.op("ADD", [convolved, x], [total])
    assert check_claims(graph(build.subgraph([x], [total])), "int8", LAYERS) == ()
