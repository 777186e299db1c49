"""``tinykit measure``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinykit.cli.common import Output, common_options, config_option
from tinykit.cli.measuring import PATH, find_meter_port, line_number, rig_options
from tinykit.errors import UsageError

if TYPE_CHECKING:
    from tinykit.lab.options import MeasureOptions
    from tinykit.meters.meter import MeterPort
    from tinykit.running.targets import Target

ORDER = 60


@click.command(
    "measure",
    short_help="Measure the energy of an inference with a power meter.",
    help="""Measure how many joules an inference costs, with an interval that holds the truth at 95 %.

    The board runs windows of inferences with its marker pin high; the meter samples current and marker on one
    clock. All raw data, the result, its budget and a verdict go to a new folder. First the plan is printed:
    how long it takes, how precise it can be, what is missing; --dry-run stops there.

    Exit code 4 where the verdict fails: then there is no number. What an emulator gives is SIMULATED.""",
    epilog="Example: tinykit measure model.tflite --on virtual-m4 --meter ppk2 --voltage 3.0 --dry-run",
)
@click.argument("model", type=PATH, metavar="MODEL.tflite")
@rig_options
@click.option("--input", "inputs", type=PATH, metavar="DATA", help="Samples: .npy, .npz, .csv.")
@click.option("--windows", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many.")
@click.option(
    "--seconds", type=click.FloatRange(0.05, 3600), default=10.0, show_default=True, help="Of a window."
)
@click.option(
    "--warmups", type=click.IntRange(0, 10_000), default=3, show_default=True, help="Inferences before each."
)
@click.option(
    "--states", default="idle", show_default=True, metavar="A,B", help="Power states, too: idle, sleep."
)
@click.option(
    "--state-seconds", "state_s", type=click.FloatRange(0.05, 3600), metavar="S", help="Else as --seconds."
)
@click.option("--notes", default="", metavar="TEXT", help="Kept in the session.")
@click.option(
    "-o", "--output", "out", type=PATH, metavar="DIR", help="A new folder; else sessions/NAME-TIME."
)
@click.option("--dry-run", is_flag=True, help="Print the plan, and stop.")
@config_option
@common_options
def command(output: Output, model: Path, dry_run: bool, **words: Any) -> None:
    """Plan, then measure, then show."""
    from tinykit.cli.measure_view import plan_view, report_view, require_pass
    from tinykit.lab.plan import plan_session
    from tinykit.running.workload import read_workload

    target, port, options = _arguments(model, words)
    plan = plan_session(read_workload(model), target, port, options)
    if dry_run:
        output.emit(plan.to_dict(), lambda console: console.print(plan_view(plan)))
        return
    if not output.quiet:
        from tinykit.console import stderr_console

        stderr_console().print(plan_view(plan))
    plan.require()
    from tinykit.lab.session import measure

    report = measure(model, target, port, options, output.progress)
    output.emit(report.to_dict(), lambda console: console.print(report_view(report)))
    require_pass(report)


def _arguments(model: Path, words: dict[str, Any]) -> tuple[Target, MeterPort, MeasureOptions]:
    import time

    from tinykit.config import load_config
    from tinykit.lab.options import MeasureOptions
    from tinykit.running.targets import find_targets

    config = load_config(words.pop("config_path"))
    on, baud = words.pop("on"), words.pop("baud")
    (target,) = find_targets([on] if on else [], config, baud=baud)
    port, entry = find_meter_port(words.pop("meter"), config)
    if entry is not None:
        words["voltage_v"] = words["voltage_v"] if words["voltage_v"] is not None else entry.voltage_v
        words["calibration"] = words["calibration"] or entry.calibration
    words["line"] = line_number(words["line"], port.meter)
    words["states"] = _states(words["states"])
    words["state_s"] = words["state_s"] or words["seconds"]
    words["out"] = words["out"] or Path("sessions") / f"{model.stem}-{time.strftime('%Y%m%d-%H%M%S')}"
    return target, port, MeasureOptions(**words)


def _states(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in ("idle", "sleep")]
    if unknown:
        raise UsageError(f"There is no power state '{unknown[0]}'.", hint="--states idle,sleep, or fewer.")
    return names
