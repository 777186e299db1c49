"""What the served board's process is asked: crosses its border as one line of JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

from tinykit.bench.job import HookKind
from tinykit.bench.rig_job import RigJob

Pace = Literal["real", "fast"]


@dataclass(frozen=True)
class ServeJob:
    """Serve the image ``elf`` on the board described by the file ``board``.

    ``port`` is ``pty:LINK`` or ``tcp:HOST:PORT``. With ``awaits_host`` the board starts when the port is
    first opened, so that nothing of what it prints then is missed. ``rig``: the meter that it lives from.
    """

    elf: str
    board: str
    port: str
    pace: Pace = "fast"
    awaits_host: bool = False
    hook: HookKind = "auto"
    rig: RigJob | None = None

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> ServeJob:
        """Read what `to_json` wrote."""
        words = json.loads(text)
        if words["rig"] is not None:
            lists = {key: tuple(words["rig"][key]) for key in ("errors", "faults")}
            powers_w = tuple((name, watts) for name, watts in words["rig"]["powers_w"])
            words["rig"] = RigJob(**{**words["rig"], **lists, "powers_w": powers_w})
        return ServeJob(**words)
