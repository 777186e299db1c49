"""``tinykit run``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tinykit.cli.common import Output, common_options

ORDER = 55
_PATH = click.Path(path_type=Path)


@click.command(
    "run",
    short_help="Run a model on an emulated board and count.",
    help="""Run a model on an emulated board and count what it takes.

    PLACE is a board (virtual-m4, virtual-m0, the .toml file of your own) or qemu: and a board. The model is
    built for the board and run on the samples of DATA, through memory. Instructions are counted exactly;
    cycles are modelled. Without --input one inference runs on seeded random bytes: its counts are right, its
    outputs mean nothing. A model that keeps state takes the samples as steps of one stream.

    With --check the outputs are compared with the reference, byte for byte; a difference, or a check that
    could not be made, ends with exit code 4.""",
    epilog="Example: tinykit run model.tflite --on virtual-m4 --input eval.npz --check --layers",
)
@click.argument("model", type=_PATH, metavar="MODEL.tflite")
@click.option("--on", required=True, metavar="PLACE", help="Where to run.")
@click.option(
    "--input",
    "inputs",
    type=_PATH,
    metavar="DATA",
    help="Samples: .npy, .npz, .csv; raw int8 or real values.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Take the first N samples only.")
@click.option("--check", is_flag=True, help="Compare all output bytes with the reference.")
@click.option("--layers", is_flag=True, help="Show the counts of each layer.")
@click.option("-o", "--out", type=_PATH, metavar="OUT.npy", help="Write output 0 of all samples.")
@click.option(
    "--toolchain", type=click.Choice(["zig", "gcc"]), default="zig", show_default=True, help="As in build."
)
@click.option("--keep", type=_PATH, metavar="FOLDER", help="Keep the build here.")
@common_options
def command(output: Output, layers: bool, out: Path | None, **options: Any) -> None:
    """Build, run, check; then show the counts."""
    from tinykit.cli.run_view import view
    from tinykit.running.execute import require_equal, run_model
    from tinykit.running.outputs import write_output

    report = run_model(**options, progress=output.progress)
    if out is not None:
        write_output(report.result.outputs[0], out)
    output.emit(report.to_dict(), lambda console: console.print(view(report, layers=layers)))
    if options["check"]:
        require_equal(report.check)
