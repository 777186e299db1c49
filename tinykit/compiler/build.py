"""From a .tflite file to a folder of C: lower, choose kernels, arrange memory, emit, write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinykit.compiler.arrange import Arrangement, arrange
from tinykit.compiler.emit.folder import Emitted, emit
from tinykit.compiler.emit.identity import identity_of
from tinykit.compiler.kernel import PORTABLE, Installed, Target
from tinykit.compiler.lower import lower
from tinykit.compiler.operators import known_operators
from tinykit.compiler.output import replacing
from tinykit.compiler.program import Program
from tinykit.compiler.registry import find_kernels
from tinykit.compiler.select import Choice, select
from tinykit.graph.model import Graph


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
    """Write the emitted files into the folder ``out``, as :func:`tinykit.compiler.output.replacing` does."""
    with replacing(out) as stage:
        write_files(model, stage)


def write_files(model: CompiledModel, folder: Path) -> None:
    """Write the emitted files into ``folder``, which is there. Raises OSError."""
    for name, content in model.emitted.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
