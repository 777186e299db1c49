"""What a .tflite file is and wants, in one record: what ``tinykit inspect`` shows.

Counts (MACs, parameters, bytes of weights) are exact for the file. The arena is *modelled*: our own plan
of the tensors' lifetimes, without the scratch memory of kernels and without a runtime's own records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from tinykit.estimate import Estimate
from tinykit.graph.arithmetic import Arithmetic, arithmetic_of, is_per_axis
from tinykit.graph.lifetimes import MemoryPlan, Role, plan_memory
from tinykit.graph.macs import is_counted, macs
from tinykit.graph.model import Graph, Operator, Subgraph, Tensor
from tinykit.graph.notes import Note, notes_on
from tinykit.graph.plan import DEFAULT_ALIGN, verify
from tinykit.graph.reader import read_model
from tinykit.graph.weights import count_bytes, count_parameters, is_constant, weights_of

_ARENA_SOURCE = "tinykit's memory plan; kernels' scratch and a runtime's own records come on top"


@dataclass(frozen=True)
class TensorSummary:
    """An input or output. ``shape`` has -1 where the file leaves a dimension open; ``name`` is untrusted.

    ``scale`` and ``zero_point`` are None for tensors that are not quantized per tensor.
    """

    name: str
    index: int
    dtype: str
    shape: tuple[int, ...]
    size_bytes: int
    scale: float | None
    zero_point: int | None


@dataclass(frozen=True)
class OperatorCount:
    """How often the main subgraph has an operator in a version."""

    name: str
    version: int
    count: int
    is_custom: bool


@dataclass(frozen=True)
class LayerSummary:
    """One operator in execution order.

    ``activation_bytes`` are its inputs and outputs together, constants left out: what must be in memory
    while it runs. ``macs`` is None where they cannot be counted. ``output_name`` is untrusted.
    """

    index: int
    operator: str
    version: int
    output_name: str
    output_shape: tuple[int, ...]
    macs: int | None
    parameters: int
    weight_bytes: int
    activation_bytes: int
    arithmetic: Arithmetic
    is_per_axis: bool
    is_custom: bool


@dataclass(frozen=True)
class BufferSummary:
    """One piece of the arena, and the operators (first and last, included) between which it is alive.

    ``last`` is one beyond the last operator for what outlives the inference. Names are untrusted.
    """

    name: str
    tensors: tuple[str, ...]
    role: Role
    offset_bytes: int
    size_bytes: int
    first: int
    last: int


@dataclass(frozen=True)
class MemorySummary:
    """The arena: tensors that are alive together lie side by side, others on the same bytes.

    ``state_bytes`` are those in it that keep their values between inferences. ``live_bytes`` has, for each
    operator, how much is alive while it runs.
    """

    arena: Estimate
    lower_bound_bytes: int
    is_optimal: bool
    align: int
    state_bytes: int
    live_bytes: tuple[int, ...]
    buffers: tuple[BufferSummary, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {**asdict(self), "arena": self.arena.to_dict(), "buffers": [asdict(b) for b in self.buffers]}


@dataclass(frozen=True)
class ModelSummary:
    """A model file at a glance; see the module's docstring for what is exact and what is modelled.

    ``macs`` leaves out the operators in ``uncounted_operators``. ``weight_bytes`` are constants that kernels
    compute with; ``other_constant_bytes`` are shape vectors and the like.
    """

    file: str
    file_bytes: int
    sha256: str
    description: str
    subgraphs: int
    inputs: tuple[TensorSummary, ...]
    outputs: tuple[TensorSummary, ...]
    operators: tuple[OperatorCount, ...]
    layers: tuple[LayerSummary, ...]
    macs: int
    uncounted_operators: tuple[str, ...]
    parameters: int
    weight_bytes: int
    other_constant_bytes: int
    memory: MemorySummary
    notes: tuple[Note, ...]

    @property
    def float_layers(self) -> tuple[LayerSummary, ...]:
        """The layers that compute in floating point, hybrid ones included."""
        return tuple(layer for layer in self.layers if layer.arithmetic in ("float", "hybrid"))

    @property
    def per_axis_layers(self) -> tuple[LayerSummary, ...]:
        """The layers whose weights have a scale for each channel."""
        return tuple(layer for layer in self.layers if layer.is_per_axis)

    def to_dict(self) -> dict[str, Any]:
        """The document that the schema ``inspect.v1`` describes."""
        return {
            "schema": "tinykit.inspect",
            "schema_version": 1,
            **asdict(self),
            "float_operators": [layer.index for layer in self.float_layers],
            "per_axis_operators": [layer.index for layer in self.per_axis_layers],
            "memory": self.memory.to_dict(),
        }


def inspect_model(path: Path) -> ModelSummary:
    """Read the .tflite file at ``path`` and summarise it. Raises ModelError."""
    return summarise(read_model(path), path.name)


def summarise(graph: Graph, name: str) -> ModelSummary:
    """Summarise ``graph``; ``name`` is the file's. Layers, MACs and memory are those of the main subgraph."""
    main = graph.main
    constants = {t.buffer: t for s in graph.subgraphs for t in s.tensors if is_constant(t)}
    weights = [w for s in _computing(graph) for op in s.operators for w in weights_of(op, s)]
    layers = tuple(_layer(op, main) for op in main.operators)
    return ModelSummary(
        file=name,
        file_bytes=graph.file_bytes,
        sha256=graph.sha256,
        description=graph.description,
        subgraphs=len(graph.subgraphs),
        inputs=tuple(_tensor(main.tensor(i)) for i in main.inputs),
        outputs=tuple(_tensor(main.tensor(i)) for i in main.outputs),
        operators=_count_operators(main),
        layers=layers,
        macs=sum(layer.macs or 0 for layer in layers),
        uncounted_operators=tuple(sorted({op.name for op in main.operators if not is_counted(op)})),
        parameters=count_parameters(weights),
        weight_bytes=count_bytes(weights),
        other_constant_bytes=count_bytes(constants.values()) - count_bytes(weights),
        memory=_memory(main, plan_memory(main)),
        notes=notes_on(graph),
    )


