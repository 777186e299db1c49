"""What kernels write into their calls: parameter structs as C text, and dimensions as the C files count them.

All text is meant for :class:`tinykit.compiler.kernel.Lowered`: braces of C are doubled, ``{const.NAME}`` and
``{in0}`` are left for the emitter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TypeAlias

Field: TypeAlias = "int | float | str | Sequence[int] | Mapping[str, Field]"

# TK_RANK in firmware_models/kernels/common/tk_common.h.
RANK = 5
_INT32_MIN = -(1 << 31)


def struct(kind: str, fields: Mapping[str, Field], name: str = "p") -> str:
    """``static const struct KIND NAME = {...};``: a float becomes an exact C float, a str is C text."""
    return f"static const struct {kind} {name} = {_value(fields)};"


def lead(numbers: Sequence[int], fill: int) -> tuple[int, ...]:
    """``numbers`` with ``fill`` in front of them, RANK in all."""
    if len(numbers) > RANK:
        raise ValueError(f"{len(numbers)} dimensions where the C files have {RANK}")
    return (fill,) * (RANK - len(numbers)) + tuple(numbers)


def steps(shape: Sequence[int]) -> tuple[int, ...]:
    """Elements from one index to the next in every dimension of a plain tensor."""
    return tuple(prod(shape[d + 1 :]) for d in range(len(shape)))


def merged(size: Sequence[int], *walks: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """``size`` and the ``walks`` over it in as few dimensions as go, each filled up to RANK.

    A walk is the step from one index to the next in every dimension. Two neighbouring dimensions are one
    where every walk passes from the end of the inner to the next of the outer in a step of the inner.
    Raises ValueError where more than RANK remain.
    """
    kept: list[tuple[int, ...]] = []
    for outer in zip(size, *walks, strict=True):
        if outer[0] == 1:
            continue
        above = kept[-1] if kept else None
        if above is not None and all(a == outer[0] * b for a, b in zip(above[1:], outer[1:], strict=True)):
            kept[-1] = (above[0] * outer[0], *outer[1:])
        else:
            kept.append(outer)
    columns = [tuple(row[k] for row in kept) for k in range(1 + len(walks))]
    return (lead(columns[0], 1), *(lead(column, 0) for column in columns[1:]))


def _value(value: Field) -> str:
    if isinstance(value, Mapping):
        return "{{" + ", ".join(f".{name} = {_value(inner)}" for name, inner in value.items()) + "}}"
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value.hex()}f"
    if isinstance(value, Sequence):
        return "{{" + ", ".join(_value(number) for number in value) + "}}"
    return "(-2147483647 - 1)" if value == _INT32_MIN else str(int(value))
