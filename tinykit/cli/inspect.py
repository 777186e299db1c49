"""``tinykit inspect``."""

from __future__ import annotations

from pathlib import Path

import click

from tinykit.cli.common import Output, common_options

ORDER = 40


@click.command(
    "inspect",
    short_help="Show what a .tflite model is made of and what it needs.",
    help="""Show what a .tflite model is made of and what it needs.

    Inputs and outputs, operators, multiply-accumulates by layer, weights, which operators are float, and the
    memory plan, drawn as a map. Counts are exact; the arena is modelled. With --board, what the built model
    takes of that board; exit code 3 where it does not fit.""",
    epilog="Example: tinykit inspect model.tflite --board virtual-m4",
)
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL.tflite")
@click.option("--layers/--no-layers", default=True, show_default=True, help="Show the table of layers.")
@click.option("--board", metavar="BOARD", help="Tell whether it fits this board: a name or a .toml file.")
@common_options
def command(output: Output, model: Path, layers: bool, board: str | None) -> None:
    """Read the model, print its summary."""
    from tinykit.cli.inspect_view import view
    from tinykit.graph.summary import inspect_model

    summary = inspect_model(model)
    if board is None:
        output.emit(summary.to_dict(), lambda console: console.print(view(summary, layers=layers)))
        return
    from tinykit.boards import load_board
    from tinykit.cli.fit_view import view as fit_view
    from tinykit.compiler.image import fit_model

    fit = fit_model(model, load_board(board))
    output.emit(
        {**summary.to_dict(), "fit": fit.to_dict()},
        lambda console: console.print(view(summary, layers=layers), fit_view(fit), sep="\n\n"),
    )
    fit.require()
