"""What goes wrong in a rig at a certain moment: in a long window, or at its end."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tinykit.bench.power import PowerTimeline

_LONG_S = 0.15
_VICTIM = 3  # the first long pulse of a session is its rig check's, the second often a state that is held
_LATE_S = 0.02
_BOUNCE_S = 0.002
_OUTAGE_S = 0.02
_IN_A_WINDOW = ("brown-out", "unplugged", "board-reset", "saturation")

Edges = Sequence[tuple[int, bool]]


class Mishaps:
    """The faults ``names`` that need a moment; see `rig_job.FAULTS`. Those of the stream are the meter's."""

    def __init__(self, names: Collection[str], clock_hz: float) -> None:
        self._names = names
        self._clock_hz = clock_hz
        self._rose = self._rose_known = 0
        self._counted = 0
        self._dead_until: int | None = None
        self._is_dead = "no-voltage" in names
        self._reset_due = False

    @property
    def rail_is_dead(self) -> bool:
        """Whatever the meter gives does not reach the board."""
        return self._is_dead

    @property
    def is_fed(self) -> bool:
        """The board lives without its rail."""
        return "back-powered" in self._names

    def take_reset(self) -> bool:
        """Whether the board must reset now; asked once."""
        due, self._reset_due = self._reset_due, False
        return due

    def edges(self, edges: Edges) -> list[tuple[int, bool]]:
        """The marker's edges as they reach the meter."""
        seen: list[tuple[int, bool]] = []
        late, step = round(_LATE_S * self._clock_hz), round(_BOUNCE_S * self._clock_hz)
        for cycle, high in edges:
            is_long = not high and cycle - self._rose > _LONG_S * self._clock_hz
            if high:
                self._rose = cycle
            seen.append((cycle + late if high and "late-marker" in self._names else cycle, high))
            if is_long and "double-marker" in self._names:
                seen += [(cycle + step, True), (cycle + 2 * step, False)]
        return seen

    def look(self, cycle: int, timeline: PowerTimeline, *, is_streaming: bool) -> str:
        """What happens at ``cycle`` beside the rail's failing and a reset, which it keeps; "" for nothing."""
        if self._dead_until is not None and cycle >= self._dead_until:
            self._dead_until, self._is_dead = None, False
        is_long = timeline.is_high and cycle - self._rose > _LONG_S * self._clock_hz
        if not (is_long and is_streaming) or self._rose == self._rose_known:
            return ""
        self._rose_known = self._rose
        self._counted += 1
        if self._counted != _VICTIM:
            return ""
        name = next((name for name in self._names if name in _IN_A_WINDOW), "")
        if name == "brown-out":
            self._is_dead, self._dead_until = True, cycle + round(_OUTAGE_S * self._clock_hz)
        elif name == "board-reset":
            self._reset_due = True
        return name
