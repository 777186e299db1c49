"""``tinykit build``."""

from __future__ import annotations

from pathlib import Path

import click

from tinykit.cli.common import Output, common_options

ORDER = 50
_PATH = click.Path(path_type=Path)


@click.command(
    "build",
    short_help="Compile an int8 .tflite to C and an image for a board.",
    help="""Compile an int8 .tflite to C and an image for a board.

    OUT gets the model as C99 (model.h, model.c, weights.c, kernels/), which drops into any project, the
    board's firmware, and firmware.elf. An earlier build in it is replaced once all is done; files of your own
    stay. Where the compiler fails, OUT is as it was, and OUT.failed holds what was compiled. Of what does not
    fit the board, all but the code's size is known before anything is compiled.""",
    epilog="Example: tinykit build model.tflite --board virtual-m4 -o out/",
)
@click.argument("model", type=_PATH, metavar="MODEL.tflite")
@click.option(
    "--board", required=True, metavar="BOARD", help="A board's name, or the .toml file of your own."
)
@click.option("-o", "--out", type=_PATH, required=True, metavar="OUT", help="The folder to write.")
@click.option("--c-only", is_flag=True, help="Stop before compiling: needs no compiler.")
@click.option(
    "--toolchain",
    type=click.Choice(["zig", "gcc"]),
    default="zig",
    show_default=True,
    help="zig comes with pip; gcc is arm-none-eabi-gcc.",
)
@click.option(
    "--mlperf",
    metavar="ID",
    help="Answer MLPerf Tiny's host as one of its models: its id, and inputs as the host sends them. kws01:"
    " int8 as it is; ic01, vww01: uint8, 128 too high; ad01: float32, which the firmware quantizes. Default:"
    " an id of our own, and the bytes that the model takes.",
)
@click.option(
    "--energy",
    is_flag=True,
    help="Make the energy build: marker pulses in place of times, no transport while inferences run.",
)
@common_options
def command(
    output: Output,
    model: Path,
    board: str,
    out: Path,
    c_only: bool,
    toolchain: str,
    mlperf: str | None,
    energy: bool,
) -> None:
    """Build, then show what the image is made of."""
    from tinykit.boards import load_board
    from tinykit.cli.build_view import view
    from tinykit.compiler.image import build_model

    report = build_model(
        model,
        load_board(board),
        out,
        toolchain=toolchain,
        c_only=c_only,
        mlperf=mlperf,
        energy=energy,
        progress=output.progress,
    )
    output.emit(report.to_dict(), lambda console: console.print(view(report)))
