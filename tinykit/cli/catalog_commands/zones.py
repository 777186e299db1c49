"""``tinykit catalog zones``."""

from __future__ import annotations

from pathlib import Path

import click

from tinykit.cli.common import Output, catalog_option, common_options

ORDER = 15


@click.command(
    "zones",
    short_help="List the zones of electricity that --grid takes.",
    help="""List the zones that `tinykit compare --grid` takes, and what it calculates with there: the
    average mix of attributional comparisons, the margin of consequential ones where somebody has published
    it, and the water that generating evaporates.

    215 zones with the extra `cloud`; rows of your own (grid.KOR.average) go first.""",
    epilog="Example: tinykit catalog zones",
)
@catalog_option
@common_options
def command(output: Output, files: tuple[Path, ...]) -> None:
    """Load, then show."""
    from tinykit.cli.catalog_view import zones_document, zones_view
    from tinykit.comparison.catalog import Catalog
    from tinykit.comparison.zones import all_zones

    found = all_zones(Catalog.load(*files))
    output.emit(zones_document(found), lambda console: console.print(zones_view(found)))
