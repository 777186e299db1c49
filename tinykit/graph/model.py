"""A .tflite file as typed, frozen data: what :func:`tinykit.graph.reader.read_model` returns.

Everything here has been checked by the reader: indices point at something, shapes fit their
buffers, quantization parameters fit their tensors. Names are the file's own bytes decoded and are
*untrusted*: they must be escaped before they reach C, HTML, a shell or a path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

OptionValue: TypeAlias = bool | int | float | str | tuple[int, ...] | tuple[float, ...] | None


@dataclass(frozen=True, eq=False)
class Quantization:
    """real = scale * (q - zero_point), per tensor (length 1) or along ``axis`` (length shape[axis]).

    There is always at least one scale, and as many zero points (zeros where the file has none).
    ``min``/``max`` are what the calibrator saw, of any length, where the file still says so; empty otherwise.
    All four are read-only.
    """

    scale: npt.NDArray[np.float32]
    zero_point: npt.NDArray[np.int64]
    axis: int
    min: npt.NDArray[np.float32]
    max: npt.NDArray[np.float32]

    @property
    def per_axis(self) -> bool:
        """Whether there is more than one scale."""
        return len(self.scale) > 1


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor of a subgraph.

    ``dtype`` is the field's name in lower case: ``int8``, ``float32``, ``resource``, ... ``shape``
    as written; ``shape_signature`` has -1 where the file leaves a dimension open and equals ``shape``
    otherwise. ``data`` is a read-only view on the file (shape as ``shape``) for constants, else None; of
    strings and of types narrower than a byte it is the bytes as stored, 1-D
    (see :mod:`tinykit.graph.dtypes`). ``has_rank`` tells a scalar from a tensor of unknown rank in files
    that say so. Tensors compare by identity.
    """

    index: int
    name: str
    dtype: str
    shape: tuple[int, ...]
    shape_signature: tuple[int, ...]
    buffer: int
    quantization: Quantization | None
    is_variable: bool
    data: npt.NDArray[np.generic] | None
    has_rank: bool = False

    @property
    def size_bytes(self) -> int:
        """Bytes the tensor takes when it is stored plainly (0 for resource handles and strings)."""
        from tinykit.graph.dtypes import size_bytes

        return size_bytes(self.dtype, self.shape)


@dataclass(frozen=True)
class Operator:
    """One operator: ``name`` is the builtin's (``CONV_2D``) or the custom code; -1 in ``inputs`` is absent.

    ``options`` holds every field of the builtin's options table, defaults filled in (also where the file has
    no such table: ``options_type`` is then empty); a vector or string that is absent is None; enumerations
    stay integers as in the schema, in range (see :mod:`tinykit.graph.operators` for their names).
    ``intermediates`` are tensors that only carry quantization (LSTM); ``mutating_variable_inputs`` has one
    flag per input, or none.
    """

    index: int
    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options_type: str
    options: Mapping[str, OptionValue]
    custom_options: bytes
    is_custom: bool
    intermediates: tuple[int, ...] = ()
    mutating_variable_inputs: tuple[bool, ...] = ()


@dataclass(frozen=True)
class Subgraph:
    """Tensors, operators in execution order, and which tensors go in and out."""

    name: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def tensor(self, index: int) -> Tensor:
        """The tensor at ``index`` (as used by operators)."""
        return self.tensors[index]


@dataclass(frozen=True)
class Signature:
    """A named entry point: (name, tensor index) pairs of its inputs and outputs in ``subgraph``."""

    key: str
    subgraph: int
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Graph:
    """A whole model file. ``main`` is subgraph 0; others are called by CALL_ONCE, WHILE and the like."""

    schema_version: int
    description: str
    subgraphs: tuple[Subgraph, ...]
    signatures: tuple[Signature, ...]
    metadata: tuple[tuple[str, bytes], ...]
    sha256: str
    file_bytes: int

    @property
    def main(self) -> Subgraph:
        """The subgraph that an inference runs."""
        return self.subgraphs[0]
