"""``tinykit rig check``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tinykit.cli.common import Output, common_options, config_option
from tinykit.cli.measuring import PATH, find_meter_port, line_number, rig_options
from tinykit.errors import GateError


@click.command(
    "check",
    short_help="Pulse the marker once and see what the meter sees.",
    help="""Open board and meter as `tinykit measure` does, run one inference, pulse the marker for 0.1 s, and
    see what arrives: samples, the marker and its line, the range, the meter's calibration.

    What cannot be checked is listed as such. Exit code 4 where a check fails. --dry-run only says what would
    be missing.""",
    epilog="Example: tinykit rig check model.tflite --on auto --meter ppk2:/dev/ttyACM0 --voltage 3.0",
)
@click.argument("model", type=PATH, metavar="MODEL.tflite")
@rig_options
@click.option("--dry-run", is_flag=True, help="Touch no device.")
@config_option
@common_options
def command(output: Output, model: Path, dry_run: bool, **words: Any) -> None:
    """Check, then show."""
    from tinykit.cli.measure_view import plan_view, rig_view
    from tinykit.config import load_config
    from tinykit.lab.options import MeasureOptions
    from tinykit.lab.plan import plan_session
    from tinykit.lab.rig_session import rig_check
    from tinykit.running.targets import find_targets
    from tinykit.running.workload import read_workload

    config = load_config(words.pop("config_path"))
    on, baud = words.pop("on"), words.pop("baud")
    (target,) = find_targets([on] if on else [], config, baud=baud)
    port, entry = find_meter_port(words.pop("meter"), config)
    if entry is not None and words["voltage_v"] is None:
        words["voltage_v"] = entry.voltage_v
    words["line"] = line_number(words["line"], port.meter)
    options = MeasureOptions(out=Path("no-such-folder"), **words)
    plan = plan_session(read_workload(model), target, port, options)
    if dry_run:
        output.emit(plan.to_dict(), lambda console: console.print(plan_view(plan)))
        return
    plan.require()
    report = rig_check(model, target, port, options, output.progress)
    output.emit(report.to_dict(), lambda console: console.print(rig_view(report)))
    if report.failures:
        raise GateError(
            f"The rig check failed: {'; '.join(report.failures)}.",
            hint="check wires, ground, the marker's level and the supply.",
            code="RIG",
        )
