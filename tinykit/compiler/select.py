"""Chooses a kernel for each layer: the cheapest of those that can do it on the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinykit.compiler.kernel import Installed, Lowered, Target
from tinykit.compiler.program import Layer, Program
from tinykit.errors import ModelError


@dataclass(frozen=True, eq=False)
class Choice:
    """The kernel of a layer, what it lowered the layer to, and its modelled instructions."""

    layer: Layer
    installed: Installed
    lowered: Lowered
    cost: int


def select(program: Program, target: Target, kernels: Sequence[Installed]) -> tuple[Choice, ...]:
    """One choice a layer, in order.

    Of equal costs the first name wins. Raises ModelError, code ``LAYER_NO_KERNEL``, naming the layer and
    why each kernel for its operator refused it.
    """
    return tuple(_choose(layer, program, target, kernels) for layer in program.layers)


def _choose(layer: Layer, program: Program, target: Target, kernels: Sequence[Installed]) -> Choice:
    reasons = []
    able: list[tuple[int, str, Installed]] = []
    for installed in kernels:
        kernel = installed.kernel
        if kernel.operator is not layer.operator:
            continue
        absent = kernel.needs - target.features
        why = f"{target.name} has no {', '.join(sorted(absent))}" if absent else None
        why = why or kernel.refuses(layer, program, target)
        if why is None:
            able.append((kernel.cost(layer, program, target), kernel.name, installed))
        else:
            reasons.append(f"{kernel.name}: {why}")
    if not able:
        operators = ", ".join(map(str, layer.source_operators))
        why = "; ".join(reasons) or "none is known"
        raise ModelError(
            f"No kernel does {layer.name} (operator {operators} of the file): {why}.",
            hint="docs/how-to/add-a-kernel.md says how to add one.",
            code="LAYER_NO_KERNEL",
        )
    cost, _, installed = min(able, key=lambda entry: entry[:2])
    return Choice(layer, installed, installed.kernel.lower(layer, program, target), cost)
