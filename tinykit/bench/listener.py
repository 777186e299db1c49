"""What others may watch of the emulated board, each event with its cycle: the seam for meters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

PowerState = Literal["active", "idle", "sleep"]
PinListener = Callable[[int, int], None]
"""Hears all pins of the marker's port: (cycle, levels), bit n being pin n; all low after every reset."""


class Listener(Protocol):
    """Hears events in the order of their time; cycles count from the start of the machine, resets included.

    An edge or a change of state lies at most one translated block before the cycle that it is given.
    """

    def marker(self, cycle: int, high: bool) -> None:
        """The marker pin has this level; low after every reset."""

    def state(self, cycle: int, state: PowerState) -> None:
        """The core is in ``state`` from here on; it begins active."""

    def sending(self, start: int, end: int) -> None:
        """The transmitter drives the line from ``start`` to ``end``, which lies ahead."""
