"""Windows, sums and joules on traces whose true energy is known in closed form."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.errors import InputError
from tinykit.lab.analysis import covers
from tinykit.lab.budget import Instrumented, span_energy
from tinykit.lab.calibration import Calibration, Term
from tinykit.lab.doubts import list_doubts
from tinykit.lab.energy import MarkedWindow, edges_j, session_energy
from tinykit.lab.integrate import integrate
from tinykit.lab.windows import Window, find_edges, level_windows, pulse_windows
from tinykit.meters.ppk2_spikes import SpikeFilter
from tinykit.meters.trace import INVALID, RANGE_SWITCH, Block, Instrument, Supply, Trace, array_trace

RATE = 100_000.0
V = 3.0


def make_trace(current: np.ndarray, digital: np.ndarray | None = None, cuts: tuple[int, ...] = ()) -> Trace:
    """A trace in blocks cut at ``cuts``; two ranges, above and below 1 mA."""
    ranges = (current > 1e-3).astype(np.uint8)
    bounds = [0, *sorted(set(cuts)), len(current)]
    blocks = [
        Block(
            a, current_a=current[a:b], digital=None if digital is None else digital[a:b], range_=ranges[a:b]
        )
        for a, b in itertools.pairwise(bounds)
        if b > a
    ]
    instrument = Instrument("test", "test", "1", "", "none")
    return array_trace(RATE, instrument, Supply(V, "set", "test"), *blocks, digital_lines=("D0",))


def meter(*terms: Term) -> Instrumented:
    return Instrumented(Calibration("test#1", "test", "test", True, terms), "session#1", "measured", "test")


def burst(active: int = 5_000, guard: int = 2_000, windows: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Bursts of 10 mA over an idle 10 µA, marker high in them."""
    one = np.concatenate([np.full(guard, 1e-5), np.full(active, 1e-2), np.full(guard, 1e-5)])
    return np.tile(one, windows), (np.tile(one, windows) > 1e-3).astype(np.uint8)


@given(cuts=st.lists(st.integers(1, 26_999), max_size=20))
@settings(max_examples=40, deadline=None)
def test_edges_and_sums_do_not_depend_on_where_blocks_are_cut(cuts: list[int]) -> None:
    current, digital = burst()
    whole, cut = make_trace(current, digital), make_trace(current, digital, tuple(cuts))
    assert find_edges(cut, 0) == find_edges(whole, 0)
    windows = level_windows(find_edges(cut, 0))
    assert [(w.start, w.stop) for w in windows] == [(2_000 + 9_000 * k, 7_000 + 9_000 * k) for k in range(3)]
    for a, b in zip(integrate(whole, windows), integrate(cut, windows), strict=True):
        assert a.energy_j == pytest.approx(b.energy_j, rel=1e-12)
        assert a.energy_j == pytest.approx(1e-2 * V * 0.05, rel=1e-12)
        assert (a.samples, a.lost) == (b.samples, b.lost) == (5_000, 0)
        assert {k: r.samples for k, r in a.ranges.items()} == {k: r.samples for k, r in b.ranges.items()}


@given(at=st.lists(st.integers(0, 27_000), min_size=2, max_size=8, unique=True))
@settings(max_examples=40, deadline=None)
def test_energy_adds_over_windows_that_meet(at: list[int]) -> None:
    current, digital = burst()
    trace = make_trace(current, digital, (9_000,))
    at = sorted(at)
    parts = integrate(trace, [Window(a, b) for a, b in itertools.pairwise(at)])
    (whole,) = integrate(trace, [Window(at[0], at[-1])])
    assert sum(part.energy_j for part in parts) == pytest.approx(whole.energy_j, rel=1e-11, abs=1e-18)


