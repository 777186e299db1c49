"""From a .tflite file to a folder of C: lower, choose kernels, arrange memory, emit, write."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinykit.compiler.arrange import Arrangement, arrange
from tinykit.compiler.emit.folder import Emitted, emit
from tinykit.compiler.emit.identity import identity_of
from tinykit.compiler.kernel import PORTABLE, Installed, Target
from tinykit.compiler.lower import lower
from tinykit.compiler.operators import known_operators
from tinykit.compiler.program import Program
from tinykit.compiler.registry import find_kernels
from tinykit.compiler.select import Choice, select
from tinykit.errors import OutputError
from tinykit.graph.model import Graph

# Lists what a build has written: only that is ever removed.
MARK = ".tinykit-build.json"
SCHEMA = "tinykit.build_files"
# What the compiler leaves beside the emitted files; a failed build must not leave an earlier model's image.
BUILT = ("firmware.elf",)


@dataclass(frozen=True, eq=False)
class CompiledModel:
    """A model as C, in memory. ``choices[k]`` is the kernel of ``program.layers[k]``."""

    program: Program
    target: Target
    choices: tuple[Choice, ...]
    arrangement: Arrangement
    emitted: Emitted

    @property
    def weight_bytes(self) -> int:
        """Flash that holds the model's own numbers."""
        return sum(t.size_bytes for t in self.emitted.tables if t.is_weights)

    @property
    def table_bytes(self) -> int:
        """Flash that holds kernels' helpers: multipliers, shifts."""
        return sum(t.size_bytes for t in self.emitted.tables if not t.is_weights)

    @property
    def state_bytes(self) -> int:
        """RAM that holds state between inferences."""
        return sum(variable.size_bytes for variable in self.program.variables)


def compile_graph(
    graph: Graph,
    target: Target = PORTABLE,
    *,
    kernels: Sequence[Installed] | None = None,
    mlperf: str | None = None,
) -> CompiledModel:
    """Compile a graph for ``target`` with ``kernels`` (all that are found).

    Raises ModelError for a model that cannot be built (the codes of :func:`tinykit.compiler.lower.lower`, and
    ``LAYER_NO_KERNEL``), UsageError for an unknown ``mlperf`` id.
    """
    identity = identity_of(graph.sha256, mlperf)
    installed = find_kernels() if kernels is None else kernels
    program = lower(graph, known_operators(installed))
    choices = select(program, target, installed)
    arrangement = arrange(program, choices)
    return CompiledModel(program, target, choices, arrangement, emit(program, choices, arrangement, identity))


def write_c(model: CompiledModel, out: Path) -> None:
    """Write the emitted files into the folder ``out``, and their list (MARK) beside them.

    In a folder of an earlier build, the files on its list go first, and nothing else is touched: whatever a
    user keeps there stays. Raises OutputError where ``out`` holds files and no list, or cannot be written.
    """
    out = out.resolve()
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out} is a file.", hint="name a folder that is new, empty, or an earlier build.")
    try:
        if out.is_dir() and any(out.iterdir()):
            _remove(_listed(out), out)
        out.mkdir(parents=True, exist_ok=True)
        for name, content in model.emitted.files.items():
            file = out / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        document = {"schema": SCHEMA, "schema_version": 1, "files": [*model.emitted.files, *BUILT]}
        (out / MARK).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{out} cannot be written: {error.strerror or error}.",
            hint="check the folder and the room on its disk.",
        ) from error


def _listed(out: Path) -> list[Path]:
    """The files that an earlier build wrote into ``out``. Raises OutputError where there is no such list."""
    try:
        document = json.loads((out / MARK).read_bytes())
        ours = document["schema"] == SCHEMA
        names = [str(name) for name in document["files"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        ours, names = False, []
    inside = [out / name for name in names if (out / name).resolve().is_relative_to(out)]
    if not ours or len(inside) != len(names):
        raise OutputError(
            f"{out} holds files that are not tinykit's.",
            hint="name a folder that is new, empty, or an earlier build.",
        )
    return inside


def _remove(files: list[Path], out: Path) -> None:
    """Remove ``files``, and their folders inside ``out`` where that empties them."""
    for file in files:
        file.unlink(missing_ok=True)
    for folder in {
        parent for file in files for parent in file.parents if parent != out and out in parent.parents
    }:
        with contextlib.suppress(OSError):  # not empty: somebody else's file is in it
            folder.rmdir()
