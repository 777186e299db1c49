"""``tinykit convert``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from tinykit.cli.common import Output, common_options
from tinykit.errors import GateError

ORDER = 30
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


class _Bytes(click.ParamType):  # type: ignore[type-arg] # click < 8.4 has no ParamType[...]
    """A size such as ``4GB``, ``900M`` or ``2GiB``."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kMG]i?|)B?", value)
        if match is None or float(match[1]) == 0:
            self.fail(f"{value!r} is no size; write 4GB, 900MB or 2GiB.", param, ctx)
        return int(float(match[1]) * _UNITS[match[2]])


class _Numbers(click.ParamType):  # type: ignore[type-arg] # click < 8.4 has no ParamType[...]
    """One number, or one for each channel: ``0.5`` or ``0.485,0.456,0.406``."""

    name = "number[,number...]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(_number(part) for part in value.split(","))
        except (ValueError, ZeroDivisionError):
            self.fail(f"{value!r} is neither a number nor numbers with commas between.", param, ctx)


def _number(text: str) -> float:
    """A number or a fraction: 1/255 is what people mean, and 0.00392 is not it."""
    above, _, below = text.partition("/")
    return float(above) / float(below or 1)


_PATH = click.Path(path_type=Path)


@click.command(
    "convert",
    short_help="Convert a float model to a checked int8 .tflite.",
    help="""Convert a float model to a checked int8 .tflite.

    MODEL is a Keras .keras or .h5 file, or a SavedModel folder. DATA is an .npz (x, y), an .npy, a .csv, or a
    folder of images with a sub-folder for each class. Calibration data must be real samples, prepared as for
    training: they set the range of every int8 tensor.

    Beside OUT.tflite a report is written, OUT.json. With --eval, the float and the int8 model are both
    evaluated; a drop beyond --max-drop ends with exit code 4, and OUT.tflite is not written (one from an
    earlier run is removed).""",
    epilog="Example: tinykit convert model.keras --calibration calibration.npz --eval eval.npz "
    "--max-drop 0.005 -o model.tflite",
)
@click.argument("model", type=_PATH)
@click.option("-o", "--out", type=_PATH, required=True, metavar="OUT.tflite", help="The file to write.")
@click.option(
    "--calibration", type=_PATH, required=True, metavar="DATA", help="Typical inputs, 100 to 500 samples."
)
@click.option(
    "--eval", "evaluation", type=_PATH, metavar="DATA", help="Labelled data to measure accuracy on."
)
@click.option(
    "--max-drop",
    type=float,
    metavar="X",
    help="The most that the metric may lose: 0.005 is half a point; for mse its relative rise.",
)
@click.option(
    "--metric",
    type=click.Choice(["top1", "auc", "mse"]),
    help="Default: top1 for labels and several scores, auc for labels and one score or an autoencoder, "
    "else mse.",
)
@click.option(
    "--io",
    type=click.Choice(["int8", "uint8", "float32"]),
    default="int8",
    show_default=True,
    help="Type of the input and the output; inside, all is int8.",
)
@click.option(
    "--calibration-percentile",
    type=float,
    metavar="P",
    help="Keep the central P per cent of the input's values in calibration. Reaches the input tensor only.",
)
@click.option("--layers", is_flag=True, help="Add a table of the error of each layer, worst first.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0, min_open=True),
    default=1800.0,
    show_default=True,
    metavar="SECONDS",
    help="End the converter's process after this time.",
)
@click.option(
    "--memory-limit",
    "memory_limit_bytes",
    type=_Bytes(),
    help="End the converter's process when it holds more memory, such as 4GB (not on Windows).",
)
@click.option(
    "--threads", type=click.IntRange(min=1), help="Threads of the int8 evaluation. Default: one a core."
)
@click.option(
    "--image-scale", type=_Numbers(), help="A pixel p of an image becomes (p - mean) * scale, such as 1/255."
)
@click.option("--image-mean", type=_Numbers(), default="0", show_default=True, help="See --image-scale.")
@click.option("--label-column", metavar="NAME", help="The column of a .csv that holds the labels.")
@common_options
def command(
    output: Output,
    image_scale: tuple[float, ...] | None,
    image_mean: tuple[float, ...],
    label_column: str | None,
    **options: Any,
) -> None:
    """Convert, then show the report; a failed gate shows it too."""
    from tinykit.conversion import DataOptions, convert

    reading = DataOptions(image_scale, image_mean, label_column)
    try:
        report = convert(**options, reading=reading, progress=output.progress)
    except GateError as error:
        _show(output, error.report, options["out"])  # type: ignore[attr-defined]
        raise
    _show(output, report, options["out"])


def _show(output: Output, report: Any, out: Path) -> None:
    from tinykit.cli.convert_view import view

    output.emit(report.to_dict(), lambda console: console.print(view(report, out)))