def test_short_pulses_are_noise_and_lost_samples_blur_an_edge() -> None:
    digital = np.zeros(1_000, np.uint8)
    digital[100:103] = 1  # 30 µs: a bounce
    digital[200:900] = 1
    trace = make_trace(np.full(1_000, 1e-3), digital)
    assert [(e.index, e.rising) for e in find_edges(trace, 0)] == [(200, True), (900, False)]
    instrument = Instrument("test", "test", "1", "", "none")
    broken = array_trace(
        RATE,
        instrument,
        Supply(V, "set", "test"),
        Block(0, current_a=np.zeros(100), digital=np.zeros(100, np.uint8)),
        Block(164, current_a=np.zeros(100), digital=np.ones(100, np.uint8)),
        Block(264, current_a=np.zeros(10), digital=np.zeros(10, np.uint8)),
    )
    (window,) = level_windows(find_edges(broken, 0))
    assert (window.start, window.stop, window.unsure) == (164, 264, 64)


def test_pulse_windows_skip_what_comes_before_the_first() -> None:
    digital = np.ones(1_000, np.uint8)
    for at in (50, 200, 400, 600, 800):
        digital[at : at + 10] = 0
    edges = find_edges(make_trace(np.full(1_000, 1e-3), digital), 0)
    assert [(w.start, w.stop) for w in pulse_windows(edges, skip=1)] == [(200, 400), (600, 800)]


def test_samples_without_a_value_are_lost_and_taken_to_be_like_the_others() -> None:
    current = np.full(1_000, 2e-3)
    flags = np.zeros(1_000, np.uint8)
    flags[500:510] = INVALID
    current[500:510] = np.nan
    instrument = Instrument("test", "test", "1", "", "none")
    trace = array_trace(RATE, instrument, Supply(V, "set", "test"), Block(0, current_a=current, flags=flags))
    (span,) = integrate(trace, [Window(0, 1_000)])
    assert span.lost == 10
    assert span.full_energy_j == pytest.approx(2e-3 * V * 0.01, rel=1e-12)


def test_guards_make_skew_and_edges_harmless() -> None:
    """The marker comes 30 samples late: a sum between its edges is off, one with guards is not."""
    current, digital = burst()
    late = np.roll(digital, 30)
    trace = make_trace(current, late)
    windows = [MarkedWindow(w, 10) for w in level_windows(find_edges(trace, 0))]
    idle = [Window(100, 1_800), Window(25_300, 26_900)]
    instrumented = meter(Term("gain", "normal", 0.01))
    true_gross = 1e-2 * V * 0.05 / 10
    true_net = (1e-2 - 1e-5) * V * 0.05 / 10
    guarded = session_energy(trace, windows, idle, instrumented, guard_s=0.01)
    assert guarded.gross.value == pytest.approx(true_gross, rel=1e-9)
    assert guarded.net is not None
    assert guarded.net.value == pytest.approx(true_net, rel=1e-9)
    plain = session_energy(trace, windows, idle, instrumented)
    assert abs(plain.gross.value / true_gross - 1) > 0.005


@pytest.mark.parametrize("part_a", [1e-4, 4e-2])
def test_edges_between_guards_are_as_doubtful_as_samples_at_instants_make_them(part_a: float) -> None:
    """Of a part below idle, and of one above: the declared doubt is what a random phase does."""
    idle_a, part_s, rng = 4e-3, 0.0105, np.random.default_rng(6)
    errors, declared = [], 0.0
    for _ in range(100):
        t = np.arange(6_000) / RATE
        begin_s = 0.03 + rng.uniform(0, 1 / RATE)
        length_s = part_s + rng.uniform(0, 1 / RATE)
        inside = (t >= begin_s) & (t < begin_s + length_s)
        trace = make_trace(np.where(inside, part_a, idle_a), inside.astype(np.uint8))
        marked = [MarkedWindow(w, 1) for w in level_windows(find_edges(trace, 0))]
        found = session_energy(trace, marked, [Window(0, 1_000), Window(5_000, 6_000)], meter(), guard_s=0.01)
        errors.append(found.gross.value - part_a * V * length_s)
        declared = edges_j(found.windows[0], found.idle, True, trace)[0]
    assert declared == pytest.approx(float(np.std(errors)), rel=0.25)


