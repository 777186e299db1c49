"""``weights.c``: every constant table once, and ``weights.h``, which declares them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinykit.compiler.emit.text import initializer
from tinykit.compiler.names import identifier
from tinykit.compiler.program import Program
from tinykit.compiler.select import Choice

_C_TYPES = {"int8": "int8_t", "uint8": "uint8_t", "float32": "float"}


@dataclass(frozen=True, eq=False)
class Table:
    """A constant array in flash; ``name`` is its C name, ``layer`` the layer that first asked for it (-1:
    none).
    """

    name: str
    data: npt.NDArray[np.generic]
    c_type: str
    align: int
    is_weights: bool
    layer: int

    @property
    def size_bytes(self) -> int:
        """Bytes in flash, without padding."""
        return int(self.data.nbytes)


@dataclass(frozen=True, eq=False)
class Tables:
    """All tables, and the C name for each (layer, constant), (-1, value id) and (-2, variable index)."""

    tables: tuple[Table, ...]
    names: dict[tuple[int, str], str]


def collect(program: Program, choices: Sequence[Choice]) -> Tables:
    """The tables of all layers, constant operands and initial states; equal ones are stored once."""
    collector = _Collector()
    for choice in choices:
        for constant in choice.lowered.constants:
            name = f"tk_{choice.layer.name}_{identifier(constant.name)}"
            table = Table(
                name, constant.data, constant.c_type, constant.align, constant.is_weights, choice.layer.index
            )
            collector.add((choice.layer.index, constant.name), table)
    for id_ in sorted({i for choice in choices for i in choice.layer.inputs}):
        value = program.value(id_)
        if value.data is not None:
            name = f"tk_constant_{id_:02d}"
            collector.add((-1, str(id_)), Table(name, value.data, _C_TYPES[value.dtype], 4, True, -1))
    for variable in program.variables:
        if not is_uniform(variable.initial):
            c_type = _C_TYPES[variable.initial.dtype.name]
            table = Table(f"tk_{variable.name}_initial", variable.initial, c_type, 4, True, -1)
            collector.add((-2, str(variable.index)), table)
    return Tables(tuple(collector.tables), collector.names)


def is_uniform(data: npt.NDArray[np.generic]) -> bool:
    """Whether all elements are one number, which a loop can write."""
    return bool((data == data.ravel()[0]).all())


class _Collector:
    def __init__(self) -> None:
        self.tables: list[Table] = []
        self.names: dict[tuple[int, str], str] = {}
        self._seen: dict[tuple[str, int, bytes], str] = {}

    def add(self, key: tuple[int, str], table: Table) -> None:
        content = (table.c_type, table.align, np.ascontiguousarray(table.data).tobytes())
        if content not in self._seen:
            self._seen[content] = table.name
            self.tables.append(table)
        self.names[key] = self._seen[content]


def weights_h(tables: Tables) -> str:
    """The declarations."""
    declarations = [f"extern const {t.c_type} {t.name}[{t.data.size}];" for t in tables.tables]
    return "\n".join(
        [
            "/* Tables in flash; weights.c has their contents. */",
            "#ifndef TK_WEIGHTS_H",
            "#define TK_WEIGHTS_H",
            "",
            "#include <stdint.h>",
            "",
            *declarations,
            "",
            "#endif",
            "",
        ]
    )


def weights_c(tables: Tables) -> str:
    """The contents."""
    parts = ['#include "weights.h"', "", ALIGNED]
    for t in tables.tables:
        head = f"TK_ALIGNED({t.align}) const {t.c_type} {t.name}[{t.data.size}] = {{"
        parts += [head, initializer(t.data, t.c_type), "};", ""]
    return "\n".join(parts)


ALIGNED = """#if defined(__GNUC__)
#define TK_ALIGNED(n) __attribute__((aligned(n)))
#elif defined(_MSC_VER)
#define TK_ALIGNED(n) __declspec(align(n))
#else
#error "teach TK_ALIGNED to your compiler"
#endif
"""
