"""Which tensors need memory and for how long, and which can share one buffer.

Time is counted in operators: a tensor lives from the operator that writes it to the last that reads it.
Graph inputs live from operator 0, since the caller has filled them before; graph outputs live one step
beyond the last operator, when the caller reads them. State (variable tensors, and resource variables
behind ``VAR_HANDLE``) lives always and keeps its values between inferences. Constants are read where they
lie in the file and need nothing here. Sizes are those of the shapes as written.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Literal, TypeAlias

from tinykit.errors import ModelError
from tinykit.graph.model import Operator, Subgraph, Tensor
from tinykit.graph.plan import DEFAULT_ALIGN, Plan, Request, make_plan

Role: TypeAlias = Literal["input", "activation", "output", "state"]

# The output is the input's bytes under another shape.
VIEWS = frozenset({"EXPAND_DIMS", "RESHAPE", "SQUEEZE"})
# Output element i depends on element i of each operand and on nothing else, so a kernel that goes through
# them in order may write where it has read.
# fmt: off
_UNARY = frozenset({
    "ABS", "CAST", "CEIL", "COS", "DEQUANTIZE", "ELU", "EXP", "FLOOR", "GELU", "HARD_SWISH",
    "LEAKY_RELU", "LOG", "LOGICAL_NOT", "LOGISTIC", "NEG", "PRELU", "QUANTIZE", "RELU", "RELU6",
    "RELU_0_TO_1", "RELU_N1_TO_1", "ROUND", "RSQRT", "SIGN", "SIN", "SQRT", "SQUARE", "TANH",
})
# fmt: on
_BINARY = frozenset({"ADD", "DIV", "MAXIMUM", "MINIMUM", "MUL", "SQUARED_DIFFERENCE", "SUB"})
# What they run may assign any resource variable.
_CALLS = frozenset({"CALL", "CALL_ONCE", "IF", "STABLEHLO_COMPOSITE", "WHILE"})


@dataclass(frozen=True)
class Buffer:
    """One piece of memory, and the ``tensors`` that live in it, in the order in which they are written.

    They are one another's views or in-place results. Alive from operator ``first`` to ``last``, both
    included; ``last`` is one beyond the last operator for what outlives it. ``role`` is ``state`` for what
    must survive between inferences. A resource variable has its shared name, and as tensors those that
    ``READ_VARIABLE`` need not copy. ``name`` is untrusted.
    """

    index: int
    name: str
    tensors: tuple[int, ...]
    size_bytes: int
    first: int
    last: int
    role: Role


@dataclass(frozen=True)
class MemoryPlan:
    """``plan.requests[i]`` is ``buffers[i]``; after those come the caller's scratch requests."""

    buffers: tuple[Buffer, ...]
    plan: Plan
    _of_tensor: dict[int, int] = field(repr=False)

    def buffer_of(self, tensor: int) -> Buffer | None:
        """The buffer that the tensor is in; None for constants, handles and tensors nobody uses."""
        index = self._of_tensor.get(tensor)
        return None if index is None else self.buffers[index]

    def offset_of(self, tensor: int) -> int | None:
        """Byte offset of the tensor in the arena; None where :meth:`buffer_of` is None."""
        index = self._of_tensor.get(tensor)
        return None if index is None else self.plan.offsets[index]


def plan_memory(
    subgraph: Subgraph,
    *,
    reuse_inputs: bool = True,
    align: int = DEFAULT_ALIGN,
    scratch: Sequence[Request] = (),
) -> MemoryPlan:
    """Give every tensor of ``subgraph`` that needs it a place in one arena.

    ``reuse_inputs`` lets a graph input be overwritten once its last reader has run, as TFLite Micro does;
    without it, inputs keep their values over the inference. ``scratch`` is memory that operators want on
    top, with steps in operators. Raises ModelError (code ``VARIABLE_SIZE``) where a resource variable is used
    in two sizes.
    """
    buffers, of_tensor = find_buffers(subgraph, reuse_inputs=reuse_inputs)
    requests = [Request(b.name, b.size_bytes, b.first, b.last, align) for b in buffers]
    return MemoryPlan(buffers, make_plan([*requests, *scratch]), of_tensor)


