"""The converter's claim, checked on the file that it wrote: full integer, fixed batch, built-in operators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tinykit.conversion.calibration import Finding
from tinykit.conversion.messages import LayerSpec
from tinykit.errors import ConversionError
from tinykit.graph.model import Graph, Operator, Subgraph

_FLOATS = frozenset({"float16", "float32", "float64", "bfloat16"})
_EDGE = frozenset({"QUANTIZE", "DEQUANTIZE"})
_CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "CONV_3D"})
_ACTIVATIONS = {1: "ReLU", 2: "ReLU", 3: "ReLU6", 4: "tanh"}


def check_claims(graph: Graph, io: str, layers: Sequence[LayerSpec]) -> tuple[Finding, ...]:
    """Raise ConversionError where ``graph`` is not what was asked for; warnings come back.

    Codes raised: ``CUSTOM_OPERATOR``, ``UNSUPPORTED_OPERATOR``, ``FREE_BATCH``, ``WRONG_IO``. ``layers`` are
    the float model's, for naming the culprit.
    """
    for subgraph in graph.subgraphs:
        _no_custom(subgraph)
        _no_float(subgraph, io, layers)
        _no_free_batch(subgraph)
    _io_dtypes(graph.main, io)
    return tuple(_unfolded(graph.main))


def _no_custom(subgraph: Subgraph) -> None:
    names = sorted({operator.name for operator in subgraph.operators if operator.is_custom})
    if names:
        raise ConversionError(
            f"The converted model has operators that are not built in: {', '.join(names)}.",
            hint="replace the layers that they come from; runtimes on boards have built-in operators only.",
            code="CUSTOM_OPERATOR",
        )


def _no_float(subgraph: Subgraph, io: str, layers: Sequence[LayerSpec]) -> None:
    culprits = Counter(
        operator.name
        for operator in subgraph.operators
        if _touches_float(subgraph, operator) and not _is_edge(subgraph, operator, io)
    )
    # Conversions around a float operator are its consequence, not the cause.
    named = {name: n for name, n in culprits.items() if name not in _EDGE} or dict(culprits)
    if named:
        listed = ", ".join(f"{name} ({n}x)" if n > 1 else name for name, n in sorted(named.items()))
        kinds = sorted({layer.kind for layer in layers})
        raise ConversionError(
            f"Not everything became int8: TensorFlow left {listed} in float.",
            hint="That operator has no int8 version. Replace the layer it comes from"
            + (f" (the model has {', '.join(kinds)[:160]})." if kinds else "."),
            code="UNSUPPORTED_OPERATOR",
        )


def _touches_float(subgraph: Subgraph, operator: Operator) -> bool:
    indices = [i for i in (*operator.inputs, *operator.outputs) if i >= 0]
    return any(subgraph.tensor(i).dtype in _FLOATS for i in indices)


def _is_edge(subgraph: Subgraph, operator: Operator, io: str) -> bool:
    """Whether the operator is the allowed conversion at an end of a model with float inputs and outputs."""
    if io != "float32":
        return False
    return (operator.name == "QUANTIZE" and operator.inputs[0] in subgraph.inputs) or (
        operator.name == "DEQUANTIZE" and operator.outputs[0] in subgraph.outputs
    )


def _no_free_batch(subgraph: Subgraph) -> None:
    free = any(-1 in tensor.shape_signature for tensor in subgraph.tensors)
    shapes = any(operator.name == "SHAPE" for operator in subgraph.operators)
    if free or shapes:
        raise ConversionError(
            "The converted model still computes shapes while it runs (SHAPE, STRIDED_SLICE, PACK).",
            hint="a layer reads the batch size: build the model with Input(batch_shape=(1, ...)).",
            code="FREE_BATCH",
        )


def _io_dtypes(subgraph: Subgraph, io: str) -> None:
    ends = [subgraph.tensor(i) for i in (*subgraph.inputs, *subgraph.outputs)]
    wrong = [tensor for tensor in ends if tensor.dtype != io]
    unscaled = [tensor for tensor in ends if io != "float32" and tensor.quantization is None]
    if wrong or unscaled:
        tensor = (wrong or unscaled)[0]
        what = f"{tensor.dtype}, not {io}" if wrong else f"{io} without a scale"
        raise ConversionError(
            f"Tensor {tensor.name!r} at the model's end came out as {what}.",
            hint="choose another --io, or end the model in a layer with real values.",
            code="WRONG_IO",
        )


def _unfolded(subgraph: Subgraph) -> list[Finding]:
    """MUL and ADD by constants after a convolution: a batch normalization that could not be folded."""
    makers = {output: operator for operator in subgraph.operators for output in operator.outputs}
    findings = []
    for operator in subgraph.operators:
        if operator.name not in ("MUL", "ADD") or len(operator.inputs) != 2:
            continue
        constants = [i for i in operator.inputs if i >= 0 and subgraph.tensor(i).data is not None]
        maker = next((makers[i] for i in operator.inputs if i in makers), None)
        if not constants or maker is None or maker.name not in _CONVOLUTIONS:
            continue
        fused = maker.options.get("fused_activation_function", 0)
        between = _ACTIVATIONS.get(fused if isinstance(fused, int) else 0, "")
        order = f"convolution → {between} → batch normalization" if between else "convolution → scaling"
        findings.append(
            Finding(
                "UNFOLDED_AFTER_CONVOLUTION",
                "warn",
                f"{operator.name} {subgraph.tensor(operator.outputs[0]).name!r} stays after "
                f"{maker.name} (operator {maker.index}): the layer order is {order}.",
                "Put BatchNormalization directly after the convolution and the activation behind it: then it "
                "folds into the weights and costs nothing.",
            )
        )
    return findings
