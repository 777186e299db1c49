"""Reading a .tflite file into a :class:`~tinykit.graph.model.Graph`, every offset, index and size checked.

Real files deviate from the letter of the schema; these are read rather than refused:

* a quantization table without a scale, which writers put on every float tensor: no quantization (``min`` and
  ``max`` alone, as fake-quantized float models have them, are dropped with it);
* scales without zero points: the zero points are 0;
* a scale of 0 on a constant whose values along it are 0;
* ``min`` and ``max`` of any length;
* no ``shape_signature``: it equals the shape;
* empty buffers on activations, and buffer 0 with data, which LiteRT ignores too: no constant;
* absent names, descriptions, vectors: empty;
* no options table: the schema's defaults; an options table of another operator where the operator's own has
  no field;
* offsets that are not aligned.

What is refused by name, because it is not read: sparse tensors, blockwise, multi-axis and custom
quantization, variant sub-types, external buffers, data behind the flatbuffer (files above 2 GiB), options of
the second union (StableHLO, DILATE, REDUCE_WINDOW).
"""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

from tinykit.errors import ModelError
from tinykit.graph import checks
from tinykit.graph.flatbuffer import File, Table
from tinykit.graph.model import Graph, Signature, Subgraph
from tinykit.graph.operations import OperatorCode, read_operator, read_operator_code
from tinykit.graph.schema_table import FILE_IDENTIFIER, SCHEMA_VERSION
from tinykit.graph.tensors import Span, decode, read_buffers, read_tensor

MAX_MODEL_BYTES = 256 * 1024**2
"""The largest file that is read: more than the flash beside any microcontroller. The format ends at 2 GiB."""
_START_BYTES = 8  # the root table's offset and the file's identifier


def read_model(path: Path) -> Graph:
    """Read and check the .tflite file at ``path``.

    A file that is no model, or that has more than ``MAX_MODEL_BYTES``, is refused before more than its first
    bytes are read. Raises ``ModelError``: ``MODEL_NOT_FOUND``, ``MODEL_UNREADABLE``, ``MODEL_TOO_LARGE``, and
    all of :func:`parse_model`.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a file"
            raise ModelError(f"{path} is {kind}.", hint="give a .tflite file.", code="MODEL_UNREADABLE")
        with path.open("rb") as file:
            _check_start(File(file.read(_START_BYTES), str(path)))
            if status.st_size > MAX_MODEL_BYTES:
                raise ModelError(
                    f"{path} has {status.st_size:,} bytes; the limit is {MAX_MODEL_BYTES:,}.",
                    hint="no microcontroller holds such a model: make it smaller, or fetch the file again.",
                    code="MODEL_TOO_LARGE",
                )
            file.seek(0)
            # No more than was measured: the file may have grown since.
            data = file.read(status.st_size)
    except FileNotFoundError:
        raise ModelError(f"{path} does not exist.", hint="check the path.", code="MODEL_NOT_FOUND") from None
    except (OSError, ValueError) as error:
        # ValueError: a path with a zero byte.
        reason = error.strerror if isinstance(error, OSError) else error
        raise ModelError(
            f"{path} cannot be read: {reason}.",
            hint="check the path and its permissions.",
            code="MODEL_UNREADABLE",
        ) from None
    return parse_model(data, str(path))


def parse_model(data: bytes, name: str = "model") -> Graph:
    """Read and check a .tflite file's bytes; ``name`` is what errors call it.

    Constants are read-only views on ``data``. Raises ``ModelError`` that names the place, with codes
    ``MODEL_EMPTY``, ``MODEL_NOT_TFLITE``, ``MODEL_DAMAGED``, ``MODEL_UNSUPPORTED``.
    """
    file = File(data, name)
    _check_start(file)
    model = file.root("Model")
    version = model.integer("version")
    if version != SCHEMA_VERSION:
        model.unsupported("version", f"files of schema version {version}", "Convert the model again.")
    for field in ("external_buffer_groups", "external_buffers"):
        if model.count(field):
            model.unsupported(field, "external buffers")
    buffers = read_buffers(model)
    codes = [read_operator_code(table) for table in model.tables("operator_codes")]
    subgraphs = tuple(_subgraph(table, buffers, codes) for table in model.tables("subgraphs"))
    if not subgraphs:
        model.refuse("subgraphs", "a model without a subgraph")
    checks.check_calls(file, subgraphs)
    model.array("metadata_buffer")
    return Graph(
        schema_version=version,
        description=decode(model.text("description")),
        subgraphs=subgraphs,
        signatures=tuple(_signature(table, subgraphs) for table in model.tables("signature_defs")),
        metadata=tuple(_metadata(table, buffers) for table in model.tables("metadata")),
        sha256=hashlib.sha256(data).hexdigest(),
        file_bytes=len(data),
    )


def _check_start(file: File) -> None:
    if not file.data:
        file.refuse("", "the file is empty", hint="convert or download it again.", code="MODEL_EMPTY")
    if file.data[4:_START_BYTES] != FILE_IDENTIFIER:
        file.refuse(
            "",
            "not a .tflite file (its bytes 4 to 8 are not TFL3)",
            hint="convert the model first: tinykit convert MODEL -o OUT.tflite --calibration DATA.",
            code="MODEL_NOT_TFLITE",
        )


def _subgraph(table: Table, buffers: list[Span | None], codes: list[OperatorCode]) -> Subgraph:
    tensors = tuple(read_tensor(t, i, buffers) for i, t in enumerate(table.tables("tensors")))
    operators = tuple(
        read_operator(t, i, codes, len(tensors)) for i, t in enumerate(table.tables("operators"))
    )
    subgraph = Subgraph(
        name=decode(table.text("name")),
        tensors=tensors,
        operators=operators,
        inputs=checks.tensor_indices(table, "inputs", len(tensors)),
        outputs=checks.tensor_indices(table, "outputs", len(tensors)),
    )
    checks.check_order(table, subgraph)
    return subgraph


def _signature(table: Table, subgraphs: tuple[Subgraph, ...]) -> Signature:
    subgraph = table.integer("subgraph_index")
    if subgraph >= len(subgraphs):
        table.refuse("subgraph_index", f"subgraph {subgraph} of {len(subgraphs)}")
    tensors = len(subgraphs[subgraph].tensors)
    return Signature(
        key=decode(table.text("signature_key")),
        subgraph=subgraph,
        inputs=_tensor_map(table, "inputs", tensors),
        outputs=_tensor_map(table, "outputs", tensors),
    )


def _tensor_map(table: Table, name: str, tensors: int) -> tuple[tuple[str, int], ...]:
    entries = []
    for entry in table.tables(name):
        index = entry.integer("tensor_index")
        if index >= tensors:
            entry.refuse("tensor_index", f"tensor {index} of {tensors}")
        entries.append((decode(entry.text("name")), index))
    return tuple(entries)


def _metadata(table: Table, buffers: list[Span | None]) -> tuple[str, bytes]:
    buffer = table.integer("buffer")
    if buffer >= len(buffers):
        table.refuse("buffer", f"buffer {buffer} of {len(buffers)}")
    span = buffers[buffer]
    if span is None:
        return decode(table.text("name")), b""
    table.file.spend(span.size, table.place)
    return decode(table.text("name")), table.file.data[span.start : span.start + span.size]
