"""From a .tflite file to an image for a board: C, room checked, compiled, measured."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tinykit import __version__
from tinykit.boards import Board
from tinykit.compiler.build import CompiledModel, compile_graph, write_files
from tinykit.compiler.kernel import Target
from tinykit.compiler.output import replacing
from tinykit.compiler.size import Emission, SizeTable, measure
from tinykit.errors import BuildError
from tinykit.graph.model import Graph
from tinykit.graph.reader import read_model
from tinykit.graph.summary import summarise
from tinykit.progress import SILENT, Progress
from tinykit.toolchain import BuiltImage, build_image, find_toolchain, read_image

# No image is smaller: start-up and transport. What kernels add is known only once they are compiled.
_LEAST_CODE_BYTES = 2048


@dataclass(frozen=True)
class BuiltLayer:
    """A layer, the kernel that was chosen for it, and what it needs.

    ``function`` is its name in the image.
    """

    function: str
    kernel: str
    flash_bytes: int
    flash_read_bytes: int
    scratch_bytes: int


@dataclass(frozen=True, eq=False)
class BuildReport:
    """What was built. ``image`` and ``size`` are None where only C was asked for."""

    model: str
    model_sha256: str
    board: Board
    folder: Path
    compiled: CompiledModel
    layers: tuple[BuiltLayer, ...]
    image: BuiltImage | None
    size: SizeTable | None

    def to_dict(self) -> dict[str, object]:
        """Return the document ``tinykit.build``, version 1."""
        image = self.image
        return {
            "schema": "tinykit.build",
            "schema_version": 1,
            "tinykit": __version__,
            "model": self.model,
            "model_sha256": self.model_sha256,
            "board": self.board.name,
            "folder": str(self.folder),
            "arena_bytes": self.compiled.arrangement.arena_bytes,
            "state_bytes": self.compiled.state_bytes,
            "layers": [asdict(layer) for layer in self.layers],
            "image": None
            if image is None
            else {
                "file": image.elf.name,
                "sha256": image.sha256,
                "toolchain": image.toolchain,
                "toolchain_version": image.version,
                "compile_s": image.seconds,
            },
            "size": None if self.size is None else self.size.to_dict(),
        }


@dataclass(frozen=True)
class Fit:
    """What a model takes of a board, in bytes: RAM with the stack's reserve; of flash weights, tables and
    start-up, on which the kernels' code comes.

    ``problem`` and ``hint`` are empty where it fits.
    """

    board: str
    ram_bytes: int
    ram_available_bytes: int
    flash_least_bytes: int
    flash_available_bytes: int
    problem: str
    hint: str

    def require(self) -> None:
        """Raise BuildError, code BOARD_TOO_SMALL, where it does not fit, with the layer that needs most."""
        if self.problem:
            raise BuildError(self.problem, hint=self.hint, code="BOARD_TOO_SMALL")

    @property
    def fits(self) -> bool:
        """Whether there is room for it."""
        return not self.problem

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {**asdict(self), "fits": self.fits}


def build_model(
    model: Path,
    board: Board,
    out: Path,
    *,
    toolchain: str = "zig",
    c_only: bool = False,
    mlperf: str | None = None,
    energy: bool = False,
    progress: Progress = SILENT,
) -> BuildReport:
    """Build ``model`` for ``board`` into the folder ``out``, in place of an earlier build once all is done.

    ``mlperf`` and ``energy``: as MLPerf Tiny's host knows the model; for a power meter (`build_image`).

    Whatever is raised, ``out`` stays as it was (:func:`tinykit.compiler.output.replacing`): ModelError for a
    model that cannot be built; BuildError, BOARD_TOO_SMALL before anything is compiled, COMPILER_FAILED;
    OutputError; MissingExtraError where there is no compiler.
    """
    with replacing(out) as stage:
        if not c_only:
            find_toolchain(toolchain).version()
        progress.start("Reading and arranging the model")
        graph = read_model(model)
        compiled = compile_graph(graph, _target(board), mlperf=mlperf)
        check_room(compiled, board).require()
        write_files(compiled, stage)
        layers = _layers(compiled)
        progress.finish(f"{len(layers)} layers, arena {compiled.arrangement.arena_bytes:,} bytes")
        image, size = None, None
        if not c_only:
            sources, include = compiled.emitted.sources, compiled.emitted.include
            image = build_image(
                board, stage, sources, include, toolchain=toolchain, energy=energy, progress=progress
            )
            size = measure(read_image(image.elf), board, stage, _emission(compiled, graph))
            image = replace(image, elf=out / image.elf.name)
    return BuildReport(model.name, graph.sha256, board, out, compiled, layers, image, size)


def check_room(compiled: CompiledModel, board: Board) -> Fit:
    """What ``compiled`` takes of ``board``, by what is known before compiling: code is not."""
    ram = compiled.arrangement.arena_bytes + compiled.state_bytes + board.stack_bytes
    ram += compiled.emitted.buffer_bytes
    flash = compiled.weight_bytes + compiled.table_bytes + _LEAST_CODE_BYTES
    problem = hint = ""
    if ram > board.ram.size_bytes:
        layer, needed = _hungriest(compiled)
        problem = (
            f"The model needs {ram:,} bytes of RAM and board '{board.name}' has {board.ram.size_bytes:,}:"
            f" {layer} alone holds {needed:,} bytes of activations and scratch."
        )
        hint = "a smaller input or fewer channels in that layer help most, or a board with more RAM."
    elif flash > board.flash.size_bytes:
        largest = max(_layers(compiled), key=lambda one: one.flash_bytes)
        problem = (
            f"Weights and tables take {flash:,} bytes of flash, with start-up and before any kernel's code,"
            f" and board '{board.name}' has {board.flash.size_bytes:,}: {largest.function} alone takes"
            f" {largest.flash_bytes:,}."
        )
        hint = "fewer channels or units in that layer help most, or a board with more flash."
    return Fit(board.name, ram, board.ram.size_bytes, flash, board.flash.size_bytes, problem, hint)


def fit_model(model: Path, board: Board) -> Fit:
    """Tell whether the file ``model`` fits ``board``. Raises ModelError for one that cannot be built."""
    return check_room(compile_graph(read_model(model), _target(board)), board)


def _target(board: Board) -> Target:
    return Target(board.name, board.core.features, board.flash.size_bytes)


def _hungriest(compiled: CompiledModel) -> tuple[str, int]:
    """The layer at which most of the arena is alive, and how many bytes that is."""
    alive = compiled.arrangement.alive_bytes
    step = max(range(len(compiled.choices)), key=alive)
    return f"tk_{compiled.choices[step].layer.name}", alive(step)


def _layers(compiled: CompiledModel) -> tuple[BuiltLayer, ...]:
    flash: dict[int, int] = {}
    for table in compiled.emitted.tables:
        flash[table.layer] = flash.get(table.layer, 0) + table.size_bytes
    return tuple(
        BuiltLayer(
            f"tk_{choice.layer.name}",
            choice.installed.kernel.name,
            flash.get(choice.layer.index, 0),
            choice.lowered.flash_read_bytes,
            choice.lowered.scratch_bytes,
        )
        for choice in compiled.choices
    )


def _emission(compiled: CompiledModel, graph: Graph) -> Emission:
    tables = compiled.emitted.tables
    return Emission(
        weights=frozenset(table.name for table in tables if table.is_weights),
        tables=frozenset(table.name for table in tables if not table.is_weights),
        states=frozenset(f"tk_{variable.name}" for variable in compiled.program.variables),
        activation_bytes=compiled.arrangement.activation_bytes,
        source_weights=summarise(graph, "").weight_bytes,
    )
