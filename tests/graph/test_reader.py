"""Equal to LiteRT on real files, lenient where they deviate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ai_edge_litert.schema_py_generated as litert
import numpy as np
import pytest
from graph.files import constant_file, opcode, operator, small_file, small_model, tensor
from graph.litert_reading import differences, pack

from tinykit.errors import ModelError
from tinykit.graph.reader import parse_model, read_model

FIRMWARE_MODELS = sorted(Path(__file__).parents[2].glob("firmware_models/models/*/*.tflite"))


# --- real files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FIRMWARE_MODELS, ids=lambda path: path.stem)
def test_reference_models_are_read_as_litert_reads_them(path: Path) -> None:
    assert differences(read_model(path), path.read_bytes()) == []


def test_wakeword_models_are_read_as_litert_reads_them(wakeword_models: tuple[Path, ...]) -> None:
    for path in wakeword_models:
        assert differences(read_model(path), path.read_bytes()) == []


def test_mlperf_tiny_models_are_read_as_litert_reads_them(reference_models: Path) -> None:
    paths = sorted(reference_models.glob("*.tflite"))
    assert len(paths) == 2
    for path in paths:
        assert differences(read_model(path), path.read_bytes()) == []


def test_a_real_file_says_what_it_is(reference_models: Path) -> None:
    graph = read_model(reference_models / "kws_ref_model.tflite")
    assert graph.sha256 == "aeea436800704fce17b17292e4412630ad856e9d777c044c64ef748a880bd0ae"
    assert graph.file_bytes == 53936
    main = graph.main
    assert [main.tensor(i).shape for i in main.inputs] == [(1, 49, 10, 1)]
    assert [main.tensor(i).shape for i in main.outputs] == [(1, 12)]
    first = main.operators[0]
    assert (first.name, first.version, first.is_custom) == ("CONV_2D", 3, False)
    assert first.options["stride_h"] == 2
    weights = main.tensor(first.inputs[1])
    assert weights.quantization is not None
    assert weights.quantization.per_axis
    assert weights.quantization.axis == 0


# --- made files ---------------------------------------------------------------------------------------------


def test_constants_are_read_only_views_on_the_file() -> None:
    data = small_file()
    constant = parse_model(data).main.tensor(1).data
    assert constant is not None
    np.testing.assert_array_equal(constant, np.arange(6, dtype=np.float32).reshape(2, 3))
    assert not constant.flags.writeable
    assert np.may_share_memory(constant, np.frombuffer(data, np.uint8))


@pytest.mark.parametrize(
    ("dtype", "size"),
    [
        ("FLOAT16", 12),
        ("BFLOAT16", 12),
        ("FLOAT64", 48),
        ("INT8", 6),
        ("UINT8", 6),
        ("INT16", 12),
        ("UINT16", 12),
        ("INT32", 24),
        ("UINT32", 24),
        ("INT64", 48),
        ("UINT64", 48),
        ("COMPLEX64", 48),
        ("COMPLEX128", 96),
        ("FLOAT8_E5M2", 6),
        ("BOOL", 6),
    ],
)
def test_a_constant_has_the_size_of_its_type_and_shape(dtype: str, size: int) -> None:
    data = constant_file(dtype, (2, 3), b"\1" * size)
    graph = parse_model(data)
    extra = graph.main.tensors[3]
    assert extra.dtype == dtype.lower()
    assert extra.data is not None
    assert extra.data.shape == (2, 3)
    assert extra.size_bytes == size
    assert differences(graph, data) == []
    for wrong in (size - 1, size + 1):
        with pytest.raises(ModelError, match=rf"subgraphs\[0\].tensors\[3\].buffer: {wrong} bytes"):
            parse_model(constant_file(dtype, (2, 3), b"\1" * wrong))


@pytest.mark.parametrize(("dtype", "size"), [("INT4", 4), ("UINT4", 4), ("INT2", 2)])
def test_packed_constants_are_the_bytes_as_stored(dtype: str, size: int) -> None:
    data = constant_file(dtype, (7,), bytes(range(size)))
    extra = parse_model(data).main.tensors[3]
    assert extra.data is not None
    assert extra.data.tolist() == list(range(size))
    assert extra.size_bytes == size
    with pytest.raises(ModelError, match="takes"):
        parse_model(constant_file(dtype, (7,), bytes(size + 1)))


def test_strings_are_the_bytes_as_stored_and_handles_have_none() -> None:
    stored = np.array([1, 12, 14], np.int32).tobytes() + b"ab"
    extra = parse_model(constant_file("STRING", (1,), stored)).main.tensors[3]
    assert extra.data is not None
    assert extra.data.tobytes() == stored
    assert extra.size_bytes == 0
    with pytest.raises(ModelError, match="type resource with constant data"):
        parse_model(constant_file("RESOURCE", (1,), stored))


def test_a_truth_value_is_0_or_1() -> None:
    with pytest.raises(ModelError, match="neither 0 nor 1"):
        parse_model(constant_file("BOOL", (2,), b"\1\2"))


@pytest.mark.parametrize("more", [{}, {"scale": [0.5, 0.25], "zero_point": [0, 3], "axis": 0}])
def test_an_empty_constant_is_a_constant(more: dict[str, Any]) -> None:
    def edit(model: Any) -> None:
        model.subgraphs[0].tensors.append(tensor("none", (0, 3), buffer=1))
        model.subgraphs[0].operators[0].inputs = np.array([0, 3], np.int32)
        model.buffers[1] = litert.BufferT()

    graph = parse_model(small_file(edit))
    assert graph.main.tensors[3].size_bytes == 0
    assert parse_model(constant_file("INT8", (2, 1), b"\0\0", **more)).main.tensors[3].data is not None


def test_names_that_are_not_text_can_be_printed() -> None:
    graph = parse_model(small_file().replace(b"main", b"m\xff\nn"))
    assert graph.main.name == "m\\xff\nn"


def test_what_the_file_leaves_out_is_empty() -> None:
    def edit(model: Any) -> None:
        model.subgraphs[0].name = None
        model.subgraphs[0].tensors[0].name = None
        model.subgraphs[0].operators[0].builtinOptionsType = 0
        model.subgraphs[0].operators[0].builtinOptions = None

    graph = parse_model(small_file(edit))
    assert (graph.description, graph.signatures, graph.metadata) == ("", (), ())
    assert (graph.main.name, graph.main.tensors[0].name) == ("", "")
    added = graph.main.operators[0]
    assert added.options_type == ""
    assert added.options == {"fused_activation_function": 0, "pot_scale_int16": True}


def test_signatures_metadata_and_open_dimensions_are_read() -> None:
    def edit(model: Any) -> None:
        model.description = "made for a test"
        model.subgraphs[0].tensors[0].shapeSignature = np.array([-1, 3], np.int32)
        x, y = litert.TensorMapT(name="in", tensorIndex=0), litert.TensorMapT(name="out", tensorIndex=2)
        model.signatureDefs = [litert.SignatureDefT(inputs=[x], outputs=[y], signatureKey="serve")]
        model.metadata = [litert.MetadataT(name="note", buffer=2)]
        model.buffers.append(litert.BufferT(data=np.frombuffer(b"hello", np.uint8)))

    graph = parse_model(data := small_file(edit))
    assert graph.description == "made for a test"
    assert graph.metadata == (("note", b"hello"),)
    (signature,) = graph.signatures
    assert (signature.key, signature.subgraph) == ("serve", 0)
    assert (signature.inputs, signature.outputs) == ((("in", 0),), (("out", 2),))
    assert graph.main.tensors[0].shape_signature == (-1, 3)
    assert graph.main.tensors[1].shape_signature == (2, 3)
    assert differences(graph, data) == []


def test_a_custom_operator_keeps_its_code_and_options() -> None:
    def edit(model: Any) -> None:
        model.operatorCodes = [opcode("CUSTOM", version=4, customCode="Mine")]
        custom = operator([0, -1], [2], customOptions=np.array([1, 2, 255], np.uint8))
        custom.intermediates = np.array([-1, 1], np.int32)
        custom.mutatingVariableInputs = np.array([True, False])
        model.subgraphs[0].operators = [custom]

    made = parse_model(data := small_file(edit))
    (custom,) = made.main.operators
    assert (custom.name, custom.version, custom.is_custom) == ("Mine", 4, True)
    assert (custom.inputs, custom.options, custom.options_type) == ((0, -1), {}, "")
    assert custom.custom_options == b"\1\2\xff"
    assert custom.intermediates == (-1, 1)
    assert custom.mutating_variable_inputs == (True, False)
    assert differences(made, data) == []


def test_the_larger_of_both_operator_codes_counts() -> None:
    for old, new, name in [(127, 150, "GELU"), (0, 41, "SUB"), (41, 0, "SUB")]:

        def edit(model: Any, old: int = old, new: int = new) -> None:
            model.operatorCodes = [litert.OperatorCodeT(deprecatedBuiltinCode=old, builtinCode=new)]
            model.subgraphs[0].operators = [operator([0], [2])]

        assert parse_model(small_file(edit)).main.operators[0].name == name


# --- quantization -------------------------------------------------------------------------------------------


def _quantized(data: bytes = b"\1\2\0\0", **more: Any) -> Any:
    return parse_model(constant_file("INT8", (2, 2), data, **more)).main.tensors[3].quantization


def test_quantization_is_read_and_its_leniencies_hold() -> None:
    assert _quantized() is None
    assert _quantized(scale=[]) is None
    per_axis = _quantized(scale=[0.5, 0.25], zero_point=[0, -3], axis=1)
    assert (per_axis.scale.tolist(), per_axis.zero_point.tolist(), per_axis.axis) == ([0.5, 0.25], [0, -3], 1)
    assert (len(per_axis.min), len(per_axis.max)) == (0, 0)
    without_zero_point = _quantized(scale=[0.5, 0.25])
    assert without_zero_point.zero_point.tolist() == [0, 0]
    assert not without_zero_point.zero_point.flags.writeable
    assert _quantized(scale=[0.5, 0], zero_point=[0, 0]).scale.tolist() == [0.5, 0]


def test_odd_numbers_of_min_and_max_are_kept() -> None:
    model = small_model()
    extra = tensor("extra", (2, 2), "INT8", scale=[0.5], zero_point=[1])
    extra.quantization.min = np.array([1, 2, 3], np.float32)
    extra.quantization.max = np.array([], np.float32)
    model.subgraphs[0].tensors.append(extra)
    quantization = parse_model(pack(model)).main.tensors[3].quantization
    assert quantization is not None
    assert quantization.min.tolist() == [1, 2, 3]
    assert quantization.max.tolist() == []


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"scale": [float("nan")]}, "scale"),
        ({"scale": [float("inf")]}, "scale"),
        ({"scale": [-0.5]}, "scale"),
        ({"scale": [0.0]}, "scale"),
        ({"scale": [0.0, 0.5]}, "scale"),
        ({"scale": [0.5, 0.5, 0.5]}, "scale"),
        ({"scale": [0.5], "zero_point": [0, 0]}, "zero_point"),
        ({"scale": [0.5, 0.5], "zero_point": [0]}, "zero_point"),
        ({"scale": [0.5], "zero_point": [128]}, "zero_point"),
        ({"scale": [0.5], "zero_point": [-129]}, "zero_point"),
        ({"scale": [0.5], "axis": 2}, "quantized_dimension"),
        ({"scale": [0.5], "axis": -1}, "quantized_dimension"),
    ],
)
def test_quantization_that_does_not_fit_its_tensor_is_refused(more: dict[str, Any], field: str) -> None:
    with pytest.raises(ModelError, match=rf"subgraphs\[0\]\.tensors\[3\]\.quantization\.{field}: "):
        _quantized(**more)


def test_a_zero_scale_needs_a_constant() -> None:
    def edit(model: Any) -> None:
        model.subgraphs[0].tensors[2] = tensor("y", dtype="INT8", scale=[0.0], zero_point=[0])

    with pytest.raises(ModelError, match=r"tensors\[2\]\.quantization\.scale"):
        parse_model(small_file(edit))
