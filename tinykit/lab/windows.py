"""Windows from a digital line: where the marker rises and falls, on the meter's own sample clock.

Windows without a marker: `tinykit.lab.clock_windows` and `tinykit.lab.power_windows`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np

from tinykit.meters.trace import Trace

Method = Literal["marker", "board", "power", "host"]
METHODS: tuple[Method, ...] = get_args(Method)
"""How windows may be found, the best first: marker, board clock, power edges, host time."""

DEBOUNCE_S = 50e-6
"""Pulses shorter than this are contact noise: EnergyRunner's ``timestamp-hold-us``."""


@dataclass(frozen=True)
class Edge:
    """A change of a line: sample ``index`` is the first one with the new level.

    ``unsure`` counts the lost samples right before it, in any of which it may have happened.
    """

    index: int
    rising: bool
    unsure: int = 0


@dataclass(frozen=True)
class Window:
    """Samples ``start`` to ``stop - 1`` lie inside. ``unsure`` is that of its two edges together."""

    start: int
    stop: int
    unsure: int = 0

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class Placing:
    """How windows were found, and how far off they may be: half-widths of rectangular distributions.

    A window may lie ``shift_s`` early or late as a whole; each of its edges ``edge_s`` early or late; its
    length may be off by the part ``length`` of it. A marker's own skew is the meter's, in its calibration;
    "counters" are a computer's own, read by the process that runs in the windows.
    ``contrast`` is active over idle power, where edges of the power were sought. ``unplaced`` states were
    held, and nothing tells where in the recording.
    """

    method: Method | Literal["counters"] = "marker"
    shift_s: float = 0.0
    edge_s: float = 0.0
    length: float = 0.0
    contrast: float | None = None
    unplaced: int = 0

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        finite = self.contrast is not None and math.isfinite(self.contrast)
        return {**asdict(self), "contrast": self.contrast if finite else None}

    @property
    def reach_s(self) -> float:
        """How far from where it is thought an edge may lie, length aside."""
        return self.shift_s + self.edge_s


MARKED = Placing()


def find_edges(trace: Trace, line: int, *, debounce_s: float = DEBOUNCE_S) -> tuple[Edge, ...]:
    """The edges of digital line ``line`` (0 to 7), in order; pulses shorter than ``debounce_s`` are left out.

    A pulse of a single sample is kept whatever ``debounce_s``: at low rates it is all that a marker leaves.
    Raises ValueError where the trace has no digital lines.
    """
    edges: list[Edge] = []
    level: int | None = None
    end = 0
    for block in trace.blocks():
        if block.digital is None:
            raise ValueError("the trace has no digital lines")
        bits = (block.digital >> line) & 1
        if level is not None and int(bits[0]) != level:
            edges.append(Edge(block.first_index, bool(bits[0]), block.first_index - end))
        for at in np.flatnonzero(bits[1:] != bits[:-1]):
            edges.append(Edge(block.first_index + int(at) + 1, bool(bits[at + 1])))
        level, end = int(bits[-1]), block.end_index
    return _debounced(edges, max(1, int(debounce_s * trace.sample_rate_hz)))


def _debounced(edges: Iterable[Edge], shortest: int) -> tuple[Edge, ...]:
    kept: list[Edge] = []
    for edge in edges:
        if kept and edge.index - kept[-1].index < shortest:
            kept.pop()
        else:
            kept.append(edge)
    return tuple(kept)


def level_windows(edges: Sequence[Edge], *, high: bool = True) -> tuple[Window, ...]:
    """The stretches during which the line is ``high`` (or low), those cut off by an end left out."""
    return tuple(
        Window(a.index, b.index, a.unsure + b.unsure)
        for a, b in itertools.pairwise(edges)
        if a.rising == high and b.rising != high
    )


def pulse_windows(edges: Sequence[Edge], *, skip: int = 0) -> tuple[Window, ...]:
    """Windows between falling edges, two a window, after ``skip`` pulses: MLPerf Tiny's energy builds.

    A pulse at boot and one for ``timestamp`` come before the first window (two to skip). A last pulse that
    has no partner makes none.
    """
    falls = [edge for edge in edges if not edge.rising][skip:]
    return tuple(
        Window(a.index, b.index, a.unsure + b.unsure) for a, b in zip(falls[::2], falls[1::2], strict=False)
    )
