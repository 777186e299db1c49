"""``tinykit catalog``: the cited figures that comparisons calculate with."""

from __future__ import annotations

from tinykit.cli.subcommands import SubCommands

ORDER = 72

command = SubCommands(
    "catalog",
    "tinykit.cli.catalog_commands",
    short_help="List, show and check the cited figures of comparisons.",
    help="""List, show and check the cited figures that comparisons calculate with: radios, networks, servers,
    electricity, water, hardware, prices. Each says where it comes from and how far it was checked.

    A figure that nobody has published is there as a declared gap.""",
    epilog="Example: tinykit catalog list --category radio",
)
