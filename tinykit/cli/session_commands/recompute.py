"""``tinykit session recompute``."""

from __future__ import annotations

from pathlib import Path

import click

from tinykit.cli.common import Output, common_options

ORDER = 40


@click.command(
    "recompute",
    short_help="Analyse a session's raw data again.",
    help="""Analyse the raw data again with this version of tinykit, and say what changed: the joules, their
    uncertainty, the verdict.

    Nothing is written, unless --write asks for it: then the results are replaced, the raw data never.""",
    epilog="Example: tinykit session recompute sessions/kws-1",
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Replace the session's results by the new ones.")
@common_options
def command(output: Output, folder: Path, write: bool) -> None:
    """Recompute, then show."""
    from tinykit.cli.session_view import recompute_view
    from tinykit.lab.recompute import recompute

    output.progress.start("Analysing the raw data")
    result = recompute(folder, write=write)
    output.progress.finish("the same" if result.is_equal else "something changed")
    output.emit(result.to_dict(), lambda console: console.print(recompute_view(result)))
