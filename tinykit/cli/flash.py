"""``tinykit flash``."""

from __future__ import annotations

from pathlib import Path

import click

from tinykit.cli.common import Output, common_options

ORDER = 52


@click.command(
    "flash",
    short_help="Put an image on a board.",
    help="""Put an image on a board, with the command that the board's file names.

    FIRMWARE is an image (firmware.elf), or the folder of a build. The command runs a tool that must be
    installed (openocd, pyocd, esptool, picotool); those of tinykit's own boards verify what they wrote. An
    image that was built for another board is refused.""",
    epilog="Example: tinykit flash out/ --board nucleo-l4r5zi --dry-run",
)
@click.argument("firmware", type=click.Path(path_type=Path), metavar="FIRMWARE")
@click.option(
    "--board", required=True, metavar="BOARD", help="A board's name, or the .toml file of your own."
)
@click.option("--port", metavar="PORT", help="The serial port, for tools that flash through one.")
@click.option("--dry-run", is_flag=True, help="Check, and show the command, but run nothing.")
@common_options
def command(output: Output, firmware: Path, board: str, port: str | None, dry_run: bool) -> None:
    """Plan, run, and say what was done."""
    import shlex

    from tinykit import __version__
    from tinykit.boards import load_board
    from tinykit.boards.flash import plan_flash, run_flash
    from tinykit.console import key_values

    plan = plan_flash(firmware, load_board(board), port)
    done = None if dry_run else run_flash(plan, output.progress)
    document = {
        "schema": "tinykit.flash",
        "schema_version": 1,
        "tinykit": __version__,
        **plan.to_dict(),
        "dry_run": dry_run,
        "said": list(done.said) if done else [],
        "seconds": done.seconds if done else None,
    }
    rows = [
        ("board", plan.board),
        ("image", f"{plan.image}, {plan.size_bytes:,} bytes"),
        ("command", shlex.join(plan.command)),
        ("", "not run" if done is None else f"done in {done.seconds:.1f} s"),
    ]
    output.emit(document, lambda console: console.print(key_values(rows)))
