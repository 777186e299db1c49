"""``tinykit session show``."""

from __future__ import annotations

from pathlib import Path

import click

from tinykit.cli.common import Output, common_options

ORDER = 20


@click.command(
    "show",
    short_help="Show a session's result, verdict and budget.",
    help="""Show a session: its headline, what it was measured on and with, the verdict, the budget.

    The results' hashes are checked, those of the raw data are not.""",
    epilog="Example: tinykit session show sessions/kws-1",
)
@click.argument("folder", type=click.Path(path_type=Path))
@common_options
def command(output: Output, folder: Path) -> None:
    """Open, then show."""
    from tinykit.cli.session_view import show_view
    from tinykit.lab.store import open_session

    session = open_session(folder, raw=False)
    output.emit(session.to_dict(), lambda console: console.print(show_view(session)))
