"""``tinykit run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinykit.cli.common import Output, common_options, config_option

if TYPE_CHECKING:
    from tinykit.running.execute import TargetRun

ORDER = 55
_PATH = click.Path(path_type=Path)


@click.command(
    "run",
    short_help="Run a model here, on an emulated board, or on a board.",
    help="""Run a model and see its outputs, its time and what it counts.

    TARGET is host; an emulated board (virtual-m4, or your board's .toml file); qemu: and a board; a port
    (/dev/ttyACM0, COM3, socket://HOST:PORT, or auto); or a name from tinykit.toml. Given several times, all
    run at once. The model is built for an emulated board; a board on a port runs what is on it, which must be
    this model. An ELF image in place of MODEL runs as it is.

    Without --input one inference runs on seeded random bytes: counts and times are right, outputs mean
    nothing. A model that keeps state takes the samples as steps of one stream.

    With --check the outputs are compared with the reference, byte for byte, or within the target's stated
    tolerance; a difference, or a check that could not be made, ends with exit code 4.""",
    epilog="Example: tinykit run model.tflite --on virtual-m4 --input eval.npz --check --layers",
)
@click.argument("model", type=_PATH, metavar="MODEL.tflite|ELF")
@click.option("--on", multiple=True, metavar="TARGET", help="Where to run; else the default of tinykit.toml.")
@click.option("--baud", type=click.IntRange(min=1), metavar="N", help="Speed of the ports.")
@click.option(
    "--threads", type=click.IntRange(1, 256), default=1, show_default=True, help="Of the host, an inference."
)
@click.option(
    "--input",
    "inputs",
    type=_PATH,
    metavar="DATA",
    help="Samples: .npy, .npz, .csv; stored values or real ones. Several inputs: an .npz, arrays by name.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Take the first N samples only.")
@click.option("--eval", "labelled", type=_PATH, metavar="DATA", help="Run this labelled set, and judge it.")
@click.option(
    "--metric", type=click.Choice(["top1", "auc", "mse"]), help="Of --eval; else the one that fits."
)
@click.option("--check", is_flag=True, help="Compare the outputs with the reference.")
@click.option(
    "--tolerance",
    "tolerance_lsb",
    type=click.FloatRange(min=0),
    metavar="LSB",
    help="Of --check, in an output's own steps; else 0 for tinykit's kernels, 1 for others'.",
)
@click.option("--layers", is_flag=True, help="Show each layer's cost.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.001),
    metavar="S",
    help="Duration of the timed window (10); the number of inferences follows from it.",
)
@click.option("--repeat", type=click.IntRange(min=1), metavar="N", help="Inferences of the timed window.")
@click.option(
    "-o", "--output", "out", type=_PATH, metavar="Y.npz", help="Write all outputs; --eval goes on from it."
)
@click.option(
    "--toolchain", type=click.Choice(["zig", "gcc"]), default="zig", show_default=True, help="As in build."
)
@click.option("--keep", type=_PATH, metavar="FOLDER", help="Keep the build here.")
@config_option
@common_options
def command(output: Output, model: Path, on: tuple[str, ...], out: Path | None, **words: Any) -> None:
    """Run, check, judge; then show."""
    from tinykit.cli.run_view import view
    from tinykit.config import load_config
    from tinykit.running.check import require_equal
    from tinykit.running.execute import RunOptions, run_targets
    from tinykit.running.targets import find_targets
    from tinykit.running.workload import read_workload

    baud, threads = words.pop("baud"), words.pop("threads")
    targets = find_targets(on, load_config(words.pop("config_path")), baud=baud, threads=threads)
    workload = read_workload(model, toolchain=words.pop("toolchain"), keep=words.pop("keep"))
    options = RunOptions(**words, output=out)
    runs = run_targets(workload, targets, options, output.progress)
    output.emit(_document(runs), lambda console: console.print(view(runs, layers=options.layers)))
    failed = next((run.error for run in runs if run.error is not None), None)
    if failed is not None:
        raise failed
    for run in runs:
        if run.report is not None and options.check:
            require_equal(run.report.check)


def _document(runs: tuple[TargetRun, ...]) -> dict[str, object]:
    """One target's own document, or a list of them."""
    documents = []
    for run in runs:
        if run.report is not None:
            documents.append(run.report.to_dict())
        elif run.error is not None:
            error = {"code": run.error.code, "message": run.error.message, "hint": run.error.hint}
            documents.append({"target": run.target.name, "error": error})
    return (
        documents[0]
        if len(documents) == 1
        else {"schema": "tinykit.runs", "schema_version": 1, "runs": documents}
    )
