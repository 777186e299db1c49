"""Windows by edges of the power: found to a sample, or as well as the step is steep; and what they cost."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.errors import RecordingError
from tinykit.lab.power_windows import power_windows
from tinykit.meters.trace import Block, Instrument, Supply, Trace, array_trace

RATE = 100_000.0


def trace(current: np.ndarray, *cuts: int) -> Trace:
    bounds = [0, *cuts, len(current)]
    blocks = [Block(a, current_a=current[a:b]) for a, b in itertools.pairwise(bounds)]
    return array_trace(RATE, Instrument("t", "t", "", "", "none"), Supply(3.0, "set", "t"), *blocks)


def bursts(
    *lengths: int, gap: int = 3_000, idle: float = 1e-4, active: float = 1e-2
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    parts, edges, at = [np.full(gap, idle)], [], gap
    for length in lengths:
        parts += [np.full(length, active), np.full(gap, idle)]
        edges.append((at, at + length))
        at += length + gap
    return np.concatenate(parts), edges


@given(st.lists(st.integers(4_000, 6_000), min_size=1, max_size=5), st.integers(0, 2**31), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_steps_in_noise_are_found_to_a_sample(lengths: list[int], seed: int, phase: int) -> None:
    current, edges = bursts(*lengths, gap=3_000 + phase)
    noisy = current + np.random.default_rng(seed).normal(0, 2e-4, len(current))
    windows, placing = power_windows(trace(noisy, 1_234, 5_000))
    assert [(w.start, w.stop) for w in windows] == edges
    assert placing.method == "power"
    assert placing.contrast is not None
    assert placing.contrast > 10
    assert placing.edge_s <= 3 / RATE


def test_warm_ups_and_dips_are_no_windows() -> None:
    current, edges = bursts(500, 5_000, 500, 5_000)
    current[edges[1][0] + 2_000 : edges[1][0] + 2_200] = 1e-4  # 2 ms between two inferences
    windows, _ = power_windows(trace(current))
    assert [(w.start, w.stop) for w in windows] == [edges[1], edges[3]]


def test_a_rounded_edge_is_known_as_badly_as_it_is_round() -> None:
    """A capacitor of 1 ms: 10 to 90 % takes 2.2 ms, and the middle lies 0.7 ms late."""
    current, edges = bursts(10_000, 10_000, gap=8_000)
    tau, filtered, last = 100.0, np.empty_like(current), current[0]
    for i, value in enumerate(current):
        last += (value - last) / tau
        filtered[i] = last
    windows, placing = power_windows(trace(filtered))
    assert placing.edge_s == pytest.approx(1.1e-3, rel=0.3)
    for window, (start, stop) in zip(windows, edges, strict=True):
        assert abs(window.start - start) / RATE <= placing.edge_s
        assert abs(window.stop - stop) / RATE <= placing.edge_s


@pytest.mark.parametrize(
    "current", [np.full(20_000, 1e-3), np.r_[np.full(9_000, 1e-3), np.full(9_000, 1e-2)]]
)
def test_power_without_a_window_is_refused(current: np.ndarray) -> None:
    with pytest.raises(RecordingError) as refused:
        power_windows(trace(current))
    assert refused.value.code == "POWER_EDGES"
