"""What a user should know about a model before a board does: remarks with stable codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tinykit.graph.arithmetic import arithmetic_of
from tinykit.graph.macs import is_counted
from tinykit.graph.model import Graph, Operator, Subgraph


@dataclass(frozen=True)
class Note:
    """``code`` is stable; ``message`` says what is so, ``hint`` what to make of it. No text of the file's."""

    code: str
    message: str
    hint: str


def notes_on(graph: Graph) -> tuple[Note, ...]:
    """Remarks on the main subgraph of ``graph``, the most telling first."""
    main = graph.main
    kinds = {op.index: arithmetic_of(op, main) for op in main.operators}
    of_kind = {k: [op for op in main.operators if kinds[op.index] == k] for k in set(kinds.values())}
    found = [
        *_on_float(of_kind.get("float", []), len(main.operators)),
        *_on_hybrid(of_kind.get("hybrid", [])),
        *_on_conversions(of_kind.get("conversion", []), main),
        *_on_requantizing(main),
        *_on_custom([op for op in main.operators if op.is_custom]),
        *_on_open_shapes(main),
        *_on_uncounted([op for op in main.operators if not is_counted(op) and not op.is_custom]),
    ]
    return tuple(found)


def _on_float(ops: list[Operator], total: int) -> Iterable[Note]:
    if ops:
        yield Note(
            "FLOAT_OPERATORS",
            f"{len(ops)} of {total} operators compute in floating point: {_places(ops)}.",
            "On a microcontroller that is slow or impossible; tinykit convert makes the model integer.",
        )


def _on_hybrid(ops: list[Operator]) -> Iterable[Note]:
    if ops:
        yield Note(
            "HYBRID_OPERATORS",
            f"Weights are quantized, activations are not: {_places(ops)}.",
            "TFLite Micro refuses such operators. The conversion had no calibration data; give it some.",
        )


def _on_conversions(ops: list[Operator], main: Subgraph) -> Iterable[Note]:
    at_door = _doors(main)
    doors = [op for op in ops if op.index in at_door]
    inside = [op for op in ops if op.index not in at_door]
    if doors:
        yield Note(
            "FLOAT_ENDS",
            f"The model's ends are floating point, its inside is not: {_places(doors)} translate.",
            "That does not make the network float. tinykit convert writes int8 ends by default.",
        )
    if inside:
        yield Note(
            "CONVERSIONS_INSIDE",
            f"Numbers change between floating point and integers inside the network: {_places(inside)}.",
            "Each change costs time and accuracy; an operator beside it has no integer form.",
        )


def _on_requantizing(main: Subgraph) -> Iterable[Note]:
    doors = _doors(main)
    changing = (op for op in main.operators if op.name == "QUANTIZE" and op.index in doors)
    ops = [op for op in changing if arithmetic_of(op, main) == "integer"]
    if ops:
        yield Note(
            "REQUANTIZED_ENDS",
            f"Integers change type or scale at the model's ends: {_places(ops)}.",
            "That is integer arithmetic.",
        )


def _on_custom(ops: list[Operator]) -> Iterable[Note]:
    if any(op.name.startswith("Flex") for op in ops):
        yield Note(
            "SELECT_TF_OPERATORS",
            f"Needs TensorFlow itself (SELECT_TF_OPS): operator {_indices(ops)}.",
            "No microcontroller runs them; convert with built-in operators only.",
        )
    elif ops:
        yield Note(
            "CUSTOM_OPERATORS",
            f"Not built in: operator {_indices(ops)}.",
            "The runtime must bring a kernel for each; their MACs are not counted.",
        )


def _on_open_shapes(main: Subgraph) -> Iterable[Note]:
    open_ = [t for t in main.tensors if -1 in t.shape_signature]
    if open_ and all(-1 not in t.shape_signature[1:] for t in open_):
        yield Note(
            "OPEN_BATCH",
            f"The file leaves the batch open, in {len(open_)} tensors.",
            "MACs and memory here are for the batch as written. On a board it is 1.",
        )
    elif open_:
        ends = [f"input {i}" for i, t in enumerate(main.inputs) if -1 in main.tensor(t).shape_signature]
        ends += [f"output {i}" for i, t in enumerate(main.outputs) if -1 in main.tensor(t).shape_signature]
        where = f", {', '.join(ends)} among them" if ends else ""
        yield Note(
            "OPEN_DIMENSIONS",
            f"{len(open_)} tensors have dimensions that the file leaves open{where}.",
            "MACs and memory are for the shapes as written; the true ones are larger. Fix the input's shape.",
        )


def _on_uncounted(ops: list[Operator]) -> Iterable[Note]:
    if ops:
        yield Note(
            "MACS_NOT_COUNTED",
            f"MACs and memory leave out what these do: {_places(ops)}.",
            "They call other subgraphs, or have no agreed count.",
        )


def _doors(main: Subgraph) -> frozenset[int]:
    """The operators that stand between the network and a graph input or output."""
    inputs, outputs = set(main.inputs), set(main.outputs)
    entering = (
        op for op in main.operators if op.name in ("QUANTIZE", "CAST") and inputs & set(op.inputs[:1])
    )
    leaving = (op for op in main.operators if outputs & set(op.outputs))
    return frozenset(op.index for op in (*entering, *leaving))


def _places(ops: list[Operator], most: int = 6) -> str:
    shown = [f"{op.name} ({op.index})" for op in ops[:most]]
    left = len(ops) - len(shown)
    return ", ".join(shown) + (f" and {left} more" if left else "")


def _indices(ops: list[Operator], most: int = 12) -> str:
    shown = ", ".join(str(op.index) for op in ops[:most])
    return shown + (f" and {len(ops) - most} more" if len(ops) > most else "")