def test_gain_is_shared_by_all_windows_and_offsets_by_their_range() -> None:
    current, digital = burst()
    trace = make_trace(current, digital)
    windows = [MarkedWindow(w, 10) for w in level_windows(find_edges(trace, 0))]
    terms = (
        Term("gain", "normal", 0.02, range_=1),
        Term("gain", "normal", 0.05, range_=0),
        Term("offset", "rectangular", 1e-6, range_=0),
        Term("voltage", "normal", 0.01),
    )
    result = session_energy(trace, windows, [Window(100, 1_800)], meter(*terms))
    influences = result.gross.influences
    assert influences["test#1.range1.gain"].u == pytest.approx(0.02 * result.gross.value, rel=1e-9)
    assert "test#1.range0.gain" not in influences  # no sample of a window lies there
    assert result.net is not None
    # Idle was measured in range 0: its gain and its offset come in with the idle power, with a minus.
    idle_j = 1e-5 * V * 0.05 / 10
    assert result.net.influences["test#1.range0.gain"].u == pytest.approx(-0.05 * idle_j, rel=1e-9)
    assert result.net.influences["test#1.range0.offset"].u == pytest.approx(
        -1e-6 * V * 0.05 / 10 / math.sqrt(3), rel=1e-9
    )
    assert result.net.influences["test#1.voltage"].u == pytest.approx(0.01 * result.net.value, rel=1e-9)


def power_trace(power_w: float, supply: Supply | None, *, energy: bool = False) -> Trace:
    values = np.full(1_000, power_w / RATE if energy else power_w)
    block = Block(0, energy_j=values) if energy else Block(0, power_w=values)
    return array_trace(RATE, Instrument("test", "test", "1", "", "none"), supply, block)


@pytest.mark.parametrize("energy", [False, True])
@pytest.mark.parametrize("supply", [None, Supply(V, "set", "test")])
def test_an_offset_in_watts_moves_power_whatever_the_supply(supply: Supply | None, energy: bool) -> None:
    (span,) = integrate(power_trace(0.1, supply, energy=energy), [Window(0, 1_000)])
    one = span_energy(span, meter(Term("offset", "normal", 1e-3, is_power=True)))
    assert one.influences["test#1.offset"].u == pytest.approx(1e-3 * 0.01, rel=1e-9)


def test_an_offset_in_amperes_moves_power_by_the_supplys_volts() -> None:
    in_amperes = meter(Term("offset", "normal", 1e-3))
    (span,) = integrate(power_trace(0.1, Supply(V, "set", "test")), [Window(0, 1_000)])
    assert span_energy(span, in_amperes).influences["test#1.offset"].u == pytest.approx(1e-3 * V * 0.01)


def test_an_offset_whose_unit_does_not_fit_is_refused_with_a_way_out() -> None:
    in_amperes = Calibration("test#1", "test", "test", True, (Term("offset", "normal", 1e-3),))
    supply = Supply(V, "set", "test")
    with pytest.raises(InputError, match="in A") as caught:
        in_amperes.check_fits("power", None)
    assert caught.value.code == "CALIBRATION_UNIT"
    assert '"unit": "W"' in caught.value.hint
    in_amperes.check_fits("power", supply)
    in_amperes.check_fits("current", supply)
    in_watts = replace(in_amperes, terms=(Term("offset", "normal", 1e-3, is_power=True),))
    in_watts.check_fits("energy", None)
    with pytest.raises(InputError, match="in W"):
        in_watts.check_fits("current", supply)


