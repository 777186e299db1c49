"""3,000 generated models and 200 small networks: byte for byte the reference kernels.

All run on this computer, compiled with UBSan, and on an emulated Cortex-M0 and M4 with the kernels of each,
between pages that are not there.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from compiler.converter_cases import converter_cases
from compiler.emulated import ENDS, M0, M4, STARTS, outputs_on
from compiler.generated import BATCH, compare, network_case, operator_case
from compiler.operator_cases import Case

from tinykit.compiler.registry import find_kernels

CONVERTED = 500  # by the real converter
WRITTEN = 2500  # by hand, one operator each
NETWORKS = 200  # by hand
# A kernel that hardly runs is hardly judged: layers of each kernel that only the M4 can use.
LEAST_LAYERS_PER_100_MODELS = 0.5


def soak(seed: int, fraction: float) -> dict[str, object]:
    """Compare ``fraction`` of the models.

    Raises AssertionError at the first that differs, is refused, trips UBSan or touches what is not its own,
    and where a kernel of the M4 was chosen too rarely to be judged.
    """
    counts = {"converted": CONVERTED, "written": WRITTEN, "networks": NETWORKS}
    counts = {kind: round(count * fraction) for kind, count in counts.items()}
    places = ("host", M0.name, M4.name)
    agreed: dict[str, Counter[str]] = {place: Counter() for place in places}
    kernels: dict[str, Counter[str]] = {core.name: Counter() for core in (M0, M4)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        makers: dict[str, Callable[[range], list[Case]]] = {
            "converted": lambda numbers: converter_cases(seed, numbers, folder),
            "written": lambda numbers: [operator_case(seed, number) for number in numbers],
            "networks": lambda numbers: [network_case(seed, number) for number in numbers],
        }
        for kind, make in makers.items():
            for turn, numbers in enumerate(_batches(counts[kind])):
                cases = make(numbers)
                agreed["host"].update(compare(cases, folder))
                for core in (M0, M4):
                    layout = (ENDS, STARTS)[turn % 2]
                    run = partial(outputs_on, core, layout=layout, kernels=kernels[core.name])
                    agreed[core.name].update(compare(cases, folder, run))
    require_kernels(kernels[M4.name], sum(counts.values()))
    return {
        **counts,
        "agreed": {place: dict(sorted(names.items())) for place, names in agreed.items()},
        "kernel_layers": {place: dict(sorted(names.items())) for place, names in kernels.items()},
    }


def require_kernels(layers: Counter[str], models: int) -> None:
    """Refuse a run in which a DSP kernel computed too few layers of ``models`` models."""
    least = LEAST_LAYERS_PER_100_MODELS * models / 100
    names = [installed.kernel.name for installed in find_kernels() if "dsp" in installed.kernel.needs]
    rare = [f"{name} in {layers[name]}" for name in names if layers[name] < least]
    assert not rare, f"of {models} models' layers too few: {', '.join(rare)}; at least {least:g} are due"


def _batches(count: int) -> Iterator[range]:
    for start in range(0, count, BATCH):
        yield range(start, min(start + BATCH, count))
