"""Checks across the parts of a graph: indices, order of execution, calls between subgraphs."""

from __future__ import annotations

from collections.abc import Sequence

from tinykit.graph.flatbuffer import File, Table
from tinykit.graph.model import Operator, Subgraph

_CALLEES = (
    "subgraph",
    "then_subgraph_index",
    "else_subgraph_index",
    "cond_subgraph_index",
    "body_subgraph_index",
    "init_subgraph_index",
)
_CALLERS = frozenset({"CALL", "IF", "WHILE", "CALL_ONCE"})


def tensor_indices(table: Table, name: str, tensors: int, least: int = 0) -> tuple[int, ...]:
    """A vector of tensor indices, each at least ``least`` (-1: may be absent) and below ``tensors``."""
    values = table.array(name)
    if values is None:
        return ()
    indices: tuple[int, ...] = tuple(values.tolist())
    for index in indices:
        if not least <= index < tensors:
            table.refuse(name, f"tensor {index} of {tensors}")
    return indices


def check_order(table: Table, subgraph: Subgraph) -> None:
    """Refuse unless every tensor is written once at most, and before it is read.

    There from the start are constants, variables, the subgraph's inputs and tensors without elements.
    """
    ready = {
        tensor.index
        for tensor in subgraph.tensors
        if tensor.data is not None or tensor.is_variable or 0 in tensor.shape
    }
    constants = {tensor.index for tensor in subgraph.tensors if tensor.data is not None}
    fixed = constants | set(subgraph.inputs)
    for index in subgraph.inputs:
        if index in constants:
            table.refuse("inputs", f"tensor {index} is a constant")
    ready |= fixed
    written: set[int] = set()
    for operator in subgraph.operators:
        place = f"{table.place}.operators[{operator.index}]"
        for index in operator.inputs:
            if index >= 0 and index not in ready:
                table.file.refuse(f"{place}.inputs", f"tensor {index} is read before anything writes it")
        for index in operator.outputs:
            if index in fixed or index in written:
                what = "a constant or an input" if index in fixed else "written twice"
                table.file.refuse(f"{place}.outputs", f"tensor {index} is {what}")
            written.add(index)
            ready.add(index)
    for index in subgraph.outputs:
        if index not in ready:
            table.refuse("outputs", f"tensor {index} is never written")


def check_calls(file: File, subgraphs: Sequence[Subgraph]) -> None:
    """Refuse calls of subgraphs that do not exist, and subgraphs that call themselves in the end."""
    calls = [_callees(file, i, subgraph, len(subgraphs)) for i, subgraph in enumerate(subgraphs)]
    # Take away, again and again, subgraphs that call only what is already taken away: a cycle stays.
    waiting = [set(callees) for callees in calls]
    callers: list[list[int]] = [[] for _ in calls]
    for caller, callees in enumerate(waiting):
        for callee in callees:
            callers[callee].append(caller)
    done = [i for i, callees in enumerate(waiting) if not callees]
    for callee in done:
        for caller in callers[callee]:
            waiting[caller].discard(callee)
            if not waiting[caller]:
                done.append(caller)
    if len(done) < len(calls):
        stuck = next(i for i, callees in enumerate(waiting) if callees)
        file.refuse(f"subgraphs[{stuck}]", "it calls itself, through others or directly")


def _callees(file: File, index: int, subgraph: Subgraph, subgraphs: int) -> set[int]:
    callees = set()
    for operator in subgraph.operators:
        if operator.name in _CALLERS and not operator.is_custom:
            for name, callee in _called(operator):
                if not 0 <= callee < subgraphs:
                    place = f"subgraphs[{index}].operators[{operator.index}].builtin_options.{name}"
                    file.refuse(place, f"subgraph {callee} of {subgraphs}")
                callees.add(callee)
    return callees


def _called(operator: Operator) -> list[tuple[str, int]]:
    values = ((name, operator.options.get(name)) for name in _CALLEES)
    return [(name, value) for name, value in values if isinstance(value, int)]
