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

    With --on external, a firmware that is not ours raises a pin around --n inferences; with --on markers its
    pins are codes that the map of --phases names, and each phase gets its joules. Neither needs a serial port
    or a model; both end after --windows windows (cycles), or --seconds seconds, or with Ctrl-C.

    Exit code 4 where the verdict fails: then there is no number. What an emulator gives is SIMULATED.""",
    epilog="Example: tinykit measure model.tflite --on virtual-m4 --meter ppk2 --voltage 3.0 --dry-run",
)
@click.argument("model", type=PATH, metavar="MODEL.tflite", required=False)
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
@click.option(
    "--profile",
    metavar="period=S[,...]",
    help="Whole periods, too: wake, infer, sleep; period=60,periods=5,inferences=1.",
)
@click.option(
    "--rig-check/--no-rig-check", default=True, show_default=True, help="Look at the rig first; some 6 s."
)
@click.option("--n", "inferences", type=click.IntRange(min=1), metavar="N", help="External: in a window.")
@click.option("--phases", type=PATH, metavar="MAP.toml", help="Markers: what the codes on the lines mean.")
@click.option(
    "--level",
    type=click.Choice(["high", "low", "pulses"]),
    default="high",
    show_default=True,
    help="External: a window is while the line is high, or low, or between two pulses.",
)
@click.option("--short", "short_asked", is_flag=True, help="External: windows under 10 s are meant to be.")
@click.option(
    "--windows-from",
    type=click.Choice(["marker", "board", "power", "host"]),
    default="marker",
    show_default=True,
    help="Without a marker: the board's clock, edges of the power, host time. Labelled, and wider.",
)
@click.option("--notes", default="", metavar="TEXT", help="Kept in the session.")
@click.option(
    "-o", "--output", "out", type=PATH, metavar="DIR", help="A new folder; else sessions/NAME-TIME."
)
@click.option("--dry-run", is_flag=True, help="Print the plan, and stop.")
@config_option
@common_options
def command(output: Output, model: Path | None, dry_run: bool, **words: Any) -> None:
    """Plan, then measure, then show."""
    if words["on"] in ("external", "markers"):
        from tinykit.cli.measure_external import measure_by_pins

        measure_by_pins(output, model, dry_run, words)
        return
    model = driven(model, words)
    from tinykit.cli.measure_view import plan_view, report_view, require_pass
    from tinykit.lab.plan import plan_session
    from tinykit.running.workload import read_workload

    target, port, options = driven_arguments(model, words)
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


def driven_arguments(model: Path, words: dict[str, Any]) -> tuple[Target, MeterPort, MeasureOptions]:
    """The options, by the names of their parameters, as the lab wants them. Raises UsageError."""
    import time

    from tinykit.config import load_config
    from tinykit.lab.options import MeasureOptions
    from tinykit.lab.profile import STATES, parse_profile
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
    if words["profile"] is not None:
        words["profile"] = parse_profile(words["profile"])
        words["states"] = tuple(dict.fromkeys((*words["states"], *STATES)))
    words["out"] = words["out"] or Path("sessions") / f"{model.stem}-{time.strftime('%Y%m%d-%H%M%S')}"
    return target, port, MeasureOptions(**words)


def driven(model: Path | None, words: dict[str, Any]) -> Path:
    """For a board that tinykit drives: its model, and none of the words for one that it does not."""
    names = {"inferences": "--n", "phases": "--phases", "short_asked": "--short"}
    for name, option in names.items():
        if words.pop(name):
            raise UsageError(
                f"{option} is for a firmware that tinykit does not drive.",
                hint="give --on external, or --on markers, with it.",
            )
    words.pop("level")
    if model is None:
        raise UsageError(
            "Which model shall be measured?",
            hint="name MODEL.tflite; only --on external and --on markers do without.",
        )
    return model


def _states(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in ("idle", "sleep")]
    if unknown:
        raise UsageError(
            f"There is no power state '{unknown[0]}'.", hint="give --states idle,sleep, or fewer."
        )
    return names
