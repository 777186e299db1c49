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
    memory plan, drawn as a map. Counts are exact; the arena is modelled.""",
    epilog="Example: tinykit inspect model.tflite",
)
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL.tflite")
@click.option("--layers/--no-layers", default=True, show_default=True, help="Show the table of layers.")
@common_options
def command(output: Output, model: Path, layers: bool) -> None:
    """Read the model, print its summary."""
    from tinykit.cli.inspect_view import view
    from tinykit.graph.summary import inspect_model

    summary = inspect_model(model)
    output.emit(summary.to_dict(), lambda console: console.print(view(summary, layers=layers)))
