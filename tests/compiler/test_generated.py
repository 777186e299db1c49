"""Models that no converter would write, compiled with UBSan: byte for byte LiteRT's reference kernels."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import pytest
from compiler.emulated import M0, M4, outputs_on
from compiler.generated import GENERATORS, compare, network_case, operator_case
from compiler.host import ADDRESSES, UNDEFINED, outputs

from tinykit.compiler.kernel import Target

SEED = 2026


def test_single_operators_equal_the_oracle(tmp_path: Path) -> None:
    agreed = compare([operator_case(SEED, n) for n in range(6 * len(GENERATORS))], tmp_path)
    sys.stdout.write(f"{agreed}\n")  # the how-to *Add a kernel* looks for a new operator here, with -rP
    assert sum(agreed.values()) == 6 * len(GENERATORS)
    assert {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "MEAN", "SOFTMAX", "SPLIT_V"} <= set(
        agreed
    )


def test_small_networks_equal_the_oracle(tmp_path: Path) -> None:
    # With the products of a core that has no 64-bit multiplication: the single operators take the others.
    narrow = partial(outputs, flags=(*UNDEFINED, "-DTK_NARROW_MULTIPLY"))
    assert compare([network_case(SEED, n) for n in range(40)], tmp_path, narrow) == {"network": 40}


@pytest.mark.slow
def test_nothing_is_read_outside_tensors(tmp_path: Path) -> None:
    cases = [operator_case(SEED + 1, n) for n in range(150)] + [network_case(SEED + 1, n) for n in range(30)]
    assert sum(compare(cases, tmp_path, partial(outputs, flags=ADDRESSES)).values()) == 180


@pytest.mark.slow
@pytest.mark.parametrize("target", [M0, M4], ids=["m0", "m4"])
def test_an_emulated_core_equals_the_oracle(target: Target, tmp_path: Path) -> None:
    cases = [operator_case(SEED + 2, n) for n in range(120)] + [network_case(SEED + 2, n) for n in range(30)]
    assert sum(compare(cases, tmp_path, partial(outputs_on, target)).values()) == 150
