"""Many models as one C source, so that one compilation and one run serve them all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from compiler.operator_cases import Array, Case
from compiler.redzones import GAP_BYTES, Piece, spread

from tinykit.compiler.arrange import arrange
from tinykit.compiler.emit.folder import KERNELS, Emitted, emit
from tinykit.compiler.emit.identity import identity_of
from tinykit.compiler.kernel import PORTABLE, Target
from tinykit.compiler.lower import lower
from tinykit.compiler.operators import known_operators
from tinykit.compiler.program import Program
from tinykit.compiler.registry import find_kernels
from tinykit.compiler.select import select
from tinykit.graph.reader import parse_model

WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror")
_NAMES = re.compile(r"\b(?:tk|TK)_\w+")
_OWN_HEADERS = re.compile(r'#include "(?:model|weights)\.h"\n')


@dataclass(frozen=True, eq=False)
class Compiled:
    """A model as C; ``pieces`` are the parts of its arena that are used, where gaps lie between them."""

    case: Case
    program: Program
    emitted: Emitted
    kernels: tuple[str, ...]
    arena_bytes: int
    pieces: tuple[Piece, ...] = ()


def compile_case(case: Case, target: Target = PORTABLE, *, page: int | None = None) -> Compiled:
    """A model through the whole compiler. ``page``: nothing shares memory, as `redzones.spread` says."""
    installed = find_kernels()
    program = lower(parse_model(case.model), known_operators(installed))
    choices = select(program, target, installed)
    arrangement, pieces = spread(program, choices, page) if page else (arrange(program, choices), ())
    names = tuple(choice.installed.kernel.name for choice in choices)
    emitted = emit(program, choices, arrangement, identity_of(program.source_sha256))
    return Compiled(case, program, emitted, names, arrangement.arena_bytes, pieces)


def given(cases: Sequence[Case]) -> bytes:
    """All inputs in the order in which the program takes them."""
    return b"".join(
        array[run].tobytes() for case in cases for run in range(len(case.inputs[0])) for array in case.inputs
    )


def taken(models: Sequence[Compiled], stream: bytes) -> list[tuple[Array, ...]]:
    """What the program gave, as each model's outputs: (runs, *output shape)."""
    results = []
    for model in models:
        values = [model.program.value(i) for i in model.program.outputs]
        rows: list[list[Array]] = [[] for _ in values]
        for _ in range(len(model.case.inputs[0])):
            for row, value in zip(rows, values, strict=True):
                row.append(np.frombuffer(stream[: value.size_bytes], value.dtype).reshape(value.shape))
                stream = stream[value.size_bytes :]
        results.append(tuple(np.stack(row) for row in rows))
    assert stream == b""
    return results


def output_bytes(models: Sequence[Compiled]) -> int:
    """How much :func:`taken` wants."""
    return sum(
        len(model.case.inputs[0]) * model.program.value(i).size_bytes
        for model in models
        for i in model.program.outputs
    )


def write_source(
    models: Sequence[Compiled], folder: Path, prelude: str, *, guards: bool = False
) -> list[str]:
    """``models.c`` with ``void run_models(void)``, and the kernels; the names of all C files.

    ``prelude`` defines ``take(void *, uint32_t)`` and ``give(const void *, uint32_t)``, and with
    ``guards``, for gaps behind the pieces of an arena, AddressSanitizer's ``__asan_poison_memory_region``.
    """
    kernels: dict[str, bytes] = {}
    for model in models:
        kernels |= {
            name: data for name, data in model.emitted.files.items() if name.startswith(f"{KERNELS}/")
        }
    (folder / KERNELS).mkdir(parents=True, exist_ok=True)
    for name, data in kernels.items():
        (folder / name).write_bytes(data)
    shared = {name for data in kernels.values() for name in _NAMES.findall(data.decode())}
    units = [_unit(model.emitted.files, number, shared) for number, model in enumerate(models)]
    calls = "\n".join(
        _calls(model, guards).replace("@", f"m{number}_") for number, model in enumerate(models)
    )
    body = f"void run_models(void);\nvoid run_models(void)\n{{\n{calls}\n}}\n"
    (folder / "models.c").write_text("\n".join([prelude, *units, body]))
    return ["models.c", *sorted(name for name in kernels if name.endswith(".c"))]


def _calls(model: Compiled, guards: bool) -> str:
    """The statements that run one model on its inputs; ``@`` stands where the model's number goes."""
    ends = [piece.start + piece.size_bytes for piece in model.pieces] if guards else []
    gaps = [f"__asan_poison_memory_region(@tk_arena + {end}, {GAP_BYTES});" for end in ends]
    takes = [f"take(@tk_input({k}), {array[0].nbytes});" for k, array in enumerate(model.case.inputs)]
    gives = [
        f"give(@tk_output({k}), {model.program.value(i).size_bytes});"
        for k, i in enumerate(model.program.outputs)
    ]
    loop = f"for (int run = 0; run < {len(model.case.inputs[0])}; run++) {{"
    return "\n".join([*gaps, "@tk_reset();", loop, *takes, "@tk_invoke();", *gives, "}"])


def _unit(files: Mapping[str, bytes], number: int, shared: set[str]) -> str:
    """One model's own files as text, its names made unique by ``number``."""
    names = ("model.h", "weights.h", "model.c", "weights.c")
    text = _OWN_HEADERS.sub("", "\n".join(files[name].decode() for name in names))
    return _NAMES.sub(lambda m: m[0] if m[0] in shared else f"m{number}_{m[0]}", text)
