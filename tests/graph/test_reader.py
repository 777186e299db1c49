"""Equal to LiteRT on real files, lenient where they deviate, ModelError with the place otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
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


# --- refusals -----------------------------------------------------------------------------------------------


def _main(**fields: Any) -> Callable[[Any], None]:
    return lambda model: vars(model.subgraphs[0]).update(fields)


def _tensor(index: int, **fields: Any) -> Callable[[Any], None]:
    return lambda model: vars(model.subgraphs[0].tensors[index]).update(fields)


def _operator(**fields: Any) -> Callable[[Any], None]:
    return lambda model: vars(model.subgraphs[0].operators[0]).update(fields)


def _code(**fields: Any) -> Callable[[Any], None]:
    return lambda model: vars(model.operatorCodes[0]).update(fields)


def _model(**fields: Any) -> Callable[[Any], None]:
    return lambda model: vars(model).update(fields)


def _ints(*values: int) -> Any:
    return np.array(values, np.int32)


def _call(*targets: int) -> Callable[[Any], None]:
    """Subgraph i calls ``targets[i]``; None calls nothing."""

    def edit(model: Any) -> None:
        model.operatorCodes = [opcode("CALL_ONCE")]
        model.subgraphs = [
            litert.SubGraphT(operators=[operator([], [], litert.CallOnceOptionsT(initSubgraphIndex=target))])
            for target in targets
        ]

    return edit


_SPARSE = litert.SparsityParametersT()
_BLOCKWISE = litert.QuantizationParametersT(
    detailsType=litert.QuantizationDetails.BlockwiseQuantization, details=litert.BlockwiseQuantizationT()
)
_DILATE = {
    "builtinOptions2Type": litert.BuiltinOptions2.DilateOptions,
    "builtinOptions2": litert.DilateOptionsT(),
}
_ADD_OF_POOL = {
    "builtinOptionsType": litert.BuiltinOptions.Pool2DOptions,
    "builtinOptions": litert.Pool2DOptionsT(),
}

_DAMAGED = {
    "no subgraph": (_model(subgraphs=[]), "subgraphs: a model without"),
    "buffer index": (_tensor(1, buffer=9), "subgraphs[0].tensors[1].buffer: buffer 9 of 2"),
    "tensor type": (_tensor(0, type=99), "subgraphs[0].tensors[0].type: no tensor type has the number 99"),
    "negative type": (_tensor(0, type=-1), "subgraphs[0].tensors[0].type: "),
    "negative dimension": (
        _tensor(0, shape=_ints(-1, 3)),
        "subgraphs[0].tensors[0].shape: a dimension below 0",
    ),
    "too many elements": (
        _tensor(0, shape=_ints(1 << 16, 1 << 16)),
        "subgraphs[0].tensors[0].shape: more than",
    ),
    "too many dimensions": (_tensor(0, shape=np.ones(33, np.int32)), "subgraphs[0].tensors[0].shape: 33 dim"),
    "shape signature": (_tensor(0, shapeSignature=_ints(-2, 3)), "subgraphs[0].tensors[0].shape_signature: "),
    "variable constant": (_tensor(1, isVariable=True), "subgraphs[0].tensors[1].buffer: a variable with"),
    "graph input": (_main(inputs=_ints(3)), "subgraphs[0].inputs: tensor 3 of 3"),
    "absent graph input": (_main(inputs=_ints(-1)), "subgraphs[0].inputs: tensor -1 of 3"),
    "constant graph input": (_main(inputs=_ints(0, 1)), "subgraphs[0].inputs: tensor 1 is a constant"),
    "graph output": (_main(outputs=_ints(-1)), "subgraphs[0].outputs: tensor -1 of 3"),
    "output never written": (_main(operators=[]), "subgraphs[0].outputs: tensor 2 is never written"),
    "operator input": (_operator(inputs=_ints(0, 7)), "subgraphs[0].operators[0].inputs: tensor 7 of 3"),
    "operator input -2": (_operator(inputs=_ints(0, -2)), "subgraphs[0].operators[0].inputs: tensor -2 of 3"),
    "operator output": (_operator(outputs=_ints(-1)), "subgraphs[0].operators[0].outputs: tensor -1 of 3"),
    "intermediates": (_operator(intermediates=_ints(3)), "subgraphs[0].operators[0].intermediates: tensor 3"),
    "writes a constant": (
        _operator(outputs=_ints(1)),
        "subgraphs[0].operators[0].outputs: tensor 1 is a constant",
    ),
    "reads its output": (
        _operator(inputs=_ints(0, 2)),
        "subgraphs[0].operators[0].inputs: tensor 2 is read before",
    ),
    "written twice": (
        _operator(outputs=_ints(2, 2)),
        "subgraphs[0].operators[0].outputs: tensor 2 is written",
    ),
    "operator code": (
        _operator(opcodeIndex=1),
        "subgraphs[0].operators[0].opcode_index: operator code 1 of 1",
    ),
    "operator version": (_code(version=0), "operator_codes[0].version: version 0 of ADD"),
    "custom without name": (
        _code(builtinCode=32),
        "operator_codes[0].custom_code: a custom operator without",
    ),
    "custom named like a builtin": (
        _code(builtinCode=32, customCode="ADD"),
        "operator_codes[0].custom_code: a custom operator under the name of the builtin ADD",
    ),
    "options of another operator": (
        _operator(**_ADD_OF_POOL),
        "subgraphs[0].operators[0].builtin_options_type: Pool2DOptions on the operator ADD",
    ),
    "options type": (
        _operator(builtinOptionsType=200),
        "subgraphs[0].operators[0].builtin_options_type: no opt",
    ),
    "options without type": (
        _operator(builtinOptionsType=0),
        "subgraphs[0].operators[0].builtin_options: opt",
    ),
    "type without options": (
        _operator(builtinOptions=None),
        "subgraphs[0].operators[0].builtin_options: no ",
    ),
    "enumeration": (
        _operator(builtinOptions=litert.AddOptionsT(fusedActivationFunction=77)),
        "subgraphs[0].operators[0].builtin_options.fused_activation_function: Activation has no member 77",
    ),
    "metadata buffer": (_model(metadata=[litert.MetadataT(buffer=2)]), "metadata[0].buffer: buffer 2 of 2"),
    "signature's subgraph": (
        _model(signatureDefs=[litert.SignatureDefT(subgraphIndex=1)]),
        "signature_defs[0].subgraph_index: subgraph 1 of 1",
    ),
    "signature's tensor": (
        _model(signatureDefs=[litert.SignatureDefT(outputs=[litert.TensorMapT(tensorIndex=3)])]),
        "signature_defs[0].outputs[0].tensor_index: tensor 3 of 3",
    ),
    "called subgraph": (
        _call(5),
        "subgraphs[0].operators[0].builtin_options.init_subgraph_index: subgraph 5 of 1",
    ),
    "negative subgraph": (
        _call(-1),
        "subgraphs[0].operators[0].builtin_options.init_subgraph_index: subgraph -1",
    ),
    "calls itself": (_call(0), "subgraphs[0]: it calls itself"),
    "calls in a ring": (_call(1, 2, 1), "subgraphs[0]: it calls itself"),
}


@pytest.mark.parametrize(("edit", "message"), _DAMAGED.values(), ids=_DAMAGED)
def test_damage_is_refused_with_its_place(edit: Callable[[Any], None], message: str) -> None:
    with pytest.raises(ModelError) as caught:
        parse_model(small_file(edit), "m.tflite")
    assert caught.value.message.startswith(f"m.tflite: {message}")
    assert caught.value.code == "MODEL_DAMAGED"
    assert caught.value.hint
    assert "\n" not in str(caught.value)


_UNSUPPORTED = {
    "schema version": (_model(version=2), "version: files of schema version 2"),
    "operator newer than the schema": (_code(builtinCode=5000), "operator_codes[0].builtin_code: "),
    "placeholder": (_code(deprecatedBuiltinCode=127), "operator_codes[0].builtin_code: "),
    "sparse": (_tensor(0, sparsity=_SPARSE), "subgraphs[0].tensors[0].sparsity: sparse tensors"),
    "blockwise": (
        _tensor(0, quantization=_BLOCKWISE),
        "subgraphs[0].tensors[0].quantization.details: blockwise",
    ),
    "variant": (
        _tensor(0, variantTensors=[litert.VariantSubTypeT()]),
        "subgraphs[0].tensors[0].variant_tensors: variant tensors",
    ),
    "external buffer": (
        _tensor(0, externalBuffer=1),
        "subgraphs[0].tensors[0].external_buffer: external buffers",
    ),
    "external buffers": (
        _model(externalBuffers=[litert.ExternalBufferT()]),
        "external_buffers: external buffers",
    ),
    "external groups": (
        _model(externalBufferGroups=[litert.ExternalBufferGroupT()]),
        "external_buffer_groups: external buffers",
    ),
    "large buffer": (
        _model(buffers=[litert.BufferT(), litert.BufferT(offset=1 << 33, size=24)]),
        "buffers[1].offset: buffers outside the flatbuffer",
    ),
    "large options": (
        _operator(largeCustomOptionsOffset=1 << 33, largeCustomOptionsSize=8),
        "subgraphs[0].operators[0].large_custom_options_offset: custom options outside",
    ),
    "second options": (
        _operator(**_DILATE),
        "subgraphs[0].operators[0].builtin_options_2: options of the second",
    ),
}


@pytest.mark.parametrize(("edit", "message"), _UNSUPPORTED.values(), ids=_UNSUPPORTED)
def test_what_is_not_read_is_refused_by_name(edit: Callable[[Any], None], message: str) -> None:
    with pytest.raises(ModelError) as caught:
        parse_model(small_file(edit), "m.tflite")
    assert caught.value.message.startswith(f"m.tflite: {message}")
    assert caught.value.code == "MODEL_UNSUPPORTED"


def test_subgraphs_may_call_others() -> None:
    def edit(model: Any) -> None:
        _call(1, 2, 2)(model)
        model.subgraphs[2] = litert.SubGraphT()

    assert len(parse_model(small_file(edit)).subgraphs) == 3


# --- files that are none ------------------------------------------------------------------------------------


def _refused(path: Path) -> ModelError:
    with pytest.raises(ModelError) as caught:
        read_model(path)
    assert str(path) in caught.value.message
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "MODEL_EMPTY"),
        (b"\x1c\0\0\0TFL", "MODEL_NOT_TFLITE"),
        (b"\x1c\0\0\0TFL2" + bytes(64), "MODEL_NOT_TFLITE"),
        (b"PK\3\4" + bytes(64), "MODEL_NOT_TFLITE"),
        (b"\x89HDF\r\n\x1a\n" + bytes(64), "MODEL_NOT_TFLITE"),
        (b"\x1c\0\0\0TFL3", "MODEL_DAMAGED"),
        (small_file()[:200], "MODEL_DAMAGED"),
    ],
)
def test_bytes_that_are_no_model(tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(data)
    assert _refused(path).code == code


def test_a_path_that_cannot_be_read(tmp_path: Path) -> None:
    assert _refused(tmp_path / "absent.tflite").code == "MODEL_NOT_FOUND"
    assert _refused(tmp_path / "absent" / "m.tflite").code == "MODEL_NOT_FOUND"
    assert "a folder" in _refused(tmp_path).message
    (tmp_path / "file").write_bytes(b"")
    assert _refused(tmp_path / "file" / "m.tflite").code == "MODEL_UNREADABLE"
    assert _refused(tmp_path / ("x" * 5000)).code == "MODEL_UNREADABLE"
    with pytest.raises(ModelError) as caught:
        read_model(tmp_path / "m\0.tflite")
    assert caught.value.code == "MODEL_UNREADABLE"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no FIFOs")
def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "not a file" in _refused(tmp_path / "pipe").message


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.tflite"
    with path.open("wb") as file:
        file.write(b"\x1c\0\0\0TFL3")
        file.truncate(3 << 30)
    assert _refused(path).code == "MODEL_TOO_LARGE"


def test_a_file_without_permission() -> None:
    program = """
import os, sys
from pathlib import Path
from tinykit.errors import ModelError
from tinykit.graph.reader import read_model
if os.getuid() == 0:
    os.setuid(65534)
try:
    read_model(Path(sys.argv[1]))
except ModelError as error:
    print(error.code)
"""
    # Not tmp_path: the folders above it are private to root, which the child stops being.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m.tflite")
        path.write_bytes(small_file())
        path.chmod(0)
        Path(folder).chmod(0o755)
        done = subprocess.run(
            [sys.executable, "-c", program, path], capture_output=True, text=True, check=True
        )
    assert done.stdout.strip() == "MODEL_UNREADABLE"
