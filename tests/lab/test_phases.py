"""The ledger of phases: true joules inside, lines that come to the whole, doubts where they belong."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.lab.budget import Instrumented
from tinykit.lab.calibration import Calibration, Term
from tinykit.lab.codes import read_codes
from tinykit.lab.ledger import Ledger, ledger_csv
from tinykit.lab.phase_map import PhaseMap
from tinykit.lab.phases import make_ledger, occurrences, whole_cycles
from tinykit.meters.trace import Block, Instrument, Supply, Trace, array_trace

RATE_HZ, V = 100_000.0, 3.0
CODING = PhaseMap(((1, "sense"), (3, "infer"), (2, "radio"), (4, "sleep")), ("D0", "D1", "D2"), "sense")
CYCLE = ((1, 0.010, 5e-3), (3, 0.020, 15e-3), (2, 0.004, 40e-3), (0, 0.003, 5e-3), (4, 0.050, 10e-6))
"""(code, seconds, amperes) of a cycle."""
GAIN = Calibration("m#1", "m", "test", True, (Term("gain", "normal", 0.01), Term("timebase", "normal", 1e-5)))
METER = Instrumented(GAIN, "session 1", "measured", "a meter")


def samples(cycles: int, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Current and lines of ``cycles`` cycles, half a sleep before and behind."""
    parts = [(4, 0.02, 10e-6), *(CYCLE * cycles), (1, 0.002, 5e-3)]
    lengths = [round(seconds * RATE_HZ) for _, seconds, _ in parts]
    if rng is not None:
        lengths = [n + int(rng.integers(-n // 10, n // 10 + 1)) for n in lengths]
    current = np.repeat([amperes for _, _, amperes in parts], lengths)
    return current, np.repeat([code for code, _, _ in parts], lengths).astype(np.uint8)


def trace(current: np.ndarray, digital: np.ndarray, lost: tuple[int, int] = (0, 0)) -> Trace:
    instrument = Instrument("m", "a meter", "1", "", "none")
    first = Block(0, current_a=current[: lost[0]], digital=digital[: lost[0]])
    rest = Block(lost[1], current_a=current[lost[1] :], digital=digital[lost[1] :])
    blocks = (first, rest) if lost[1] else (rest,)
    lines = tuple(f"D{i}" for i in range(8))
    return array_trace(RATE_HZ, instrument, Supply(V, "set", "test"), *blocks, digital_lines=lines)


def ledger_of(one: Trace, coding: PhaseMap = CODING, meter: Instrumented = METER) -> Ledger:
    runs, glitches = read_codes(one, coding)
    inside, cycles = whole_cycles(occurrences(runs, coding), coding.cycle)
    return make_ledger(one, inside, cycles, glitches, coding, meter)[0]


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return ledger_of(trace(*samples(5)))


def test_every_phase_has_its_true_joules(ledger: Ledger) -> None:
    assert ledger.cycles == 5
    names = {1: "sense", 3: "infer", 2: "radio", 0: "unmarked", 4: "sleep"}
    assert [line.name for line in ledger.lines] == ["sense", "infer", "radio", "sleep", "unmarked"]
    whole = V * sum(seconds * amperes for _, seconds, amperes in CYCLE)
    for code, seconds, amperes in CYCLE:
        line = next(one for one in ledger.lines if one.name == names[code])
        assert (line.count, line.codes) == (5, (code,))
        assert line.energy_j is not None
        assert line.duration_s is not None
        assert line.power_w is not None
        assert line.per_cycle_j is not None
        assert line.share is not None
        assert line.energy_j.value == pytest.approx(V * seconds * amperes, rel=1e-9)
        assert line.per_cycle_j.value == pytest.approx(line.energy_j.value)
        assert line.duration_s.value == pytest.approx(seconds)
        assert line.power_w.value == pytest.approx(V * amperes, rel=1e-9)
        assert line.share.value == pytest.approx(V * seconds * amperes / whole)
    assert ledger.whole.per_cycle_j is not None
    assert ledger.whole.per_cycle_j.value == pytest.approx(whole)
    # What the gain does to all of them cancels in a share, and nowhere else.
    infer = next(one for one in ledger.lines if one.name == "infer")
    assert infer.energy_j is not None
    assert infer.share is not None
    assert infer.energy_j.influences["m#1.gain"].u == pytest.approx(0.01 * infer.energy_j.value)
    assert abs(infer.share.influences["m#1.gain"].u) < 1e-9


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_the_lines_come_to_the_whole_to_rounding(seed: int, cycles: int) -> None:
    rng = np.random.default_rng(seed)
    current, digital = samples(cycles, rng)
    one = ledger_of(trace(current + rng.normal(0, 1e-3, len(current)), digital))
    assert one.whole.total_j is not None
    assert one.sum_j == pytest.approx(one.whole.total_j.value, rel=1e-12)
    assert one.closes
    assert sum(line.total_s for line in one.lines) == pytest.approx(one.whole.total_s)
    if one.cycles:
        assert one.whole.per_cycle_j is not None
        per_cycle = sum(line.per_cycle_j.value for line in one.lines if line.per_cycle_j)
        assert per_cycle == pytest.approx(one.whole.per_cycle_j.value, rel=1e-12)
        assert np.mean(one.cycles_j) == pytest.approx(one.whole.per_cycle_j.value)


def test_with_samples_lost_the_lines_close_within_the_interval() -> None:
    one = ledger_of(trace(*samples(5), lost=(9_000, 9_800)))
    assert one.whole.total_j is not None
    assert one.sum_j != pytest.approx(one.whole.total_j.value, rel=1e-6)
    assert one.closes
    # And where they do not come to the whole, it says so.
    off = replace(one.whole, total_j=one.whole.total_j * 1.5)
    assert not replace(one, whole=off).closes


def test_scatter_counts_by_occurrence_and_by_cycle() -> None:
    current, digital = samples(8)
    which = np.cumsum(np.diff(digital, prepend=digital[0]) != 0)
    scaled = np.where(digital == 3, current * (1 + 0.1 * np.sin(which)), current)
    one = ledger_of(trace(scaled, digital))
    infer = next(line for line in one.lines if line.name == "infer")
    assert infer.energy_j is not None
    assert infer.per_cycle_j is not None
    term = infer.energy_j.influences["session 1.infer"]
    assert term.dof == 7
    each = [scaled[which == k].sum() * V / RATE_HZ for k in np.unique(which[digital == 3])]
    assert term.u == pytest.approx(np.std(each, ddof=1) / np.sqrt(8))
    assert infer.per_cycle_j.influences["session 1.infer.cycle"].u == pytest.approx(term.u)


def test_a_supply_that_follows_late_is_a_doubt_that_holds_the_truth() -> None:
    """A capacitor brings a phase's energy into the next one: the true share is inside all the same."""
    current, digital = samples(12)
    tau = 100e-6 * RATE_HZ
    kernel = np.exp(-np.arange(round(20 * tau)) / tau)
    smooth = np.convolve(current, kernel / kernel.sum())[: len(current)]
    exact = replace(GAIN, terms=(Term("gain", "normal", 1e-6),))
    one = ledger_of(trace(smooth, digital), meter=replace(METER, calibration=exact))
    for line, (_, seconds, amperes) in zip(one.lines, [*CYCLE[:3], CYCLE[4], CYCLE[3]], strict=True):
        assert line.energy_j is not None
        low, high = line.energy_j.interval()
        assert low < V * seconds * amperes < high, line.name
    assert one.whole.per_cycle_j is not None
    low, high = one.whole.per_cycle_j.interval()
    assert high - low < 1e-3 * high, "no phase's doubt is one of the whole"


def test_codes_that_the_map_does_not_name_are_lines_of_their_own() -> None:
    coding = replace(CODING, phases=tuple(one for one in CODING.phases if one[0] != 2))
    one = ledger_of(trace(*samples(3)), coding)
    odd = next(line for line in one.lines if line.is_unknown)
    assert (odd.name, odd.codes, odd.count) == ("code 2", (2,), 3)
    assert "code 2 are not in the map" in one.odd
    assert one.closes


def test_without_a_whole_cycle_there_is_no_number_of_a_cycle() -> None:
    one = ledger_of(trace(*samples(1)), replace(CODING, cycle="radio"))
    assert one.cycles == 0
    assert one.whole.per_cycle_j is None
    assert {line.count for line in one.lines} == {1}
    assert one.closes


def test_two_codes_of_one_name_are_one_phase() -> None:
    coding = replace(CODING, phases=((1, "work"), (3, "work"), (2, "radio"), (4, "sleep")), cycle="work")
    one = ledger_of(trace(*samples(3)), coding)
    work = one.lines[0]
    assert (work.name, work.codes, work.count) == ("work", (1, 3), 3)
    assert work.duration_s is not None
    assert work.duration_s.value == pytest.approx(0.03)


def test_it_reads_back_and_is_a_table(ledger: Ledger) -> None:
    assert Ledger.from_dict(ledger.to_dict()).to_dict() == ledger.to_dict()
    rows = list(csv.DictReader(io.StringIO(ledger_csv(ledger).decode())))
    assert [row["phase"] for row in rows] == [*(line.name for line in ledger.lines), "total"]
    assert sum(float(row["total_j"]) for row in rows[:-1]) == pytest.approx(float(rows[-1]["total_j"]))
    assert float(rows[1]["energy_j_low"]) < float(rows[1]["energy_j"]) < float(rows[1]["energy_j_high"])


def test_a_phases_edges_in_joules_and_in_seconds_are_two_causes(ledger: Ledger) -> None:
    """A bound on energy and a spread of lengths: under one name neither could be set beside the other."""
    infer = next(one for one in ledger.lines if one.name == "infer")
    assert infer.energy_j is not None
    assert infer.duration_s is not None
    shared = infer.energy_j.influences.keys() & infer.duration_s.influences.keys()
    assert shared == {"m#1.timebase"}
    power = infer.energy_j / infer.duration_s
    assert "m#1.timebase" not in {name for name, one in power.influences.items() if abs(one.u) > 1e-15}


def test_what_one_phase_lost_is_not_taken_for_what_all_of_them_lost() -> None:
    """Of the radio's samples a tenth is lost: its share is in doubt by as much, and the others' is not."""
    current, digital = samples(5)
    at = int(np.flatnonzero(digital == 2)[0])
    one = ledger_of(trace(current, digital, lost=(at + 100, at + 300)))
    radio, infer = (next(line for line in one.lines if line.name == name) for name in ("radio", "infer"))
    assert radio.total_j is not None
    assert radio.share is not None
    assert infer.total_j is not None
    lost = 200 / (5 * 400 - 200)
    assert radio.share.influences["session 1.radio.loss"].u == pytest.approx(
        lost * radio.share.value / np.sqrt(3), rel=1e-6
    )
    assert not [name for name in infer.total_j.influences if name.endswith(".loss")]
