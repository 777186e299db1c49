"""``tinykit report``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tinykit.cli.common import Output, common_options

ORDER = 80
PATH = click.Path(path_type=Path)


@click.command(
    "report",
    short_help="One page of conversions, builds, sessions and comparisons.",
    help="""Write one page about all INPUTs, in any mix: folders of sessions and of comparisons (compare -o),
    reports of conversions (OUT.json beside OUT.tflite), models (.tflite), and what build --json and
    inspect --json print.

    The page is one HTML file that loads nothing: the answer first, with its interval, its kind and where the
    edge loses; then figures with the data behind them, a trace to be zoomed, sources, and the commands that
    compute it again. A browser prints it as PDF. --format md writes Markdown, its pictures beside it.

    Exit code 3 for an INPUT that is not as tinykit wrote it.""",
    epilog="Example: tinykit report comparison/ session-1/ model.json -o report.html",
)
@click.argument("inputs", type=PATH, nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", "out", type=PATH, metavar="FILE", help="Default: report.html or report.md.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["html", "md"]),
    help="Default: by the name of FILE, else html.",
)
@click.option("--title", default="", metavar="TEXT", help="Default: what the first answer is about.")
@common_options
def command(output: Output, inputs: tuple[Path, ...], out: Path | None, format_: Any, title: str) -> None:
    """Read, write, say what was written."""
    from tinykit.cli.report_view import view
    from tinykit.reporting.report import make_report

    chosen: Any = format_ or ("md" if out is not None and out.suffix.lower() == ".md" else "html")
    report = make_report(
        inputs, out or Path(f"report.{chosen}"), format=chosen, title=title, progress=output.progress
    )
    output.emit(report.to_dict(), lambda console: console.print(view(report)))
