"""What cannot be built is refused by name, before anything is written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from compiler.writer import Writer

from tinykit.compiler.lower import lower
from tinykit.compiler.operators import OPERATORS
from tinykit.errors import ModelError
from tinykit.graph.model import Graph
from tinykit.graph.operators import builtin_name
from tinykit.graph.reader import parse_model


def refused(w: Writer | Graph, inputs=(), outputs=()) -> ModelError:
    graph = parse_model(w.finish(inputs, outputs)) if isinstance(w, Writer) else w
    with pytest.raises(ModelError) as caught:
        lower(graph)
    assert caught.value.hint
    return caught.value


def ends(w: Writer, *shape: int, dtype: str = "int8") -> tuple[int, int]:
    scale = None if dtype == "float32" else 0.5
    return w.tensor(shape, dtype, scale=scale), w.tensor(shape, dtype, scale=scale)


def relu() -> Graph:
    w = Writer()
    x, y = ends(w, 1, 4)
    w.op("RELU", [x], [y])
    return parse_model(w.finish([x], [y]))


def with_tensor(graph: Graph, index: int, **changes: object) -> Graph:
    tensors = list(graph.main.tensors)
    tensors[index] = replace(tensors[index], **changes)
    return replace(graph, subgraphs=(replace(graph.main, tensors=tuple(tensors)),))


def test_another_operator_is_named_with_its_place():
    w = Writer()
    x, y = ends(w, 1, 4)
    middle = w.tensor([1, 4], scale=0.5)
    w.op("RELU", [x], [middle])
    w.op("HARD_SWISH", [middle], [y])
    error = refused(w, [x], [y])
    assert error.code == "OPERATOR_UNSUPPORTED"
    assert "Operator 1 (HARD_SWISH)" in error.message


@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_a_model_that_is_not_int8_names_the_way_to_one(dtype):
    w = Writer()
    x, y = ends(w, 1, 4, dtype=dtype)
    w.op("RELU", [x], [y])
    error = refused(w, [x], [y])
    assert error.code == "MODEL_NOT_INT8"
    assert dtype in error.message
    assert "tinykit convert" in error.hint


def test_weights_only_quantization_is_named():
    w = Writer()
    x, y = ends(w, 1, 4, dtype="float32")
    weights = w.tensor([4, 4], scale=0.1, data=np.ones((4, 4)))
    w.op("FULLY_CONNECTED", [x, weights], [y])
    error = refused(w, [x], [y])
    assert error.code == "MODEL_NOT_INT8"
    assert "FULLY_CONNECTED" in error.message
    assert "--calibration" in error.hint


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"shape_signature": (1, -1)}, "SHAPE_DYNAMIC"),
        ({"shape_signature": (-1, 4), "shape": (2, 4)}, "SHAPE_DYNAMIC"),
        ({"shape": (1, 0), "shape_signature": (1, 0)}, "TENSOR_EMPTY"),
        ({"shape": (1 << 20, 1 << 20), "shape_signature": (1 << 20, 1 << 20)}, "TENSOR_TOO_LARGE"),
    ],
)
def test_shapes_that_cannot_be_built(changes, code):
    assert refused(with_tensor(relu(), 0, **changes)).code == code


def test_an_open_batch_written_as_one_is_a_batch_of_one():
    graph = with_tensor(relu(), 0, shape_signature=(-1, 4))
    assert len(lower(graph).layers) == 1


def test_a_hostile_name_is_no_problem():
    graph = with_tensor(relu(), 0, name='"; system("x");//')
    assert lower(graph).layers[0].name == "layer_00_lookup"


def test_a_concatenation_of_different_scales_is_refused():
    w = Writer()
    x, other = w.tensor([1, 2], scale=0.5), w.tensor([1, 2], scale=0.25)
    y = w.tensor([1, 4], scale=0.5)
    w.op("CONCATENATION", [x, other], [y], axis=1)
    error = refused(w, [x, other], [y])
    assert error.code == "LAYER_UNSUPPORTED"
    assert "Operator 0 (CONCATENATION)" in error.message


def test_an_output_shape_that_does_not_follow_is_refused():
    w = Writer()
    x, y = w.tensor([1, 5, 5, 1], scale=0.5), w.tensor([1, 5, 5, 1], scale=0.5)
    weights = w.tensor([1, 3, 3, 1], scale=0.1, data=np.ones((1, 3, 3, 1)))
    w.op("CONV_2D", [x, weights], [y], padding=1, strideH=1, strideW=1)
    assert "does not follow" in refused(w, [x], [y]).message


def test_a_variable_that_nobody_initialises_is_refused():
    w = Writer()
    x, y = ends(w, 1, 4)
    handle = w.tensor([], "resource")
    w.op("VAR_HANDLE", [], [handle], sharedName="s")
    w.op("ASSIGN_VARIABLE", [handle, x], [])
    w.op("RELU", [x], [y])
    assert "VAR_HANDLE" in refused(w, [x], [y]).message


def test_the_table_of_operators_names_real_ones():
    known = {builtin_name(code) for code in range(256)}
    assert set(OPERATORS) <= known
    assert all(entry.note for entry in OPERATORS.values())
