"""Numbers and tables as C text."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinykit.errors import TinykitError

_SUFFIXES = {
    "int8_t": "",
    "uint8_t": "u",
    "int16_t": "",
    "uint16_t": "u",
    "int32_t": "",
    "uint32_t": "u",
    "int64_t": "LL",
    "uint64_t": "ULL",
}
_WIDTH = 100


def number(value: object, c_type: str) -> str:
    """``value`` as a literal of ``c_type``. Raises TinykitError where the type cannot hold it."""
    if c_type == "float":
        return f"{float(np.float32(value)).hex()}f"  # type: ignore[arg-type]
    if c_type not in _SUFFIXES:
        raise _unfit(f"a table of type {c_type}")
    whole = int(value)  # type: ignore[call-overload]
    bits, signed = int(c_type.strip("uint_")), c_type[0] == "i"
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    if not low <= whole <= high:
        raise _unfit(f"{whole} as {c_type}")
    # The least number has no literal: 2147483648 is not an int.
    if whole == low and bits >= 32 and signed:
        return f"(-{high}{_SUFFIXES[c_type]} - 1)"
    return f"{whole}{_SUFFIXES[c_type]}"


def initializer(data: npt.NDArray[np.generic], c_type: str) -> str:
    """The elements in row-major order, comma-separated, wrapped to lines."""
    flat = data.ravel()
    words = [number(x, c_type) for x in flat.tolist()]
    lines, line = [], "   "
    for word in words:
        if len(line) + len(word) + 2 > _WIDTH:
            lines.append(line)
            line = "   "
        line += f" {word},"
    return "\n".join([*lines, line])


def is_c_type(name: str) -> bool:
    """Whether a table can have this element type."""
    return name == "float" or name in _SUFFIXES


def _unfit(what: str) -> TinykitError:
    return TinykitError(
        f"A kernel wants {what} in C, which cannot be written.",
        hint="this is a defect of the kernel: report it with the model.",
        code="KERNEL_BROKEN",
    )
