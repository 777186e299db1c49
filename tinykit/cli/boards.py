"""``tinykit boards``."""

from __future__ import annotations

import click

from tinykit.cli.common import Output, common_options

ORDER = 45


@click.command(
    "boards",
    short_help="List the boards that a model can be built for.",
    help="""List the boards that a model can be built for, and where each has been seen to run.

    BOARD is a board's name or the .toml file of your own, which is then checked; without any, all that
    tinykit brings are listed. What was seen is read from the evidence of the long tests.""",
    epilog="Example: tinykit boards",
)
@click.argument("names", metavar="[BOARD]...", nargs=-1)
@common_options
def command(output: Output, names: tuple[str, ...]) -> None:
    """Read board files and evidence, print them."""
    from tinykit.boards import list_boards, load_board
    from tinykit.boards.seen import read_evidence
    from tinykit.cli.boards_view import document, view
    from tinykit.resources import evidence

    boards = tuple(load_board(name) for name in names) if names else list_boards()
    seen = read_evidence(evidence())
    output.emit(document(boards, seen), lambda console: console.print(view(boards, seen)))
