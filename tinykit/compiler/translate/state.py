"""CALL_ONCE, VAR_HANDLE, READ_VARIABLE and ASSIGN_VARIABLE: state that outlives an inference.

The subgraph that CALL_ONCE runs must do nothing but assign constants: they become the initial contents.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinykit.compiler.program import Copy, Value, Variable
from tinykit.compiler.translate.builder import Builder, refuse
from tinykit.graph.model import Operator, Subgraph

_ALLOWED = frozenset({"VAR_HANDLE", "ASSIGN_VARIABLE"})


def call_once(build: Builder, op: Operator) -> None:
    """Collect the initial contents."""
    subgraph = build.graph.subgraphs[int(str(op.options["init_subgraph_index"]))]
    for inner in subgraph.operators:
        if inner.name not in _ALLOWED:
            refuse(op, f"its subgraph runs {inner.name}, where only constants may be assigned")
    for name, initial in _assignments(op, subgraph):
        if name in build.variable_of_name:
            refuse(op, "a variable is initialised twice")
        build.variable_of_name[name] = len(build.variables)
        build.variables.append(Variable(len(build.variables), f"state_{len(build.variables):02d}", initial))


def _assignments(op: Operator, subgraph: Subgraph) -> list[tuple[str, npt.NDArray[np.generic]]]:
    names = {inner.outputs[0]: _name(inner) for inner in subgraph.operators if inner.name == "VAR_HANDLE"}
    found = []
    for inner in subgraph.operators:
        if inner.name == "ASSIGN_VARIABLE":
            value = subgraph.tensor(inner.inputs[1])
            if value.data is None or value.dtype not in ("int8", "uint8") or inner.inputs[0] not in names:
                refuse(op, "its subgraph assigns something other than an 8-bit constant")
            found.append((names[inner.inputs[0]], value.data))
    return found


def _name(op: Operator) -> str:
    return f"{op.options['container'] or ''}/{op.options['shared_name'] or ''}"


def var_handle(build: Builder, op: Operator) -> None:
    """Remember which variable the handle stands for."""
    name = _name(op)
    if name not in build.variable_of_name:
        refuse(op, "its variable is never initialised by a CALL_ONCE before it")
    build.handles[op.outputs[0]] = build.variable_of_name[name]


def read_variable(build: Builder, op: Operator) -> None:
    """A copy out of the state's memory; a pass drops it where nothing overwrites the state meanwhile."""
    y = build.output(op, 0, "int8", "uint8")
    build.layer(op, Copy(), [_content(build, op, y)], [y])


def assign_variable(build: Builder, op: Operator) -> None:
    """A copy into the state's memory; a pass lets the producer write there itself where it can."""
    x = build.input(op, 1, "int8", "uint8")
    build.layer(op, Copy(), [x], [_content(build, op, x)])


def _content(build: Builder, op: Operator, like: Value) -> Value:
    """A value that is the variable's memory, with the shape and scale of ``like``."""
    handle = op.inputs[0] if op.inputs else -1
    if handle not in build.handles:
        refuse(op, "its handle does not come from a VAR_HANDLE")
    variable = build.variables[build.handles[handle]]
    if variable.size_bytes != like.size_bytes:
        refuse(op, f"a variable of {variable.size_bytes} bytes is used as {like.size_bytes}")
    return build.make_value(like, variable=variable.index, data=None, view_of=None)
