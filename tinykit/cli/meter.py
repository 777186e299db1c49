"""``tinykit meter``."""

from __future__ import annotations

from tinykit.cli.subcommands import SubCommands

ORDER = 61

command = SubCommands(
    "meter",
    "tinykit.cli.meter_commands",
    short_help="Check a meter's accuracy with known resistors.",
    help="Check a meter's accuracy with known resistors.",
    epilog="Example: tinykit meter check ppk2 --voltage 3.0 --resistor 1k:0.1% --dry-run",
)
