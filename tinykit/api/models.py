"""From a .tflite file to what is in it, to C and an image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tinykit.api.files import File
from tinykit.progress import SILENT, Progress

if TYPE_CHECKING:
    from tinykit.compiler.image import BuildReport, Fit
    from tinykit.graph.model import Graph
    from tinykit.graph.summary import ModelSummary


def load_graph(model: File) -> Graph:
    """Read the .tflite file ``model`` as typed, checked data: tensors, operators, constants as arrays.

    Raises ModelError for a file that cannot be read or is not sound.
    """
    from tinykit.graph.reader import read_model

    return read_model(Path(model))


def inspect(model: File) -> ModelSummary:
    """Tell what ``model`` (.tflite) is made of: inputs, operators, MACs, weights in bytes, the memory plan.

    Counts are exact; the arena is modelled. Raises ModelError.
    """
    from tinykit.graph.summary import inspect_model

    return inspect_model(Path(model))


def fit(model: File, board: File) -> Fit:
    """Tell what ``model`` (.tflite) takes of ``board`` (a name, or a .toml file); nothing is compiled.

    ``Fit.require()`` raises BuildError where it does not fit. Raises ModelError for a model that cannot be
    built, InputError for an unknown board.
    """
    from tinykit.boards import load_board
    from tinykit.compiler.image import fit_model

    return fit_model(Path(model), load_board(str(board)))


def build(
    model: File,
    board: File,
    out: File,
    *,
    toolchain: str = "zig",
    c_only: bool = False,
    mlperf: str | None = None,
    energy: bool = False,
    progress: Progress = SILENT,
) -> BuildReport:
    """Compile ``model`` (.tflite) to C99 and, for ``board``, to an image; both go to the folder ``out``.

    ``toolchain`` is "zig" or "gcc". ``c_only`` stops before compiling. ``mlperf`` is the id of one of MLPerf
    Tiny's models, to answer its host. ``energy`` makes the build for a power meter: marker pulses in place of
    times. An earlier build in ``out`` is replaced once all is done.

    Raises ModelError, InputError, BuildError, OutputError, MissingExtraError; ``out`` stays as it was then.
    """
    from tinykit.boards import load_board
    from tinykit.compiler.image import build_model

    return build_model(
        Path(model),
        load_board(str(board)),
        Path(out),
        toolchain=toolchain,
        c_only=c_only,
        mlperf=mlperf,
        energy=energy,
        progress=progress,
    )
