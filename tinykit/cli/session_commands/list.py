"""``tinykit session list``."""

from __future__ import annotations

from pathlib import Path

import click

from tinykit.cli.common import Output, common_options

ORDER = 10


@click.command(
    "list",
    short_help="List the sessions in a folder.",
    help="""List the sessions in and below each FOLDER (here, where none is named), three folders deep.

    Only the results' hashes are checked; `tinykit session verify` checks the raw data too.""",
    epilog="Example: tinykit session list measurements/",
)
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path), metavar="[FOLDER]...")
@common_options
def command(output: Output, folders: tuple[Path, ...]) -> None:
    """Find, then show."""
    from tinykit.cli.session_view import list_document, list_view
    from tinykit.lab.store import find_sessions

    found = tuple(find_sessions(folders or (Path(),)))
    output.emit(list_document(found), lambda console: console.print(list_view(found)))
