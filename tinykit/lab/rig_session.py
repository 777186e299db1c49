"""``tinykit rig check``: the rig check by itself, with the rig opened as a session opens it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinykit.lab.emulation import clock_tolerance
from tinykit.lab.opened import open_rig
from tinykit.lab.options import MeasureOptions
from tinykit.lab.rig import RigCheck, RigFacts, check_rig, failures
from tinykit.meters.meter import MeterPort
from tinykit.progress import SILENT, Progress
from tinykit.running.inputs import random_samples
from tinykit.running.targets import Target
from tinykit.running.workload import read_workload


@dataclass(frozen=True)
class RigReport:
    """What the check of a rig found."""

    target: str
    meter: str
    simulated: bool
    checks: tuple[RigCheck, ...]

    @property
    def failures(self) -> tuple[str, ...]:
        """What failed, in words."""
        return failures(self.checks)

    def to_dict(self) -> dict[str, Any]:
        """The document ``tinykit.rig``, version 1."""
        return {
            "schema": "tinykit.rig",
            "schema_version": 1,
            "target": self.target,
            "meter": self.meter,
            "simulated": self.simulated,
            "passed": not self.failures,
            "checks": [check.to_dict() for check in self.checks],
        }


def rig_check(
    model: Path, target: Target, port: MeterPort, options: MeasureOptions, progress: Progress = SILENT
) -> RigReport:
    """Open the rig, load one row, pulse the marker, look.

    Raises what `measure` raises before it begins.
    """
    workload = read_workload(model)
    specs = workload.require_model("a rig check").inputs
    with open_rig(workload, target, port, options, progress) as rig:
        row = [array[:1] for array in random_samples(specs).arrays]
        facts = RigFacts(clock_tolerance(rig.emulation), rig.hashes)
        checks = check_rig(rig.meter, rig.device, rig.setup, rig.session, options.line, row, facts, progress)
        emulated = " (emulated)" if rig.setup.instrument.emulated else ""
        return RigReport(target.name, f"{rig.meter.title}{emulated}", rig.simulated, checks)
