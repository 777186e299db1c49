"""``tinykit session export``."""

from __future__ import annotations

from pathlib import Path

import click

from tinykit.cli.common import Output, common_options

ORDER = 55


@click.command(
    "export",
    short_help="Export a session: CSV, .jls, MLPerf Tiny's form.",
    help="""Export a session's samples or results to FILE; its suffix says the format, or --as.

    csv: one row a sample, units in the headers. jls: for the Joulescope UI, windows as annotations (extra
    joulescope). mlperf: the form of MLPerf Tiny's results.json, stamped "not a verified result".""",
    epilog="Example: tinykit session export sessions/kws-1 kws-1.csv --from 0.1 --to 0.2",
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as", "name", metavar="FORMAT", help="csv, jls or mlperf; else by FILE's suffix.")
@click.option("--from", "from_s", type=float, metavar="S", help="Seconds from the recording's start.")
@click.option("--to", "to_s", type=float, metavar="S", help="Up to these seconds.")
@common_options
def command(
    output: Output, folder: Path, file: Path, name: str | None, from_s: float | None, to_s: float | None
) -> None:
    """Export, then say what was written."""
    from tinykit.console import escape_text
    from tinykit.lab.export import export_session

    done = export_session(folder, file, name=name, from_s=from_s, to_s=to_s, progress=output.progress)
    stamp = "  SIMULATED" if done.simulated else ""
    output.emit(
        done.to_dict(), lambda console: console.print(f"{escape_text(done.path)}: {done.note}{stamp}")
    )
