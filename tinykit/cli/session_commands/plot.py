"""``tinykit session plot``."""

from __future__ import annotations

from pathlib import Path

import click

from tinykit.cli.common import Output, common_options

ORDER = 52


@click.command(
    "plot",
    short_help="Draw a session: PNG, SVG, PDF.",
    help="""Draw a session's power over time (extra report): the whole session, one window, one inference;
    windows, states and lost samples are marked.

    With --window one window alone, with --inference its first inference, with --from, --to any stretch.""",
    epilog="Example: tinykit session plot sessions/kws-1 -o kws-1.png",
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--window", type=click.IntRange(min=1), metavar="K", help="Draw window K, from 1.")
@click.option("--inference", is_flag=True, help="Draw the first inference of that window.")
@click.option("--from", "from_s", type=float, metavar="S", help="Seconds from the recording's start.")
@click.option("--to", "to_s", type=float, metavar="S", help="Up to these seconds.")
@click.option(
    "-o",
    "--output",
    "out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The picture.",
)
@common_options
def command(
    output: Output,
    folder: Path,
    window: int | None,
    inference: bool,
    from_s: float | None,
    to_s: float | None,
    out: Path,
) -> None:
    """Draw, then say so."""
    from tinykit.console import escape_text
    from tinykit.reporting.session_plot import View, plot_session

    output.progress.start("Drawing")
    drawn = plot_session(folder, out, View(window, inference, from_s, to_s))
    output.progress.finish()
    stamp = "  SIMULATED" if drawn.simulated else ""
    output.emit(drawn.to_dict(), lambda console: console.print(f"{escape_text(drawn.path)}{stamp}"))
