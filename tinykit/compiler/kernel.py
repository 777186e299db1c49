"""What a kernel is: one folder that turns a layer into C.

A kernel lives in ``firmware_models/kernels/NAME/``: ``kernel.py`` with an instance called ``KERNEL``, and
its C files. Other people's come through the entry-point group ``tinykit.kernels`` (each entry point gives
such an instance). C files of several kernels share the headers in ``firmware_models/kernels/common/``.

In the emitted folder all C files lie in ``kernels/``, which is on the include path.
File names and external C names start with ``tk_``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from tinykit.compiler.program import Attributes, Layer, Program
from tinykit.compiler.translate.entry import Entry

FEATURES = frozenset({"dsp", "fpu", "mve"})


@dataclass(frozen=True)
class Target:
    """What the code will run on: ``features`` out of FEATURES; ``flash_bytes_free`` where that is known."""

    name: str = "host"
    features: frozenset[str] = frozenset()
    flash_bytes_free: int | None = None


PORTABLE = Target()


@dataclass(frozen=True, eq=False)
class Constant:
    """A table in flash. ``name`` is a C identifier unique within the layer; ``data`` is written row-major.

    ``c_type`` is the element's C type (``int8_t``, ``uint32_t``, ...); ``align`` in bytes. A table with the
    same type, alignment and content as another's is stored once. ``is_weights`` tells the model's own
    numbers from the kernel's helpers in the size table.
    """

    name: str
    data: npt.NDArray[np.generic]
    c_type: str
    align: int = 4
    is_weights: bool = True


@dataclass(frozen=True, eq=False)
class Lowered:
    """A layer as C.

    ``call`` is the body of the layer's function: C statements in which ``{in0}``, ``{in1}``, ``{out0}``
    stand for pointers (``const int8_t *``, ``int8_t *``; ``uint8_t`` or ``float`` where the value is),
    ``{scratch}`` for a ``uint8_t *`` aligned to 16 with ``scratch_bytes`` behind it, and ``{const.NAME}``
    for the name of a constant. Literal braces are doubled (``{{`` and ``}}``). A parameter struct can be
    written right there::

        static const struct tk_conv p = {{.weights = {const.weights}, .height = 8}};
        tk_conv({in0}, {out0}, &p);

    ``headers`` are what the call needs included. ``overlap[i]`` says that output 0 may start at the very
    address of input i, because the kernel has read of that input all it needs before it writes over it.
    ``flash_read_bytes`` is how many bytes of constants one inference fetches from flash, repeats counted.
    """

    call: str
    constants: tuple[Constant, ...] = ()
    headers: tuple[str, ...] = ()
    scratch_bytes: int = 0
    overlap: tuple[bool, ...] = ()
    flash_read_bytes: int = 0


@runtime_checkable
class Kernel(Protocol):
    """An implementation of one operator.

    ``operator`` is the attribute class it implements, ``needs`` the features without which it does not
    run (empty: portable C99), ``sources`` the C files and headers in its folder, ``shared`` those in
    ``common/``.
    """

    name: str
    operator: type[Attributes]
    needs: frozenset[str]
    sources: tuple[str, ...]
    shared: tuple[str, ...]

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        """Why this layer cannot be done by this kernel, or None where it can."""

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        """Modelled instructions of one inference on ``target``: the cheapest kernel that can do it wins."""

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        """The C of this layer."""


@dataclass(frozen=True)
class Installed:
    """A kernel, the folder its ``sources`` are in, and the operators that its folder translates."""

    kernel: Kernel
    folder: Path
    origin: str = "tinykit"
    operators: Mapping[str, Entry] = field(default_factory=dict)
