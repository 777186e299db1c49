"""``tinykit monitor``: what a board says, as it says it."""

from __future__ import annotations

import click

from tinykit.cli.common import Output, config_option, output_flags

ORDER = 58


@click.command(
    "monitor",
    short_help="Show what a board sends.",
    help="""Show what a board sends, line by line, until Ctrl-C.

    PORT is a port (/dev/ttyACM0, COM3, socket://HOST:PORT) or a name from tinykit.toml. With --send a command
    goes out first, ended as the dialect wants it. With --json each line is an object: t_s, kind, name,
    fields, text.""",
    epilog="Example: tinykit monitor 'tinykit://virtual-m4?model=model.tflite' --send name --seconds 2",
)
@click.argument("port", metavar="PORT")
@click.option("--baud", type=click.IntRange(min=1), metavar="N", help="Speed of the port.")
@click.option("--send", multiple=True, metavar="COMMAND", help="Send this first; may be given several times.")
@click.option("--seconds", type=click.FloatRange(min=0.1), metavar="S", help="End after this long.")
@config_option
@output_flags
def command(
    port: str, baud: int | None, send: tuple[str, ...], seconds: float | None, config_path: object
) -> None:
    """Open, send, show."""
    output = click.get_current_context().ensure_object(Output)
    from pathlib import Path

    from tinykit.config import load_config
    from tinykit.console import print_plain, safe_text
    from tinykit.running.serial.monitor import monitor
    from tinykit.running.targets import find_targets

    path = config_path if isinstance(config_path, Path) else None
    (target,) = find_targets([port], load_config(path), baud=baud)
    for heard in monitor(target, send, seconds):
        print_plain(heard.to_json() if output.json else safe_text(heard.line.text))
