"""Type A of a state's power: honest where noise has a memory and stretches drift, sharp where it is white."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tinykit.estimate import Estimate
from tinykit.lab.budget import Instrumented, repeated_power
from tinykit.lab.calibration import Calibration
from tinykit.lab.integrate import SpanSum, integrate, pieces
from tinykit.lab.windows import Window
from tinykit.meters.trace import Block, Instrument, array_trace

PIECES, BETWEEN = 10, 50
"""A stretch before, windows as long as five stretches, a stretch behind."""
STEPS = 20
METER = Instrumented(Calibration("m#1", "m", "test", True, ()), "s", "measured", "test")


def spans(*stretches: np.ndarray) -> list[SpanSum]:
    """The pieces of ``stretches``, (PIECES, n) W each, which lie apart."""
    found = []
    for k, stretch in enumerate(stretches):
        n = stretch.size // PIECES
        for i, watts in enumerate(stretch.reshape(PIECES, n).mean(axis=1)):
            start = 1_000_000 * k + n * i
            found.append(SpanSum(Window(start, start + n), 1.0, n, float(watts) * n, None, 0.0, 0, 0.0, 0.0))
    return found


def white(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """What the meter shows of a power, and the power, less 100 W: noise is the meter's."""
    return rng.standard_normal(n), np.zeros(n)


def with_memory(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The board's own, correlated over a piece."""
    step = math.exp(-1.0 / STEPS)
    drawn, found = rng.standard_normal(n) * math.sqrt(1 - step * step), np.empty(n)
    found[0] = rng.standard_normal()
    for i in range(1, n):
        found[i] = step * found[i - 1] + drawn[i]
    return found, found


def wandering(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A walk under noise, of which a stretch by itself shows little."""
    walk = np.cumsum(rng.standard_normal(n)) * 0.1
    return walk + rng.standard_normal(n), walk


def warming(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A board that comes to its temperature, fast or slowly."""
    level = 5.0 * -np.expm1(-np.arange(n) / n * 10.0 ** rng.uniform(-1, 0.5))
    return level + rng.standard_normal(n), level


def outcomes(noise, count: int) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    """How often the interval holds the mean between the stretches, and its width against the errors'."""
    rng, inside = np.random.default_rng(4), PIECES * STEPS
    widths, errors = [], []
    for _ in range(count):
        seen, true = (100 + one for one in noise((2 * PIECES + BETWEEN) * STEPS, rng))
        one = repeated_power(spans(seen[:inside], seen[-inside:]), METER, "s.idle")
        low, high = one.interval()
        widths.append((high - low) / 2)
        errors.append(abs(one.value - float(true[inside:-inside].mean())))
    held = float(np.mean(np.array(errors) <= widths))
    return held, float(np.mean(widths)) / float(np.quantile(errors, 0.95))


@pytest.mark.parametrize(
    ("noise", "least"), [(white, 0.92), (with_memory, 0.78), (wandering, 0.7), (warming, 0.92)]
)
def test_the_interval_holds_idle_power_between_the_stretches(noise, least: float) -> None:  # type: ignore[no-untyped-def]
    """Were all pieces draws of one thing, it would hold 65 % with a memory, and 47 % of what wanders."""
    held, _ = outcomes(noise, 200)
    assert held >= least, f"{noise.__name__}: {held:.0%}"


def test_white_noise_is_not_made_to_look_worse() -> None:
    _, width = outcomes(white, 200)
    assert width < 1.4, "Student's t of twenty pieces is 1.1"


def test_two_stretches_that_differ_are_bounds_and_three_a_sample() -> None:
    rng = np.random.default_rng(1)
    a, b = (100 + 1e-6 * rng.standard_normal(PIECES * STEPS) for _ in range(2))
    one = repeated_power(spans(a, b + 1.0), METER, "s.idle")
    assert one.value == pytest.approx(100.5, abs=1e-3)
    drift = one.influences["s.idle.drift"]
    assert (drift.distribution, drift.dof) == ("rectangular", math.inf)
    assert drift.u == pytest.approx(1.0 / math.sqrt(12), rel=1e-3)
    low, high = one.interval()
    assert 100.0 <= low < 100.05 and 100.95 < high <= 101.0
    # Three of them are a sample of their own: the scatter of their means, s/√3.
    three = repeated_power(spans(a, b + 1.0, a - 1.0), METER, "s.idle").influences["s.idle.drift"]
    assert (three.dof, three.u) == (2.0, pytest.approx(1.0 / math.sqrt(3), rel=1e-3))


def test_pieces_that_meet_are_one_stretch_and_empty_ones_say_nothing() -> None:
    rng = np.random.default_rng(2)
    current = 1e-3 * (1 + 0.01 * rng.standard_normal(4_000))
    lost = array_trace(
        1_000.0,
        Instrument("m", "m", "1", "", "none"),
        None,
        Block(0, power_w=current[:1_000]),
        Block(1_200, power_w=current[1_200:]),
    )
    sums = integrate(lost, list(pieces(lost, Window(0, 4_000), 20)))
    assert sum(one.samples == 0 for one in sums) == 1
    one: Estimate = repeated_power(sums, METER, "s.idle")
    assert "s.idle.drift" not in one.influences
    assert one.value == pytest.approx(1e-3, rel=1e-3)
    with pytest.raises(ValueError, match="two"):
        repeated_power(sums[:1], METER, "s.idle")