def find_buffers(
    subgraph: Subgraph, *, reuse_inputs: bool = True
) -> tuple[tuple[Buffer, ...], dict[int, int]]:
    """The buffers that :func:`plan_memory` places, and the index of each tensor's buffer among them."""
    finder = _Finder(subgraph, reuse_inputs)
    for op in subgraph.operators:
        finder.visit(op)
    return finder.result()


@dataclass
class _Draft:
    """A buffer while it grows."""

    name: str
    size_bytes: int
    first: int
    last: int
    role: Role
    tensors: list[int]


class _Finder:
    """Goes through the operators once, putting each written tensor into a new buffer or an old one."""

    def __init__(self, subgraph: Subgraph, reuse_inputs: bool) -> None:
        self._subgraph = subgraph
        self._after = len(subgraph.operators)
        self._drafts: list[_Draft] = []
        self._of_tensor: dict[int, int] = {}
        self._last_use = _last_uses(subgraph)
        self._outputs = frozenset(subgraph.outputs)
        self._variables = _Variables(subgraph)
        self._of_variable: dict[str, int] = {}
        if not reuse_inputs:
            self._last_use.update(dict.fromkeys(subgraph.inputs, self._after))
        for tensor in dict.fromkeys(subgraph.inputs):
            if _needs_memory(subgraph.tensor(tensor)):
                self._open(tensor, "input", first=0)

    def visit(self, op: Operator) -> None:
        """Place what ``op`` writes, and the state that it touches."""
        for tensor in (*op.inputs, *op.outputs):
            if tensor >= 0 and tensor not in self._of_tensor and self._subgraph.tensor(tensor).is_variable:
                self._open(tensor, "state", first=0)
        value = self._variables.value_of(op)
        if value is not None:
            self._touch_variable(self._variables.name_of(op), self._subgraph.tensor(value))
        for tensor in op.outputs:
            if tensor >= 0 and tensor not in self._of_tensor and _needs_memory(self._subgraph.tensor(tensor)):
                self._place(op, tensor)

    def result(self) -> tuple[tuple[Buffer, ...], dict[int, int]]:
        """The buffers, and which of them each tensor is in."""
        buffers = [
            Buffer(i, d.name, tuple(d.tensors), d.size_bytes, d.first, d.last, d.role)
            for i, d in enumerate(self._drafts)
        ]
        return tuple(buffers), self._of_tensor

    def _place(self, op: Operator, tensor: int) -> None:
        home = self._viewed(op, tensor)
        if home is None:
            home = self._overwritten(op, tensor)
        if home is None:
            self._open(tensor, "activation", first=op.index)
            home = self._of_tensor[tensor]
        else:
            draft = self._drafts[home]
            draft.tensors.append(tensor)
            draft.last = max(draft.last, self._last_use.get(tensor, op.index))
            self._of_tensor[tensor] = home
        if tensor in self._outputs and self._drafts[home].role == "activation":
            self._drafts[home].role = "output"

    def _viewed(self, op: Operator, tensor: int) -> int | None:
        """The buffer whose bytes ``tensor`` merely shows, nobody writing to them while it does.

        Who writes in place later sees the whole buffer's life, so a source that lives on does not hinder.
        """
        if op.name == "READ_VARIABLE":
            name = self._variables.name_of(op)
            stable = not self._variables.may_change(name, op.index, self._last_use.get(tensor, op.index))
            home = self._of_variable.get(name)
            return home if stable and self._is_same_size(home, tensor) else None
        home = self._of_tensor.get(op.inputs[0]) if op.name in VIEWS and op.inputs else None
        if home is None or self._drafts[home].role == "state":
            return None
        return home if self._is_same_size(home, tensor) else None

    def _overwritten(self, op: Operator, tensor: int) -> int | None:
        """The buffer of an operand that nobody needs any more and that the result may replace."""
        operands = op.inputs[:1] if op.name in _UNARY else op.inputs[:2] if op.name in _BINARY else ()
        wanted = prod(self._subgraph.tensor(tensor).shape)
        for operand in operands:
            home = self._of_tensor.get(operand)
            if home is None or self._drafts[home].role == "state" or self._drafts[home].last > op.index:
                continue
            # As many elements: not broadcast. As many bytes: as wide.
            if prod(self._subgraph.tensor(operand).shape) == wanted and self._is_same_size(home, tensor):
                return home
        return None

    def _is_same_size(self, home: int | None, tensor: int) -> bool:
        return home is not None and self._drafts[home].size_bytes == self._subgraph.tensor(tensor).size_bytes

    def _open(self, index: int, role: Role, *, first: int) -> None:
        tensor = self._subgraph.tensor(index)
        if tensor.is_variable:
            role = "state"
        last = self._after if role == "state" else self._last_use.get(index, first)
        self._of_tensor[index] = len(self._drafts)
        self._drafts.append(_Draft(tensor.name, tensor.size_bytes, first, last, role, [index]))

    def _touch_variable(self, name: str, value: Tensor) -> None:
        home = self._of_variable.setdefault(name, len(self._drafts))
        if home == len(self._drafts):
            self._drafts.append(_Draft(name, value.size_bytes, 0, self._after, "state", []))
        elif self._drafts[home].size_bytes != value.size_bytes:
            raise ModelError(
                f"Resource variable {list(self._of_variable).index(name)} is read and assigned in two sizes.",
                hint="the file is damaged or was written by a broken converter; convert the model again.",
                code="VARIABLE_SIZE",
            )


