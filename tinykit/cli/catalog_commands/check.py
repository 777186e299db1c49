"""``tinykit catalog check``."""

from __future__ import annotations

from pathlib import Path

import click

from tinykit.cli.common import Output, common_options
from tinykit.errors import InputError

ORDER = 30


@click.command(
    "check",
    short_help="Check units, numbers and citations of a catalogue.",
    help="""Check each FILE of your own figures, or tinykit's catalogue where none is named: units, numbers,
    ranges, keys, and of tinykit's own figures source, address, licence, year and mark.

    Ends with 3 where anything is wrong.""",
    epilog="Example: tinykit catalog check",
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@common_options
def command(output: Output, files: tuple[Path, ...]) -> None:
    """Judge, show, and fail where there is a fault."""
    from tinykit.cli.catalog_view import check_view
    from tinykit.comparison.catalog_check import check_catalog

    report = check_catalog(files)
    output.emit(report.to_dict(), lambda console: console.print(check_view(report)))
    if report.faults:
        number = len(report.faults)
        raise InputError(
            f"{number} fault{'s' if number > 1 else ''} in the catalogue.",
            hint="each is listed with its file and line.",
            code="CATALOG_FAULTS",
        )
