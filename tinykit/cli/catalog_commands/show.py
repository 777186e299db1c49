"""``tinykit catalog show``."""

from __future__ import annotations

from pathlib import Path

import click

from tinykit.cli.common import Output, catalog_option, common_options

ORDER = 20


@click.command(
    "show",
    short_help="Show everything about one figure.",
    help="""Show everything about one figure: value, spread, SI value, source, check mark, licence.""",
    epilog="Example: tinykit catalog show wifi.esp32.static_mqtt",
)
@click.argument("key")
@catalog_option
@common_options
def command(output: Output, key: str, files: tuple[Path, ...]) -> None:
    """Find, then show."""
    from tinykit.cli.catalog_view import row_document, row_view
    from tinykit.comparison.catalog import Catalog

    row = Catalog.load(*files).find(key)
    output.emit(row_document(row), lambda console: console.print(row_view(row)))
