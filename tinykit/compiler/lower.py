"""From a checked graph to a Program: refuse what cannot be built, translate each operator, run the passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NoReturn

from tinykit.compiler.names import comment, numbered
from tinykit.compiler.operators import OPERATORS
from tinykit.compiler.passes import edit
from tinykit.compiler.passes.compose_slices import compose_slices
from tinykit.compiler.passes.drop_dead import drop_dead
from tinykit.compiler.passes.fold_constants import fold_constants
from tinykit.compiler.passes.fuse_lookups import fuse_lookups
from tinykit.compiler.passes.fuse_pad import fuse_pad
from tinykit.compiler.passes.fuse_residual import fuse_residual
from tinykit.compiler.passes.settle_state import settle_state
from tinykit.compiler.passes.still_channels import still_channels
from tinykit.compiler.program import Attributes, Copy, Layer, Pool, Program
from tinykit.compiler.translate.builder import QUANTIZE_HINT, Builder
from tinykit.compiler.translate.entry import Entry
from tinykit.errors import ModelError
from tinykit.graph.model import Graph, Tensor

Pass = Callable[[Program], Program]

# Clamps before the residual ADD, which needs the convolution to be final. State last: where it is read and
# written is judged once nothing moves any more.
PASSES: tuple[Pass, ...] = (
    fold_constants,
    compose_slices,
    fuse_pad,
    fuse_lookups,
    fuse_residual,
    drop_dead,
    settle_state,
    still_channels,
)

# No microcontroller holds a tensor of this size, and 32-bit offsets reach it.
MAX_TENSOR_BYTES = 1 << 28

_C_NAMES: dict[str, str] = {
    "Conv2D": "conv_2d",
    "DepthwiseConv2D": "depthwise_conv_2d",
    "FullyConnected": "fully_connected",
}


def lower(graph: Graph, operators: Mapping[str, Entry] = OPERATORS) -> Program:
    """The Program of ``graph``'s main subgraph, translated by the table ``operators``.

    Raises ModelError: code ``OPERATOR_UNSUPPORTED`` for an operator that is not in the table,
    ``MODEL_NOT_INT8`` for one that is not quantized to 8 bits, ``SHAPE_DYNAMIC``, ``TENSOR_EMPTY`` and
    ``TENSOR_TOO_LARGE`` for such tensors, and ``LAYER_UNSUPPORTED`` where an operator's options or shapes
    are none that can be built.
    """
    check(graph, operators)
    build = Builder(graph)
    for op in graph.main.operators:
        operators[op.name].translate(build, op)
    program = build.program()
    for run in PASSES:
        program = run(program)
    return _numbered(_with_real_outputs(program))


def check(graph: Graph, operators: Mapping[str, Entry] = OPERATORS) -> None:
    """Refuse what no operator could take, naming it; see :func:`lower` for the codes."""
    main = graph.main
    if not main.operators or not main.inputs or not main.outputs:
        raise ModelError(
            "The model has no operators, no input or no output.",
            hint="tinykit builds models that compute outputs from inputs.",
            code="LAYER_UNSUPPORTED",
        )
    for op in main.operators:
        if op.is_custom or op.name not in operators:
            name = comment(op.name)
            raise ModelError(
                f"Operator {op.index} ({name}) cannot be built.",
                hint=f"replace the layer that makes {name}; docs/reference/operators.md lists what can be.",
                code="OPERATOR_UNSUPPORTED",
            )
        for tensor in (main.tensor(i) for i in (*op.inputs, *op.outputs) if i >= 0):
            _check_tensor(tensor, f"Operator {op.index} ({op.name})")
    for index in (*main.inputs, *main.outputs):
        tensor = main.tensor(index)
        if tensor.dtype not in ("int8", "uint8", "float32"):
            raise ModelError(
                f"Tensor {index}, an input or output of the model, is {tensor.dtype}.",
                hint=QUANTIZE_HINT,
                code="MODEL_NOT_INT8",
            )


def _check_tensor(tensor: Tensor, place: str) -> None:
    where, signature = f"{place}: tensor {tensor.index}", list(tensor.shape_signature)
    # An open batch dimension that is written as 1 is a batch of 1.
    open_batch = signature[:1] == [-1] and tensor.shape[0] != 1
    if open_batch or any(size < 0 for size in signature[1:]):
        _refuse(f"{where} has open dimensions: {signature}.", code="SHAPE_DYNAMIC")
    if tensor.is_variable:
        _refuse(f"{where} is state of the old kind, without a resource.", code="LAYER_UNSUPPORTED")
    if tensor.dtype == "resource":
        return
    if 0 in tensor.shape:
        _refuse(f"{where} has no elements: {list(tensor.shape)}.", code="TENSOR_EMPTY")
    if tensor.size_bytes > MAX_TENSOR_BYTES:
        _refuse(f"{where} takes {tensor.size_bytes} bytes.", code="TENSOR_TOO_LARGE")


def _refuse(message: str, *, code: str) -> NoReturn:
    hint = "convert the model again with fixed sizes, a batch of 1, and layers that fit."
    raise ModelError(message, hint=hint, code=code)


def _with_real_outputs(program: Program) -> Program:
    """Outputs that are constants or state get memory of their own: the caller may not see either change."""
    build_values = list(program.values)
    layers, outputs = list(program.layers), list(program.outputs)
    for position, output in enumerate(program.outputs):
        source = edit.root(program, output)
        if source.data is None and source.variable is None:
            continue
        copy = replace(
            program.value(output), id=len(build_values), data=None, variable=None, view_of=None, tensor=-1
        )
        build_values.append(copy)
        layers.append(Layer(len(layers), "", Copy(), (output,), (copy.id,), ()))
        outputs[position] = copy.id
    return replace(program, values=tuple(build_values), layers=tuple(layers), outputs=tuple(outputs))


def _numbered(program: Program) -> Program:
    layers = [
        replace(layer, index=k, name=numbered("layer", k, layer_word(layer.attributes)))
        for k, layer in enumerate(program.layers)
    ]
    return program.with_layers(tuple(layers))


def layer_word(attributes: Attributes) -> str:
    """What a layer's name says: ``conv_2d``, ``average_pool``, ``lookup``."""
    if isinstance(attributes, Pool):
        return f"{attributes.kind}_pool"
    kind = type(attributes).__name__
    return _C_NAMES.get(kind, kind.lower())
