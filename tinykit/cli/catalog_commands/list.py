"""``tinykit catalog list``."""

from __future__ import annotations

from pathlib import Path

import click

from tinykit.cli.common import Output, catalog_option, common_options

ORDER = 10


@click.command(
    "list",
    short_help="List the figures, or those of a category.",
    help="""List the figures of the catalogue, or those of one category.

    Marks: verified, derived (computed from verified figures), second-hand, recalled (check it before you
    publish it), gap (nobody has a figure), user (your own).""",
    epilog="Example: tinykit catalog list --category network",
)
@click.option("--category", metavar="NAME", help="Only the rows of this category.")
@catalog_option
@common_options
def command(output: Output, category: str | None, files: tuple[Path, ...]) -> None:
    """Load, then show."""
    from tinykit.cli.catalog_view import list_document, list_view
    from tinykit.comparison.catalog import Catalog

    catalog = Catalog.load(*files)
    rows = catalog.category(category) if category else tuple(catalog)
    output.emit(list_document(catalog, rows), lambda console: console.print(list_view(rows)))
