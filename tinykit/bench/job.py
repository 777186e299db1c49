"""What the bench is asked, and what it answers: both cross the process's border as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

HookKind = Literal["auto", "c", "python"]

SLICE_CYCLES = 10_000_000
LIMIT_INSTRUCTIONS = 20_000_000_000


@dataclass(frozen=True)
class BenchJob:
    """Run ``inferences`` inferences of the image ``elf`` on the board described by the file ``board``.

    ``input_path`` holds them without gaps, ``output_path`` gets the outputs. ``reset_each`` clears the
    model's state before every inference. ``hook`` counts in C or in Python ("auto": C where it can be
    compiled). ``slice_cycles`` is how often the bench looks up (counts do not depend on it); above
    ``limit_instructions`` the run is ended as hung.
    """

    elf: str
    board: str
    inferences: int
    input_bytes: tuple[int, ...]
    output_bytes: tuple[int, ...]
    input_path: str
    output_path: str
    reset_each: bool = True
    hook: HookKind = "auto"
    slice_cycles: int = SLICE_CYCLES
    limit_instructions: int = LIMIT_INSTRUCTIONS

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> BenchJob:
        """Read what `to_json` wrote."""
        fields = json.loads(text)
        for name in ("input_bytes", "output_bytes"):
            fields[name] = tuple(fields[name])
        return BenchJob(**fields)


@dataclass(frozen=True)
class Counts:
    """Instructions (exact) and modelled cycles: the middle, and the ends between which it lies."""

    instructions: int
    cycles: int
    cycles_low: int
    cycles_high: int


@dataclass(frozen=True)
class LayerCounts:
    """A layer's share, summed over all inferences.

    ``name`` is its function's, "tk_invoke" what calls them.
    """

    name: str
    counts: Counts


@dataclass(frozen=True)
class BenchResult:
    """What happened. ``each`` has one entry an inference, from tk_invoke's first instruction to its return.

    ``hook`` is "c" or "python", with ``hook_note`` saying why it is not C. ``cpu`` is the core that unicorn
    says it emulates. ``cycle_error`` is the model's error in words, ``cycle_error_relative`` as a number, to
    either side (0.1 is ±10 %). ``uart`` is what the firmware printed. ``ticks`` are the firmware's own timer
    readings. ``seconds`` is what the emulation took, start-up left out.
    """

    each: tuple[Counts, ...]
    layers: tuple[LayerCounts, ...]
    ticks: tuple[int, ...]
    stack_bytes: int
    uart: str
    cpu: str
    cycle_model: str
    cycle_error: str
    cycle_error_relative: float
    hook: str
    hook_note: str
    total_instructions: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @staticmethod
    def from_dict(fields: dict[str, Any]) -> BenchResult:
        """Read what `to_dict` wrote."""
        fields = dict(fields)
        fields["each"] = tuple(Counts(**counts) for counts in fields["each"])
        fields["layers"] = tuple(LayerCounts(e["name"], Counts(**e["counts"])) for e in fields["layers"])
        fields["ticks"] = tuple(fields["ticks"])
        return BenchResult(**fields)
