"""``tinykit measure --on external`` and ``--on markers``: its words, its plan, its end."""

from __future__ import annotations

import time
from collections.abc import Container
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from tinykit.cli.common import Output
from tinykit.cli.measuring import find_meter_port, line_number
from tinykit.errors import UsageError
from tinykit.lab.external import Marks
from tinykit.lab.external_session import Watch
from tinykit.lab.options import MeasureOptions
from tinykit.lab.phase_map import INFER, load_phase_map
from tinykit.meters.meter import MeterPort

_DRIVEN = {
    "inputs": "--input",
    "warmups": "--warmups",
    "states": "--states",
    "state_s": "--state-seconds",
    "profile": "--profile",
    "rig_check": "--rig-check",
    "windows_from": "--windows-from",
    "firmware": "--firmware",
    "baud": "--baud",
}
"""Words for a firmware that obeys."""


def measure_by_pins(output: Output, model: Path | None, dry_run: bool, words: dict[str, Any]) -> None:
    """Plan, then watch the pins, then show."""
    from tinykit.cli.external_view import watch_plan_view
    from tinykit.cli.measure_view import report_view, require_pass
    from tinykit.lab.external_plan import plan_watch
    from tinykit.lab.external_session import measure_external

    watch, port, options = watched_arguments(model, words, _given())
    plan = plan_watch(watch, port, options)
    if dry_run:
        output.emit(plan.to_dict(), lambda console: console.print(watch_plan_view(plan)))
        return
    if not output.quiet:
        from tinykit.console import stderr_console

        stderr_console().print(watch_plan_view(plan))
    plan.require()
    report = measure_external(watch, port, options, output.progress)
    output.emit(report.to_dict(), lambda console: console.print(report_view(report)))
    require_pass(report)


def watched_arguments(
    model: Path | None, words: dict[str, Any], given: Container[str]
) -> tuple[Watch, MeterPort, MeasureOptions]:
    """The options, by the names of their parameters, of which the user ``given``. Raises UsageError."""
    from tinykit.config import load_config

    for name, option in _DRIVEN.items():
        if name in given:
            raise UsageError(
                f"{option} needs a firmware that tinykit drives.",
                hint="leave it out with --on external and --on markers.",
            )
    config = load_config(words["config_path"])
    port, entry = find_meter_port(words["meter"], config)
    if entry is not None:
        words["voltage_v"] = words["voltage_v"] if words["voltage_v"] is not None else entry.voltage_v
        words["calibration"] = words["calibration"] or entry.calibration
    line = line_number(words["line"], port.meter)
    name = model.stem if model is not None else words["on"]
    out = words["out"] or Path("sessions") / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    shared = ("voltage_v", "voltage_source", "mode", "rail", "rate_hz", "calibration", "notes")
    options = MeasureOptions(out, line=line, **{key: words[key] for key in shared})
    seconds = words["seconds"] if "seconds" in given else None
    # One limit that was given takes the place of the other's default.
    windows = None if seconds is not None and "windows" not in given else words["windows"]
    return Watch(_marks(words, port, line), windows, seconds, words["short_asked"], model), port, options


def _given() -> set[str]:
    """What was asked for by the user."""
    context = click.get_current_context()
    return {
        name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }


def _marks(words: dict[str, Any], port: MeterPort, line: int) -> Marks:
    from tinykit.meters.registry import find_meter

    if words["on"] == "external":
        if words["phases"] is not None:
            raise UsageError("--phases names codes on several lines.", hint="give --on markers with it.")
        if words["inferences"] is None:
            raise UsageError(
                "How many inferences does the firmware run while the pin is high?", hint="say it with --n N."
            )
        lines = find_meter(port.meter).capabilities.digital_lines
        return Marks(lines[line] if lines else words["line"], words["level"], words["inferences"])
    if words["phases"] is None:
        raise UsageError(
            "What do the codes on the lines mean?",
            hint="give --phases map.toml; docs/how-to/mark-phases.md shows one.",
        )
    coding = load_phase_map(words["phases"])
    if words["inferences"] is not None and INFER not in coding.names:
        raise UsageError(
            f"--n says how many inferences are in the phase '{INFER}', and the map has none.",
            hint=f"name a phase '{INFER}', or leave --n out. The map's: {', '.join(coding.names)}.",
        )
    return Marks(inferences=words["inferences"], phases=coding)
