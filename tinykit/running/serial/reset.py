"""What opening a port does to a board: the lines DTR and RTS before it, and pulses after it."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import Any

from tinykit.errors import InputError


@dataclass(frozen=True)
class ResetPlan:
    """``dtr`` and ``rts`` are set before the port opens; ``steps`` (dtr, rts, seconds) follow in order.

    ``expects_banner`` where the board starts anew, so that its banner is worth waiting for.
    """

    name: str
    dtr: bool
    rts: bool
    steps: tuple[tuple[bool, bool, float], ...] = ()
    expects_banner: bool = False

    def apply(self, port: Any) -> None:
        """Take the steps. A port without these lines (a pty, a socket) is left alone."""
        for dtr, rts, seconds in self.steps:
            with contextlib.suppress(OSError):
                port.dtr, port.rts = dtr, rts
            time.sleep(seconds)


# Both lines high is what a terminal program does: boards with a USB port of their own send only then, and the
# auto-reset circuit of ESP boards sees no edge between the two.
PLANS = {
    plan.name: plan
    for plan in (
        ResetPlan("plain", True, True),
        ResetPlan("none", False, False),
        ResetPlan("dtr", False, False, ((False, False, 0.1), (True, False, 0.0)), True),
        ResetPlan("rts", False, False, ((False, True, 0.1), (False, False, 0.0)), True),
    )
}


def find_plan(name: str) -> ResetPlan:
    """The plan called ``name``, "plain" for "". Raises InputError, code RESET_UNKNOWN."""
    if (name or "plain") not in PLANS:
        raise InputError(
            f"There is no way to reset called '{name}'.",
            hint=f"give one of {', '.join(PLANS)}.",
            code="RESET_UNKNOWN",
        )
    return PLANS[name or "plain"]