def test_an_uncertainty_that_is_itself_badly_known_counts_by_its_degrees_of_freedom() -> None:
    """A certificate's u from six readings: Student's t of 5 is 2.571, whether or not it stands alone."""
    (span,) = integrate(power_trace(0.1, None), [Window(0, 1_000)])
    alone = span_energy(span, meter(Term("gain", "normal", 0.01, dof=5.0)))
    low, high = alone.interval()
    assert (high - low) / 2 == pytest.approx(2.571 * 0.01 * alone.value, rel=1e-3)
    tiny = Term("temperature", "rectangular", 1e-9)
    low, high = span_energy(span, meter(Term("gain", "normal", 0.01, dof=5.0), tiny)).interval()
    assert (high - low) / 2 == pytest.approx(2.571 * 0.01 * alone.value, rel=2e-2)


@pytest.mark.parametrize(("supply", "state"), [(None, "not_needed"), (Supply(V, "set", "test"), "missing")])
def test_a_meter_that_counts_joules_at_the_volts_it_set_has_their_error(
    supply: Supply | None, state: str
) -> None:
    trace = power_trace(0.1, supply, energy=True)
    energy = session_energy(
        trace, [MarkedWindow(Window(100, 900), 1)], (), meter(Term("gain", "normal", 0.1))
    )
    doubts = list_doubts(trace, meter().calibration, energy, was_filtered=False)
    assert {one.name: one.state for one in doubts}["voltage"] == state
    stated = meter(Term("voltage", "normal", 0.1)).calibration
    doubts = list_doubts(trace, stated, energy, was_filtered=False)
    assert {one.name: one.state for one in doubts}["voltage"] == "counted"


def test_type_a_is_the_scatter_of_the_windows() -> None:
    current, digital = burst()
    factors = (0.99, 1.0, 1.01)
    for k, factor in enumerate(factors):
        current[2_000 + 9_000 * k : 7_000 + 9_000 * k] *= factor
    trace = make_trace(current, digital)
    windows = [MarkedWindow(w, 1) for w in level_windows(find_edges(trace, 0))]
    gross = session_energy(trace, windows, [], meter(Term("gain", "normal", 0.0))).gross
    beyond, edges = (gross.influences[f"session#1.windows{end}"] for end in ("", ".edges"))
    assert beyond.dof == 2
    assert edges.u == pytest.approx(1e-2 * V / RATE / math.sqrt(6) / math.sqrt(3), rel=1e-3)
    s = 0.01 * 1e-2 * V * 0.05
    assert math.hypot(beyond.u, edges.u) == pytest.approx(s / math.sqrt(3), rel=1e-9)


def test_a_calibration_that_is_silent_on_a_range_is_no_bound_for_it() -> None:
    current, digital = burst()
    spans = integrate(make_trace(current, digital), [Window(0, 9_000)])
    assert set(spans[0].ranges) == {0, 1}
    some = Calibration("test#1", "test", "test", True, (Term("gain", "normal", 0.01, 1),))
    whole = Calibration("test#1", "test", "test", True, (Term("gain", "normal", 0.01),))
    assert not covers(some, spans)
    assert covers(whole, spans)


def test_what_the_spike_filter_would_move_is_a_doubt_and_not_the_value() -> None:
    """Up the filter lags, down it leads: by 0.82 + 0.82² + 0.82³ of the step, each; in a sum they cancel."""
    current, digital = burst(windows=1)
    flags = np.zeros(len(current), np.uint8)
    for at in (2_000, 7_000):
        flags[at : at + 3] = RANGE_SWITCH
    block = Block(
        0, current_a=current, digital=digital, range_=(current > 1e-3).astype(np.uint8), flags=flags
    )
    instrument = Instrument("test", "test", "1", "", "none")
    trace = array_trace(RATE, instrument, Supply(V, "set", "test"), block)
    filtered = replace(trace, new_filter=SpikeFilter)
    (span,) = integrate(filtered, [Window(1_000, 8_000)])
    moved = sum(0.82**k for k in (1, 2, 3)) * (1e-2 - 1e-5) * V / RATE
    assert span.filter_takes_j == pytest.approx(moved, rel=1e-6)
    assert span.filter_adds_j == pytest.approx(moved, rel=1e-6)
    (plain,) = integrate(trace, [Window(1_000, 8_000)])
    assert span.energy_j == plain.energy_j
    influences = span_energy(span, meter(Term("gain", "normal", 0.0))).influences
    for way in ("adds", "takes"):
        one = influences[f"session#1.spike_filter.{way}"]
        assert (one.u, one.distribution) == (pytest.approx(moved / math.sqrt(3), rel=1e-6), "rectangular")
    # Nobody's filter says how wrong they may be: all of their energy.
    assert plain.filter_takes_j == pytest.approx(3 * (1e-2 + 1e-5) * V / RATE, rel=1e-9)