class _Variables:
    """The resource variables of a subgraph: who is behind a handle, and when it may change."""

    def __init__(self, subgraph: Subgraph) -> None:
        self._names: dict[int, str] = {}
        for op in subgraph.operators:
            if op.name == "VAR_HANDLE" and op.outputs:
                parts = [str(op.options.get(key) or "") for key in ("container", "shared_name")]
                self._names[op.outputs[0]] = "/".join(part for part in parts if part)
        self._assigned: dict[str, list[int]] = {}
        for op in subgraph.operators:
            if op.name == "ASSIGN_VARIABLE":
                self._assigned.setdefault(self.name_of(op), []).append(op.index)
        self._calls = [op.index for op in subgraph.operators if op.name in _CALLS or op.is_custom]

    def name_of(self, op: Operator) -> str:
        """The name of the variable that a READ_VARIABLE or ASSIGN_VARIABLE works on."""
        handle = op.inputs[0] if op.inputs else -1
        return self._names.get(handle, f"handle {handle}")

    def value_of(self, op: Operator) -> int | None:
        """The tensor that such an operator copies from or to the variable; None for other operators."""
        if op.name == "READ_VARIABLE" and op.outputs:
            return op.outputs[0]
        return op.inputs[1] if op.name == "ASSIGN_VARIABLE" and len(op.inputs) > 1 else None

    def may_change(self, name: str, after: int, before: int) -> bool:
        """Whether the variable may be assigned between those two operators, themselves not included."""
        changes = (self._assigned.get(name, []), self._calls)
        return any(bisect_right(at, after) < bisect_left(at, before) for at in changes)


def _last_uses(subgraph: Subgraph) -> dict[int, int]:
    uses = {tensor: op.index for op in subgraph.operators for tensor in op.inputs}
    return uses | dict.fromkeys(subgraph.outputs, len(subgraph.operators))


def _needs_memory(tensor: Tensor) -> bool:
    return (tensor.is_variable or tensor.data is None) and tensor.size_bytes > 0
