"""The truth: LiteRT's reference kernels, one interpreter per model so that state lives on between runs."""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from compiler.operator_cases import Array, Case


def expected(case: Case) -> tuple[Array, ...]:
    """The outputs of the case's runs in order, each (runs, *output shape)."""
    native: Any = Interpreter(
        model_content=case.model, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    native.allocate_tensors()
    rows: list[list[Array]] = [[] for _ in native.get_output_details()]
    for run in range(len(case.inputs[0])):
        for details, array in zip(native.get_input_details(), case.inputs, strict=True):
            native.set_tensor(details["index"], array[run])
        native.invoke()
        for row, details in zip(rows, native.get_output_details(), strict=True):
            row.append(native.get_tensor(details["index"]))
    return tuple(np.stack(row) for row in rows)