@given(cuts=st.lists(st.integers(1, 8_999), max_size=12))
@settings(max_examples=20, deadline=None)
def test_the_filters_doubt_does_not_depend_on_where_blocks_are_cut(cuts: list[int]) -> None:
    current, digital = burst(windows=1)
    flags = np.zeros(len(current), np.uint8)
    flags[2_000:2_003] = flags[7_000:7_003] = RANGE_SWITCH
    sums = []
    for bounds in ([0, len(current)], [0, *sorted(set(cuts)), len(current)]):
        blocks = [
            replace(one, flags=flags[one.first_index : one.end_index])
            for one in make_trace(current, digital, tuple(bounds[1:-1])).blocks()
        ]
        instrument = Instrument("test", "test", "1", "", "none")
        trace = array_trace(RATE, instrument, Supply(V, "set", "test"), *blocks)
        (span,) = integrate(replace(trace, new_filter=SpikeFilter), [Window(1_990, 7_001)])
        sums.append((span.filter_adds_j, span.filter_takes_j))
    assert sums[0] == pytest.approx(sums[1], rel=1e-9)


@pytest.mark.parametrize("guard_s", [0.0, 0.01])
def test_the_scatter_of_edges_between_samples_is_known_beforehand(guard_s: float) -> None:
    """A meter that samples counts a block of 20.4 samples as 20 or 21: with guards, and net of idle, too."""
    rng, n, length = np.random.default_rng(6), 4_000, 20.4
    gross, net, known = [], [], {}
    for _ in range(400):
        start = 1_500 + rng.uniform()
        active = (np.arange(n) >= start) & (np.arange(n) < start + length)
        trace = make_trace(np.where(active, 1e-2, 4e-3), active.astype(np.uint8))
        marked = [MarkedWindow(w, 1) for w in level_windows(find_edges(trace, 0))]
        one = session_energy(trace, marked, [Window(2_600, n)], meter(), guard_s=guard_s)
        assert one.net is not None
        gross.append(one.gross.value)
        net.append(one.net.value)
        sums = {"gross": one.gross, "net": one.net}
        known = {what: e.influences["session#1.windows.edges"].u for what, e in sums.items()}
    assert np.mean(gross) == pytest.approx(1e-2 * V * length / RATE, rel=5e-3)
    # At 20.4 it is √(0.4 · 0.6) of a sample; over all lengths 1/√6.
    for what, values in (("gross", gross), ("net", net)):
        assert np.std(values) == pytest.approx(known[what] * math.sqrt(0.24 * 6), rel=0.1), what


def test_a_meter_that_integrates_counts_a_block_whole_where_guards_hold_it() -> None:
    energy = np.full(4_000, 1e-6)
    energy[1_500:1_520] = 1e-5
    digital = (energy > 5e-6).astype(np.uint8)
    block = Block(0, energy_j=energy, digital=digital)
    trace = array_trace(RATE, Instrument("t", "t", "1", "", "none"), None, block, digital_lines=("D0",))
    marked = [MarkedWindow(Window(1_500, 1_520), 1)]
    one = session_energy(trace, marked, [Window(2_600, 4_000)], meter(), guard_s=0.01)
    assert one.net is not None
    assert "session#1.windows.edges" not in one.net.influences
    assert one.gross.influences["session#1.windows.edges"].u == pytest.approx(1e-6 / math.sqrt(6))
