"""SOFTMAX at the ends of the reference's fixed-point sum."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from compiler.emulated import M0, M4, outputs_on
from compiler.generated import compare
from compiler.host import outputs
from compiler.operator_cases import RUNS, Case
from compiler.writer import Writer

from tinykit.compiler.kernel import PORTABLE
from tinykit.compiler.lower import lower
from tinykit.compiler.operators import known_operators
from tinykit.compiler.registry import find_kernels
from tinykit.compiler.select import select
from tinykit.errors import TinykitError
from tinykit.graph.reader import parse_model


def model(depth: int, scale: float = 0.1, beta: float = 1.0) -> bytes:
    w = Writer()
    x = w.tensor((1, depth), scale=scale, zero_point=0)
    y = w.tensor((1, depth), scale=1 / 256, zero_point=-128)
    w.op("SOFTMAX", [x], [y], beta=beta)
    return w.finish([x], [y])


def rows(depth: int, equal: int) -> np.ndarray:
    """RUNS rows of which ``equal`` numbers are the greatest; the others add nothing to the sum."""
    x = np.full((RUNS, 1, depth), -128, np.int8)
    x[..., :equal] = 127
    return x


@pytest.mark.slow
def test_long_rows_equal_the_reference_where_it_does_not_stop(tmp_path: Path) -> None:
    sizes = ((511, 511), (512, 511), (1001, 1), (1001, 300), (4095, 511))
    cases = [Case("SOFTMAX", model(depth, scale=1.0), (rows(depth, equal),)) for depth, equal in sizes]
    for run in (outputs, partial(outputs_on, M0), partial(outputs_on, M4)):
        assert compare(cases, tmp_path, run) == {"SOFTMAX": 5}


def test_where_the_reference_stops_every_share_is_nothing(tmp_path: Path) -> None:
    # 512 equal powers are 2**28 in Q12.19: the reference shifts by 32 and ends its process. A share is at
    # most 1/512, half a step of the output, and its product in Q0.31 is below that half.
    cases = [Case("SOFTMAX", model(4095, scale=1.0), (rows(4095, equal),)) for equal in (512, 1000, 4095)]
    for run in (outputs, partial(outputs_on, M0)):
        assert all((got == -128).all() for (got,) in run(cases, tmp_path))


def test_a_row_whose_sum_may_overflow_is_refused_by_name() -> None:
    installed = find_kernels()
    program = lower(parse_model(model(4096)), known_operators(installed))
    with pytest.raises(TinykitError, match="softmax") as caught:
        select(program, PORTABLE, installed)
    assert "4096" in caught.value.message + (caught.value.hint or "")


@pytest.mark.parametrize("scale", [2.0**-26, 2.0**-30])
def test_a_scale_at_which_the_reference_stops_is_refused_by_name(scale: float) -> None:
    with pytest.raises(TinykitError, match="SOFTMAX") as caught:
        lower(parse_model(model(10, scale=scale)), known_operators(find_kernels()))
    assert "beta" in caught.value.message


def test_the_smallest_scale_that_the_reference_takes(tmp_path: Path) -> None:
    scale = float(np.nextafter(np.float32(2.0**-26), np.float32(1)))
    case = Case("SOFTMAX", model(10, scale=scale), (rows(10, 3),))
    assert compare([case], tmp_path) == {"SOFTMAX": 1}
