"""Generated models against the oracle, byte for byte."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from compiler.dsp_cases import for_dsp
from compiler.graph_cases import network
from compiler.host import outputs
from compiler.operator_cases import OPERATORS, Array, Case
from compiler.oracle import expected
from compiler.shape_cases import SHAPES
from compiler.threshold_cases import threshold

Run = Callable[[Sequence[Case], Path], list[tuple[Array, ...]]]

GENERATORS = (*OPERATORS, *SHAPES, threshold, threshold, for_dsp, for_dsp, for_dsp, for_dsp)
BATCH = 150  # models in one program


def operator_case(seed: int, number: int) -> Case:
    """Model ``number`` of one operator; the generators take turns."""
    return GENERATORS[number % len(GENERATORS)](np.random.default_rng([seed, 0, number]))


def network_case(seed: int, number: int) -> Case:
    """Small network ``number``."""
    return network(np.random.default_rng([seed, 1, number]))


def compare(cases: Sequence[Case], folder: Path, run: Run = outputs) -> dict[str, int]:
    """Run the cases in programs of BATCH models: how many of each name agreed.

    Raises AssertionError at the first that does not.
    """
    agreed: Counter[str] = Counter()
    for start in range(0, len(cases), BATCH):
        batch = cases[start : start + BATCH]
        for position, (case, got) in enumerate(zip(batch, run(batch, folder), strict=True), start):
            wanted = expected(case)
            assert len(got) == len(wanted), f"model {position} ({case.name})"
            for ours, theirs in zip(got, wanted, strict=True):
                assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), (
                    f"model {position} ({case.name})"
                )
                wrong = int((ours != theirs).sum())
                assert wrong == 0, f"model {position} ({case.name}): {wrong} of {ours.size} differ"
            agreed[case.name] += 1
    return dict(sorted(agreed.items()))
