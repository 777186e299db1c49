"""``tinykit rig``."""

from __future__ import annotations

from tinykit.cli.subcommands import SubCommands

ORDER = 59

command = SubCommands(
    "rig",
    "tinykit.cli.rig_commands",
    short_help="Check the wiring of board and meter before a long run.",
    help="Check the wiring of board and meter before a long run.",
    epilog="Example: tinykit rig check model.tflite --on virtual-m4 --meter ppk2 --voltage 3.0 --dry-run",
)
