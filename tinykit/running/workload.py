"""What is to be run: a model's file, an image that was built earlier, or whatever a board carries."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tinykit.boards import Board
from tinykit.compiler.image import BuildReport, build_model
from tinykit.errors import BuildError, InputError
from tinykit.graph.dtypes import numpy_dtype
from tinykit.graph.model import Graph
from tinykit.graph.reader import read_model
from tinykit.graph.summary import summarise
from tinykit.progress import SILENT, Progress
from tinykit.running.result import TensorSpec
from tinykit.runtime.inference import is_stateful

_ELF = b"\x7fELF"


@dataclass(frozen=True, eq=False)
class Model:
    """A .tflite file, read: its bytes, and what goes in and comes out for one inference."""

    path: Path
    content: bytes
    sha256: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    stateful: bool
    macs: int


@dataclass(frozen=True, eq=False)
class Workload:
    """What the user named: a ``model``, or an ``image`` whose model only the board itself can tell.

    ``toolchain`` and ``keep`` (a folder that stays) are for the build that a place may need.
    """

    path: Path
    model: Model | None
    image: Path | None = None
    toolchain: str = "zig"
    keep: Path | None = None

    @property
    def sha256(self) -> str:
        """The model's hash; of an image, the image's."""
        if self.model is not None:
            return self.model.sha256
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def require_model(self, place: str) -> Model:
        """The model. Raises InputError, code RUN_NEEDS_MODEL, where an image was given."""
        if self.model is None:
            raise InputError(
                f"{place} runs a model's .tflite file, and {self.path} is an image for a board.",
                hint="give the model; an image runs on an emulated board or on a board that carries it.",
                code="RUN_NEEDS_MODEL",
            )
        return self.model

    @contextmanager
    def built_for(self, board: Board, progress: Progress = SILENT) -> Iterator[BuildReport]:
        """The model as an image for ``board``, in ``keep`` or in a folder that goes away at the end.

        It stays where the compiler failed in it. Raises what `build_model` raises.
        """
        model = self.require_model(f"board '{board.name}'")
        if self.keep is not None:
            yield build_model(model.path, board, self.keep, toolchain=self.toolchain, progress=progress)
            return
        scratch, failed = Path(tempfile.mkdtemp(prefix="tinykit-build-")), False
        try:
            yield build_model(
                model.path, board, scratch / "build", toolchain=self.toolchain, progress=progress
            )
        except BuildError as error:
            failed = error.code == "COMPILER_FAILED"
            raise
        finally:
            if not failed:
                shutil.rmtree(scratch, ignore_errors=True)


def read_workload(path: Path, *, toolchain: str = "zig", keep: Path | None = None) -> Workload:
    """Read what ``path`` holds: a .tflite model, or an ELF image.

    Raises ModelError for a file that is neither, or none.
    """
    try:
        with path.open("rb") as file:
            is_image = file.read(len(_ELF)) == _ELF
    except OSError:  # the reader of models names it
        is_image = False
    if is_image:
        return Workload(path, None, path, toolchain, keep)
    graph = read_model(path)
    model = Model(
        path,
        path.read_bytes(),
        graph.sha256,
        tuple(tensor_spec(graph, id_) for id_ in graph.main.inputs),
        tuple(tensor_spec(graph, id_) for id_ in graph.main.outputs),
        is_stateful(graph),
        summarise(graph, path.name).macs,
    )
    return Workload(path, model, None, toolchain, keep)


def tensor_spec(graph: Graph, id_: int) -> TensorSpec:
    """An input or output of the main subgraph as a board sees it."""
    tensor = graph.main.tensors[id_]
    quantization = tensor.quantization
    per_tensor = quantization is not None and not quantization.per_axis
    return TensorSpec(
        tensor.shape,
        numpy_dtype(tensor.dtype),
        float(quantization.scale[0]) if quantization is not None and per_tensor else 0.0,
        int(quantization.zero_point[0]) if quantization is not None and per_tensor else 0,
        tensor.name,
    )
