"""What was executed while the marker pin was high."""

from __future__ import annotations

from dataclasses import dataclass

from tinykit.bench.counter import Tally
from tinykit.bench.listener import PowerState
from tinykit.bench.machine import Machine


@dataclass(frozen=True)
class Window:
    """One stretch with the marker pin high: what each bucket executed in it."""

    tallies: tuple[Tally, ...]


class WindowRecorder:
    """A listener that keeps the windows of ``machine``."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._rise: tuple[Tally, ...] | None = None
        self.windows: list[Window] = []
        machine.listeners.append(self)

    def marker(self, cycle: int, high: bool) -> None:
        """See `tinykit.bench.listener.Listener`."""
        tallies = self._machine.tallies()
        if high:
            self._rise = tallies
        elif self._rise is not None:
            changes = (after - before for after, before in zip(tallies, self._rise, strict=True))
            self.windows.append(Window(tuple(changes)))
            self._rise = None

    def state(self, cycle: int, state: PowerState) -> None:
        """Power is not its concern."""

    def sending(self, start: int, end: int) -> None:
        """The line is not its concern."""
