"""From a .tflite file to a folder of C: lower, choose kernels, arrange memory, emit, write."""

from __future__ import annotations

import shutil
import tempfile
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

# Only a folder that holds this file is replaced: it is one that tinykit has written.
MARK = "model.h"


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
    """Write the folder ``out``, whole or not at all; one that tinykit wrote before is replaced.

    Raises OutputError where ``out`` holds something else or cannot be written.
    """
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out} is a file.", hint="name a folder that is new, empty, or an earlier build.")
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise OutputError(
            f"{out} holds other files.", hint="name a folder that is new, empty, or an earlier build."
        )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        try:
            fresh.chmod(0o755)
            for name, content in model.emitted.files.items():
                file = fresh / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            if out.exists():
                shutil.rmtree(out)
            fresh.rename(out)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"{out} cannot be written: {error.strerror or error}.",
            hint="check the folder and the room on its disk.",
        ) from error
