"""``tinykit meter check``."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinykit.cli.common import Output, common_options
from tinykit.errors import OutputError, UsageError

if TYPE_CHECKING:
    from tinykit.lab.meter_check import Resistor, Shown

_PATH = click.Path(path_type=Path)
_PREFIX = {"": 1.0, "m": 1e-3, "k": 1e3, "K": 1e3, "M": 1e6}


@click.command(
    "check",
    short_help="Check a meter with known resistors; write its calibration.",
    help="""Walk through a check of the meter at its own output: open terminals first, then each resistor,
    while a multimeter shows the voltage across it. What comes out is a file for --calibration.

    A resistor in every range makes it a bound; a range that nobody checked keeps the data sheet's typical
    figures, and then there are no joules alone. For a PPK2 at 3 V: 100k, 10k, 1k, 100 and 39 ohm (a quarter
    of a watt). Errors that are found are not corrected: they become bounds.

    With --volts and --yes it asks nothing. --dry-run only lists the steps.""",
    epilog="Example: tinykit meter check ppk2:/dev/ttyACM0 --voltage 3.0 --resistor 1k:0.1% -o ppk2.json",
)
@click.argument("meter", metavar="METER:PORT")
@click.option("--voltage", "voltage_v", required=True, type=float, metavar="V", help="To set at the output.")
@click.option(
    "--resistor", "resistors", multiple=True, metavar="OHM:TOL", help="As 1k:0.1%; once for each, in order."
)
@click.option("--volts", metavar="V:TOL", help="What the multimeter shows at every step, as 2.991:0.5%.")
@click.option("--yes", is_flag=True, help="Ask nothing: every load is there when its step comes.")
@click.option(
    "--seconds", type=click.FloatRange(0.2, 60), default=2.0, show_default=True, help="Of each step."
)
@click.option("--notes", default="", metavar="TEXT", help="Kept with it: multimeter, temperature.")
@click.option("--dry-run", is_flag=True, help="List the steps, touch no meter.")
@click.option("-o", "--output", "out", type=_PATH, metavar="FILE", help="The calibration; a new file.")
@common_options
def command(output: Output, meter: str, resistors: tuple[str, ...], out: Path | None, **words: Any) -> None:
    """Check, write, show."""
    from tinykit.cli.meter_view import check_view, steps_document, steps_view
    from tinykit.lab.meter_check import Resistor, check_meter
    from tinykit.meters.meter import parse_meter
    from tinykit.meters.registry import find_meter

    port = parse_meter(meter)
    loads = tuple(Resistor(*_with_tolerance(text)) for text in resistors)
    voltage_v = words["voltage_v"]
    if words["dry_run"]:
        title = find_meter(port.meter).title
        document = steps_document(title, voltage_v, loads)
        output.emit(document, lambda console: console.print(steps_view(title, voltage_v, loads)))
        return
    _writable(out)
    ask = _ask(words["volts"], words["yes"])
    fit = check_meter(
        port,
        voltage_v,
        loads,
        ask,
        seconds=words["seconds"],
        source=words["notes"],
        progress=output.progress,
    )
    if out is not None:
        text = json.dumps(fit.calibration.to_dict(), indent=1, allow_nan=False) + "\n"
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{out}: {error.strerror}.", hint="name another place with -o.") from error
    output.emit(fit.to_dict(), lambda console: console.print(check_view(fit, out)))


def _writable(out: Path | None) -> None:
    if out is not None and out.exists():
        raise OutputError(f"{out} exists already.", hint="name a new file with -o: calibrations are kept.")


def _with_tolerance(text: str) -> tuple[float, float]:
    """``1k:0.1%`` → (1000.0, 0.001)."""
    match = re.fullmatch(r"([0-9.]+)\s*([mkKM]?)(?:ohm|V)?:([0-9.]+)\s*%", text)
    try:
        value, tolerance = float(match[1]) * _PREFIX[match[2]], float(match[3]) / 100  # type: ignore[index]
    except (TypeError, ValueError):
        value = tolerance = 0.0
    if not value > 0 or not 0 < tolerance < 0.2:
        raise UsageError(
            f"'{text}' is no value with a tolerance.",
            hint="write 1k:0.1%, or 2.991:0.5%.",
            code="CHECK_VALUE",
        )
    return value, tolerance


def _ask(volts: str | None, yes: bool) -> Callable[[Resistor | None], Shown]:
    """Asks on a terminal, or knows all answers. Raises UsageError where it can do neither."""
    from tinykit.lab.meter_check import Shown

    given = None if volts is None else Shown(*_with_tolerance(volts))
    if (given is None or not yes) and not sys.stdin.isatty():
        raise UsageError(
            "Nobody can be asked here.",
            hint="give --volts and --yes, or run it on a terminal.",
            code="CHECK_NOBODY",
        )

    def ask(load: Resistor | None) -> Shown:
        what = "Take every load off the output" if load is None else f"Connect {load.ohm:g} ohm to the output"
        if given is not None:
            if not yes:
                click.prompt(f"{what}, then press Enter", default="", show_default=False, err=True)
            return given
        shown = click.prompt(f"{what}. What does the multimeter show, as 2.991:0.5%", err=True)
        return Shown(*_with_tolerance(shown))

    return ask