def _computing(graph: Graph) -> list[Subgraph]:
    """All subgraphs but those that only set variables up: their constants are initial values, not weights."""
    operators = [op for subgraph in graph.subgraphs for op in subgraph.operators]
    once = {op.options.get("init_subgraph_index") for op in operators if op.name == "CALL_ONCE"}
    return [subgraph for i, subgraph in enumerate(graph.subgraphs) if i not in once]


def _tensor(tensor: Tensor) -> TensorSummary:
    q = tensor.quantization
    per_tensor = q if q is not None and not q.per_axis else None
    return TensorSummary(
        name=tensor.name,
        index=tensor.index,
        dtype=tensor.dtype,
        shape=tensor.shape_signature,
        size_bytes=tensor.size_bytes,
        scale=float(per_tensor.scale[0]) if per_tensor else None,
        zero_point=int(per_tensor.zero_point[0]) if per_tensor else None,
    )


def _layer(op: Operator, subgraph: Subgraph) -> LayerSummary:
    weights = weights_of(op, subgraph)
    used = {i for i in (*op.inputs, *op.outputs) if i >= 0}
    output = subgraph.tensor(op.outputs[0]) if op.outputs else None
    return LayerSummary(
        index=op.index,
        operator=op.name,
        version=op.version,
        output_name=output.name if output else "",
        output_shape=output.shape_signature if output else (),
        macs=macs(op, subgraph) if is_counted(op) else None,
        parameters=count_parameters(weights),
        weight_bytes=count_bytes(weights),
        activation_bytes=sum(t.size_bytes for t in map(subgraph.tensor, used) if not is_constant(t)),
        arithmetic=arithmetic_of(op, subgraph),
        is_per_axis=is_per_axis(op, subgraph),
        is_custom=op.is_custom,
    )


def _count_operators(subgraph: Subgraph) -> tuple[OperatorCount, ...]:
    counts = Counter((op.name, op.version, op.is_custom) for op in subgraph.operators)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(OperatorCount(name, version, n, custom) for (name, version, custom), n in ordered)


def _memory(subgraph: Subgraph, memory: MemoryPlan) -> MemorySummary:
    plan = memory.plan
    verify(plan)
    buffers = tuple(
        BufferSummary(
            name=b.name,
            tensors=tuple(subgraph.tensor(i).name for i in b.tensors),
            role=b.role,
            offset_bytes=offset,
            size_bytes=b.size_bytes,
            first=b.first,
            last=b.last,
        )
        for b, offset in zip(memory.buffers, plan.offsets, strict=True)
    )
    return MemorySummary(
        arena=Estimate.exact(plan.size_bytes, "B", kind="modelled", source=_ARENA_SOURCE),
        lower_bound_bytes=plan.lower_bound_bytes,
        is_optimal=plan.is_optimal,
        align=DEFAULT_ALIGN,
        state_bytes=sum(b.size_bytes for b in buffers if b.role == "state"),
        live_bytes=_live_bytes(buffers, len(subgraph.operators)),
        buffers=buffers,
    )


def _live_bytes(buffers: Sequence[BufferSummary], operators: int) -> tuple[int, ...]:
    changes = [0] * (operators + 2)
    for b in buffers:
        changes[b.first] += b.size_bytes
        changes[b.last + 1] -= b.size_bytes
    return tuple(accumulate(changes))[:operators]
