"""Gives every value and every scratch a place in one arena, in place where a kernel allows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinykit.compiler.passes import edit
from tinykit.compiler.program import Program, Value
from tinykit.compiler.select import Choice
from tinykit.graph.plan import Plan, Request, make_plan, verify


@dataclass(frozen=True, eq=False)
class Arrangement:
    """``offsets[v]`` is where value v lies in the arena, ``scratch[k]`` where layer k's scratch does.

    Constants and state are not in the arena, and not in ``offsets``. ``activation_bytes`` is what the same
    plan takes without scratch.
    """

    plan: Plan
    offsets: Mapping[int, int]
    scratch: Mapping[int, int]
    activation_bytes: int

    @property
    def arena_bytes(self) -> int:
        """Size of the arena."""
        return self.plan.size_bytes

    def alive_bytes(self, layer: int) -> int:
        """What values and scratch take while a layer runs: most of all in the layer that hurts."""
        return sum(r.size_bytes for r in self.plan.requests if r.first <= layer <= r.last)


@dataclass
class _Home:
    """A piece of memory while values move in."""

    size_bytes: int
    first: int
    last: int


def arrange(program: Program, choices: Sequence[Choice]) -> Arrangement:
    """Place everything that ``choices`` need.

    A graph input may be overwritten once its last reader has run; outputs live until the caller has read
    them.
    """
    homes, home_of = _homes(program)
    _share(program, choices, homes, home_of)
    used = sorted(set(home_of.values()))
    requests = [Request(f"memory {h}", homes[h].size_bytes, homes[h].first, homes[h].last) for h in used]
    scratch = [
        (k, Request(f"scratch of {choice.layer.name}", choice.lowered.scratch_bytes, k, k))
        for k, choice in enumerate(choices)
        if choice.lowered.scratch_bytes
    ]
    activations = make_plan(requests).size_bytes if scratch else None
    plan = make_plan([*requests, *(request for _, request in scratch)])
    verify(plan)
    place = dict(zip(used, plan.offsets, strict=False))
    offsets = {}
    for value in program.values:
        home = home_of.get(edit.root(program, value.id).id)
        if home is not None:
            offsets[value.id] = place[home]
    spots = {k: plan.offsets[len(used) + i] for i, (k, _) in enumerate(scratch)}
    return Arrangement(plan, offsets, spots, plan.size_bytes if activations is None else activations)


def _homes(program: Program) -> tuple[list[_Home], dict[int, int]]:
    """A home for each value that needs one, with its life in layers."""
    homes: list[_Home] = []
    home_of: dict[int, int] = {}
    end = len(program.layers)

    def touch(value: Value, step: int) -> None:
        source = edit.root(program, value.id)
        if source.data is not None or source.variable is not None:
            return
        if source.id not in home_of:
            home_of[source.id] = len(homes)
            homes.append(_Home(source.size_bytes, step, step))
        homes[home_of[source.id]].last = max(homes[home_of[source.id]].last, step)

    for id_ in program.inputs:
        touch(program.value(id_), 0)
    for step, layer in enumerate(program.layers):
        for id_ in (*layer.inputs, *layer.outputs):
            touch(program.value(id_), step)
    for id_ in program.outputs:
        touch(program.value(id_), end)
    return homes, home_of


def _share(program: Program, choices: Sequence[Choice], homes: list[_Home], home_of: dict[int, int]) -> None:
    """Let a layer's output move in with an input that dies in that layer, where the kernel allows it."""
    for step, choice in enumerate(choices):
        layer, overlap = choice.layer, choice.lowered.overlap
        mine = home_of.get(edit.root(program, layer.outputs[0]).id)
        if mine is None:
            continue
        roots = [edit.root(program, i).id for i in layer.inputs]
        for source in roots:
            theirs = home_of.get(source)
            allowed = all(k < len(overlap) and overlap[k] for k, other in enumerate(roots) if other == source)
            if theirs is None or theirs == mine or not allowed or homes[theirs].last != step:
                continue
            # A smaller tenant would keep all of the room for longer; a larger one would ask for it earlier.
            if homes[theirs].size_bytes != homes[mine].size_bytes:
                continue
            homes[theirs].last = homes[mine].last
            for value, home in home_of.items():
                if home == mine:
                    home_of[value] = theirs
            break
