"""Sessions with whole periods of duty-cycled work, of known currents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sessions import Script, V

from tinykit.lab.profile import ASLEEP, WORK


@dataclass(frozen=True)
class DutyScript(Script):
    """As `Script`, the sleep state held too, then ``periods`` of work and sleep, a line's talk in between.

    ``wake_s`` at ``wake_a``, at the end of every sleep, is the start of the clocks. ``cycle_sleep_a`` is what
    the board sleeps at in its periods, ``work_a`` what it works at there.
    """

    periods: int = 4
    sleep_s: float = 0.15
    sleep_a: float = 60e-6
    cycle_sleep_a: float = 60e-6
    work_a: float = 12e-3
    work_s: float = 0.008
    wake_s: float = 0.002
    wake_a: float = 4e-3
    idle_a: float = 1e-3
    behind_work_a: float | None = None
    """In the guard behind a period's work, where it is not idle's."""

    def parts(self) -> Iterator[tuple[str, float, float, int]]:
        yield from super().parts()
        yield "sleep", self.sleep_s, self.sleep_a, 1
        yield "", 2 * self.guard_s, self.idle_a, 0
        for _ in range(self.periods):
            yield WORK, self.work_s, self.work_a, 1
            yield "", self.guard_s, self.idle_a if self.behind_work_a is None else self.behind_work_a, 0
            yield "", 0.01, 3e-3, 0  # the line
            yield "", self.guard_s, self.idle_a, 0
            if self.wake_s:
                # No `done` between: the marker stays high while the clocks start.
                yield "", self.sleep_s - self.wake_s, self.cycle_sleep_a, 1
                yield ASLEEP, self.wake_s, self.wake_a, 1
            else:
                yield ASLEEP, self.sleep_s, self.cycle_sleep_a, 1
            yield "", 2 * self.guard_s, self.idle_a, 0

    def count(self, kind: str) -> int:
        return 1 if kind == WORK else super().count(kind)

    @property
    def period_s(self) -> float:
        """True length of a period, the line's talk cut out."""
        return self.work_s + self.sleep_s

    @property
    def wake_j(self) -> float:
        """True energy of a clock start beyond sleep."""
        return V * self.wake_s * (self.wake_a - self.cycle_sleep_a)

    @property
    def period_j(self) -> float:
        """True energy of a period."""
        return V * (self.work_s * self.work_a + self.sleep_s * self.cycle_sleep_a) + self.wake_j
