"""What the reader refuses, and that the message names the place."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ai_edge_litert.schema_py_generated as litert
import numpy as np
import pytest
from graph.files import opcode, operator, small_file

from tinykit.errors import ModelError
from tinykit.graph.reader import MAX_MODEL_BYTES, parse_model, read_model

FIRMWARE_MODELS = sorted(Path(__file__).parents[2].glob("firmware_models/models/*/*.tflite"))


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


@pytest.mark.parametrize("size_bytes", [MAX_MODEL_BYTES + 1, (1 << 31) - 1, 3 << 30])
@pytest.mark.parametrize(
    ("start", "code"),
    [(b"", "MODEL_NOT_TFLITE"), (b"PK\3\4", "MODEL_NOT_TFLITE"), (small_file(), "MODEL_TOO_LARGE")],
)
def test_a_huge_file_is_refused_before_it_is_read(
    tmp_path: Path, start: bytes, code: str, size_bytes: int
) -> None:
    path = tmp_path / "huge.tflite"
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size_bytes)
    tracemalloc.start()
    try:
        assert _refused(path).code == code
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 1 << 20


def test_a_model_with_zeros_behind_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(small_file() + bytes(1 << 20))
    assert read_model(path).file_bytes == path.stat().st_size


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
