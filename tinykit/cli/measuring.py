"""The options that ``measure`` and ``rig check`` share: which meter, which voltage, which line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from tinykit.errors import UsageError

if TYPE_CHECKING:
    from tinykit.config import Config
    from tinykit.config import Meter as MeterEntry
    from tinykit.meters.meter import MeterPort

T = TypeVar("T")
PATH = click.Path(path_type=Path)

_OPTIONS = (
    click.option(
        "--on", metavar="TARGET", help="A board; host; external; markers; else the default of tinykit.toml."
    ),
    click.option("--meter", metavar="METER:PORT", help="Or a name from tinykit.toml; else its default."),
    click.option("--voltage", "voltage_v", type=float, metavar="V", help="Of the supply, in volts."),
    click.option("--voltage-source", default="", metavar="TEXT", help="Who measured it, and when."),
    click.option(
        "--mode",
        type=click.Choice(["source", "ammeter"]),
        default="source",
        show_default=True,
        help="The meter supplies the board, or sits in its supply.",
    ),
    click.option("--rail", default="", metavar="TEXT", help="Which wire is measured."),
    click.option("--rate", "rate_hz", type=float, metavar="HZ", help="Else the meter's fastest."),
    click.option("--calibration", type=PATH, metavar="FILE", help="The meter's certificate, or its check."),
    click.option("--firmware", type=PATH, metavar="FILE.elf", help="What was flashed."),
    click.option(
        "--line", "--marker", default="D0", show_default=True, metavar="LINE", help="Where the marker goes."
    ),
    click.option("--baud", type=click.IntRange(min=1), metavar="N", help="Speed of the board's port."),
)


def rig_options(function: Callable[..., T]) -> Callable[..., T]:
    """Add the options above."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def find_meter_port(text: str | None, config: Config) -> tuple[MeterPort, MeterEntry | None]:
    """METER:PORT, or a name in tinykit.toml, or its default. Raises UsageError."""
    from tinykit.meters.meter import MeterPort, parse_meter

    name = text or config.defaults.meter
    if not name:
        raise UsageError(
            "There is no meter to measure with.",
            hint="give --meter METER:PORT, as ppk2:/dev/ttyACM0, or a name from tinykit.toml.",
            code="NO_METER",
        )
    entry = config.meters.get(name)
    if entry is None:
        return parse_meter(name), None
    if not entry.kind:
        raise UsageError(
            f"[meters.{name}] in {config.path} does not say its kind.",
            hint='add kind = "ppk2".',
            code="NO_METER",
        )
    return MeterPort(entry.kind, entry.port or ""), entry


def line_number(text: str, meter: str) -> int:
    """``D0``, or a number, as the number of one of the meter's lines. Raises UsageError."""
    from tinykit.meters.registry import find_meter

    lines = find_meter(meter).capabilities.digital_lines
    if text in lines:
        return lines.index(text)
    match = re.fullmatch(r"D?([0-7])", text)
    if match and not lines:
        return int(match[1])
    if match and text.isdigit() and int(text) < len(lines):
        return int(text)
    # The default fits no meter whose only line has another name.
    if text == "D0" and len(lines) == 1:
        return 0
    raise UsageError(
        f"The meter '{meter}' has no line '{text}'.",
        hint=f"its lines are {', '.join(lines) or 'none'}.",
        code="METER_LINE",
    )
