"""The one memory planner: which bytes of an arena each buffer gets, so that none alive together overlap.

Placing buffers whose lifetimes are given is *dynamic storage allocation*, NP-hard (Garey and Johnson
1979, SR2). Up to :data:`EXACT_REQUESTS` requests the plan is optimal; beyond that it is the best of
a few bounded searches, and says how far above the lower bound it stands.
Same requests, same plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinykit.errors import ModelError, TinykitError
from tinykit.graph.packing import EXACT_ITEMS, Item, pack

EXACT_REQUESTS = EXACT_ITEMS

# A 128-bit vector of Arm's MVE, and of SSE and NEON on the host; every narrower load is content with it.
# TFLite Micro aligns its arena buffers likewise, so sizes compare.
DEFAULT_ALIGN = 16

# Pairs alive together; a network of 2,000 tensors of which half are always alive has fewer.
_MOST_PAIRS = 1_000_000


@dataclass(frozen=True)
class Request:
    """``size_bytes`` wanted from step ``first`` to step ``last``, both included, at a multiple of ``align``.

    Raises ValueError for a negative size, a life that ends before it begins, or an alignment that is
    not a power of two.
    """

    name: str
    size_bytes: int
    first: int
    last: int
    align: int = DEFAULT_ALIGN

    def __post_init__(self) -> None:
        if self.size_bytes < 0 or self.first > self.last:
            raise ValueError(f"request of {self.size_bytes} bytes from step {self.first} to step {self.last}")
        if self.align < 1 or self.align & (self.align - 1):
            raise ValueError(f"alignment {self.align} is not a power of two")


@dataclass(frozen=True)
class Plan:
    """``offsets[i]`` in bytes for ``requests[i]`` in an arena of ``size_bytes``.

    ``lower_bound_bytes`` is the most that is alive at one step, sizes rounded up to the smallest
    alignment asked for: no plan can be smaller. It need not be reachable; ``is_optimal`` says that no smaller
    plan exists, because the bound was met or because every plan was ruled out.
    """

    requests: tuple[Request, ...]
    offsets: tuple[int, ...]
    size_bytes: int
    lower_bound_bytes: int
    is_optimal: bool


def make_plan(requests: Sequence[Request]) -> Plan:
    """Place ``requests``; their steps are any integers. Requests of 0 bytes get offset 0 and no room.

    Raises ModelError (code ``PLAN_TOO_LARGE``) where so many are alive together that planning would not end.
    """
    requests = tuple(requests)
    real = [i for i, request in enumerate(requests) if request.size_bytes > 0]
    if not real:
        return Plan(requests, (0,) * len(requests), 0, 0, is_optimal=True)
    unit = min(requests[i].align for i in real)
    items = [_item(requests[i], unit) for i in real]
    _check_pairs(items)
    bound = _peak(items)
    packing = pack(items, bound)
    offsets = [0] * len(requests)
    for i, offset in zip(real, packing.offsets, strict=True):
        offsets[i] = offset * unit
    return Plan(requests, tuple(offsets), packing.height * unit, bound * unit, packing.is_optimal)


def verify(plan: Plan) -> None:
    """Check ``plan`` from its definition, sharing no code with what made it.

    Raises TinykitError (code ``PLAN_UNSOUND``) if a request lies askew, leaves the arena, or overlaps
    another that is alive at the same step, or if the plan claims to beat its lower bound.
    """
    placed = [(r, at, at + r.size_bytes) for r, at in zip(plan.requests, plan.offsets, strict=True)]
    faults = [f"{r.name} at {at} is not aligned to {r.align}" for r, at, _ in placed if at % r.align]
    faults += [
        f"{r.name} ends at {end} of {plan.size_bytes}" for r, _, end in placed if end > plan.size_bytes
    ]
    faults += [f"{r.name} starts at {at}" for r, at, _ in placed if at < 0]
    alive: list[tuple[Request, int, int]] = []
    for one, start, end in sorted(placed, key=lambda entry: entry[0].first):
        alive = [entry for entry in alive if entry[0].last >= one.first]
        faults += [f"{one.name} overlaps {r.name}" for r, at, to in alive if max(start, at) < min(end, to)]
        alive.append((one, start, end))
    if plan.size_bytes < plan.lower_bound_bytes:
        faults.append(f"{plan.size_bytes} bytes are below the lower bound {plan.lower_bound_bytes}")
    if faults:
        raise TinykitError(
            f"The memory plan is unsound: {faults[0]} ({len(faults)} faults).",
            hint="this is a defect of tinykit: please report it with the model.",
            code="PLAN_UNSOUND",
        )


def _item(request: Request, unit: int) -> Item:
    return Item(-(-request.size_bytes // unit), request.first, request.last, request.align // unit)


def _check_pairs(items: Sequence[Item]) -> None:
    pairs = alive = 0
    for _, change in sorted([(i.first, 1) for i in items] + [(i.last + 1, -1) for i in items]):
        pairs += alive if change > 0 else 0
        alive += change
    if pairs > _MOST_PAIRS:
        raise ModelError(
            f"{len(items)} tensors, in {pairs} pairs alive together, are more than can be planned.",
            hint="tinykit is for models that fit a microcontroller.",
            code="PLAN_TOO_LARGE",
        )


def _peak(items: Sequence[Item]) -> int:
    """The most that is alive at one step; it is reached where some life begins."""
    changes = sorted([(i.first, 1, i.size) for i in items] + [(i.last + 1, 0, -i.size) for i in items])
    peak = live = 0
    for _, _, change in changes:
        live += change
        peak = max(peak, live)
    return peak
