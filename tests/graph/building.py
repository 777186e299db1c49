"""Graphs written by hand, for tests that want to know every byte of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tinykit.graph.dtypes import numpy_dtype
from tinykit.graph.model import Graph, Operator, OptionValue, Quantization, Subgraph, Tensor


class Builder:
    """Collects tensors and operators; each method returns the index of what it made."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.operators: list[Operator] = []

    def tensor(
        self,
        *shape: int,
        dtype: str = "int8",
        name: str | None = None,
        constant: bool = False,
        variable: bool = False,
        scales: int = 0,
        signature: Sequence[int] | None = None,
        buffer: int | None = None,
    ) -> int:
        index = len(self.tensors)
        quantization = (
            Quantization(
                scale=np.full(scales, 0.5, np.float32),
                zero_point=np.zeros(scales, np.int64),
                axis=0,
                min=np.zeros(0, np.float32),
                max=np.zeros(0, np.float32),
            )
            if scales
            else None
        )
        self.tensors.append(
            Tensor(
                index=index,
                name=f"t{index}" if name is None else name,
                dtype=dtype,
                shape=shape,
                shape_signature=tuple(signature) if signature is not None else shape,
                buffer=index + 1 if buffer is None else buffer,
                quantization=quantization,
                is_variable=variable,
                data=np.zeros(shape, numpy_dtype(dtype)) if constant else None,
            )
        )
        return index

    def constant(self, *shape: int, dtype: str = "int8", scales: int = 0, buffer: int | None = None) -> int:
        return self.tensor(*shape, dtype=dtype, constant=True, scales=scales, buffer=buffer)

    def op(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: Mapping[str, OptionValue] | None = None,
        *,
        custom: bool = False,
    ) -> int:
        index = len(self.operators)
        self.operators.append(
            Operator(
                index=index,
                name=name,
                version=1,
                inputs=tuple(inputs),
                outputs=tuple(outputs),
                options_type="",
                options=dict(options or {}),
                custom_options=b"",
                is_custom=custom,
            )
        )
        return index

    def subgraph(self, inputs: Sequence[int] = (), outputs: Sequence[int] = ()) -> Subgraph:
        return Subgraph("main", tuple(self.tensors), tuple(self.operators), tuple(inputs), tuple(outputs))


def graph(*subgraphs: Subgraph) -> Graph:
    return Graph(3, "", subgraphs, (), (), "0" * 64, 1000)
