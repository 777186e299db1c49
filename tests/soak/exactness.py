"""3,000 generated models and 200 small networks, compiled with UBSan: byte for byte the reference kernels."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from compiler.converter_cases import converter_cases
from compiler.emulated import M0, M4, outputs_on
from compiler.generated import BATCH, compare, network_case, operator_case
from compiler.operator_cases import Case

CONVERTED = 500  # by the real converter
WRITTEN = 2500  # by hand, one operator each
NETWORKS = 200  # by hand
EMULATED = 300  # of the written and the networks again, on each emulated core with its own kernels


def soak(seed: int, fraction: float) -> dict[str, object]:
    """Compare ``fraction`` of the models; raises at the first that differs, is refused or trips UBSan."""
    counts = {"converted": CONVERTED, "written": WRITTEN, "networks": NETWORKS, "emulated": EMULATED}
    counts = {name: round(count * fraction) for name, count in counts.items()}
    agreed: dict[str, Counter[str]] = {place: Counter() for place in ("host", "m0", "m4")}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for numbers in _batches(counts["converted"]):
            agreed["host"].update(compare(converter_cases(seed, numbers, folder), folder))
        makers: dict[str, Callable[[int, int], Case]] = {"written": operator_case, "networks": network_case}
        for kind, make in makers.items():
            for numbers in _batches(counts[kind]):
                agreed["host"].update(compare([make(seed, number) for number in numbers], folder))
            for numbers in _batches(min(counts["emulated"], counts[kind])):
                cases = [make(seed, number) for number in numbers]
                for core in (M0, M4):
                    agreed[core.name].update(compare(cases, folder, partial(outputs_on, core)))
    return {**counts, "agreed": {place: dict(sorted(names.items())) for place, names in agreed.items()}}


def _batches(count: int) -> Iterator[range]:
    for start in range(0, count, BATCH):
        yield range(start, min(start + BATCH, count))
