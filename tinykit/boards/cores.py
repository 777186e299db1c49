"""Processor cores by name: what each can execute.

Compiler, toolchains and bench look their own facts up by it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinykit.errors import InputError


@dataclass(frozen=True)
class Core:
    """A core: ``features`` out of dsp (ARMv7E-M's SMLAD family), fpu (single precision), mve (Helium)."""

    name: str
    title: str
    architecture: str
    features: frozenset[str] = frozenset()


_CORES = (
    Core("cortex-m0", "Cortex-M0", "armv6-m"),
    Core("cortex-m4f", "Cortex-M4 with FPU", "armv7e-m", frozenset({"dsp", "fpu"})),
)
CORES = {core.name: core for core in _CORES}


def find_core(name: str, where: str) -> Core:
    """The core called ``name``; ``where`` says who asks. Raises InputError, code BOARD_CORE."""
    if name not in CORES:
        raise InputError(
            f"{where}: there is no core '{name}'.",
            hint=f"tinykit knows {', '.join(sorted(CORES))}.",
            code="BOARD_CORE",
        )
    return CORES[name]
