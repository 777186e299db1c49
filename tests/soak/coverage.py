"""Do 95 % intervals hold the true energy 95 % of the time? ``./dev soak coverage``.

Each session draws an emulated PPK2's errors once from the distributions that its calibration declares, burns
a known energy in front of it, and asks whether the interval holds it. Board and meter meet at the level of
the meter's bytes: the real decoder and the real budget judge what the emulated converter made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tinykit.bench.meters.ppk2 import EmulatedPpk2, Ppk2Errors
from tinykit.estimate import Estimate
from tinykit.estimate.draws import draw
from tinykit.lab.budget import Instrumented, repeated_power
from tinykit.lab.calibration import Calibration, Shape, Term
from tinykit.lab.energy import MarkedWindow, session_energy
from tinykit.lab.integrate import integrate, pieces
from tinykit.lab.windows import find_edges, level_windows
from tinykit.meters.ppk2_calibration import parse_calibration
from tinykit.meters.ppk2_decoder import Ppk2Decoder
from tinykit.meters.ppk2_spikes import SpikeFilter
from tinykit.meters.trace import Instrument, Supply, Trace, array_trace

SESSIONS = 500
VOLTAGE_V = 3.0
RATE_HZ = 100_000


@dataclass(frozen=True)
class Stratum:
    """What dominates the budget. Widths are half-widths or standard uncertainties, as ``shape`` says.

    Currents in A; ``window_s`` of a window, ``guard_s`` summed around it. ``asks`` is "gross", "sleep" or
    "net": then a second stretch of idle follows the windows, and idle current jumps by ``step_a`` among them.
    """

    gain: float
    offset_a: float
    noise_lsb: float
    skew_s: float
    active_a: float
    sleep_a: float
    window_s: float
    guard_s: float
    asks: str = "gross"
    windows: int = 5
    garbage: int = 0
    step_a: float = 0.0


# Where noise rules there are eight windows: of five, Student's t alone makes intervals 1.33 times as wide as
# they would be if the noise were known. Edges are tried within one range: a change of range at an edge is a
# larger doubt than the edge itself. Noise stays away from the converter's zero, where it would be cut off and
# move the mean.
STRATA = {
    "gain": Stratum(0.02, 1e-9, 0.5, 1e-6, 8e-3, 20e-6, 0.02, 2e-3),
    "noise": Stratum(1e-5, 1e-10, 80.0, 1e-7, 38e-6, 20e-6, 1e-3, 1e-3, windows=8),
    "offset": Stratum(1e-5, 0.2e-6, 0.5, 1e-7, 8e-3, 2e-6, 0.02, 2e-3, "sleep"),
    "edges": Stratum(1e-5, 1e-10, 0.5, 5e-6, 4e-3, 0.6e-3, 2e-3, 0.0),
}
# Idle between two levels, by a bound whatever the meter's errors are.
IDLE = Stratum(1e-5, 1e-10, 0.5, 1e-7, 38e-6, 20e-6, 4e-3, 1e-3, "net", windows=40, step_a=4e-6)


# The filter's difference is a bound, and not the spread of what goes wrong: its intervals may be wide.
SWITCHES = Stratum(1e-5, 1e-10, 0.5, 1e-7, 8e-3, 20e-6, 2e-3, 2e-3, garbage=2)


@dataclass(frozen=True)
class Outcome:
    """One session: what was said, what was true."""

    estimate: Estimate
    truth: float

    @property
    def covered(self) -> bool:
        """The interval holds the truth."""
        low, high = self.estimate.interval()
        return low <= self.truth <= high


def soak(seed: int, fraction: float) -> dict[str, object]:
    """All strata with normal and rectangular errors, and the negative control. Raises AssertionError."""
    count = max(50, round(SESSIONS * fraction))
    results: dict[str, object] = {"sessions_each": count}
    shapes: tuple[Shape, ...] = ("normal", "rectangular")
    for name, stratum in STRATA.items():
        for shape in shapes:
            outcomes = run(stratum, shape, count, np.random.default_rng([seed, len(results)]))
            results[f"{name}, {shape}"] = judge(outcomes, shape, f"{name}, {shape}")
    idle = run(IDLE, "rectangular", count, np.random.default_rng([seed, 97]))
    results["idle, rectangular"] = judge(idle, "rectangular", "idle, rectangular")
    garbage = run(SWITCHES, "normal", count, np.random.default_rng([seed, 98]))
    share = sum(one.covered for one in garbage) / count
    results["two wrong samples after changes of range"] = {"coverage": share}
    assert share >= (0.92 if count >= SESSIONS else 0.84), f"changes of range: {share:.1%} are covered"
    rng = np.random.default_rng([seed, 99])
    wrong = run(STRATA["gain"], "normal", count, rng, gain_factor=3.0)
    share = sum(one.covered for one in wrong) / count
    results["negative control: gain error three times as large"] = {"coverage": share}
    assert share < 0.8, f"errors three times as large as declared are covered in {share:.0%}"
    return results


def judge(outcomes: list[Outcome], shape: Shape, name: str) -> dict[str, object]:
    """Coverage, width against the errors' own spread, probability transform. Raises AssertionError."""
    count = len(outcomes)
    share = sum(one.covered for one in outcomes) / count
    errors = np.array([one.estimate.value - one.truth for one in outcomes])
    widths = np.array([np.diff(one.estimate.interval())[0] for one in outcomes])
    ideal = float(np.diff(np.quantile(errors, (0.025, 0.975)))[0])
    ratio = float(np.mean(widths)) / ideal
    p = uniformity([place(one) for one in outcomes])
    # Of 500 sessions 92 to 98 %; of fewer, what as few can tell (42 of 50).
    least, most = (0.92, 0.98) if count >= SESSIONS else (0.84, 1.0)
    most = most if shape == "normal" else 1.0
    assert least <= share <= most, f"{name}: {share:.1%} of {count} intervals hold the truth"
    assert p > 0.001, f"{name}: the probability transform is not uniform, p = {p:.2g}"
    # Rectangular errors have sharper ends than any interval of theirs: their ideal is known only roughly.
    assert ratio <= 1.3 or count < SESSIONS, f"{name}: intervals are {ratio:.2f} times as wide as need be"
    return {"coverage": share, "width_to_ideal": round(ratio, 3), "uniformity_p": round(p, 4)}


def place(one: Outcome) -> float:
    """Where the truth lies in the estimate's distribution, 0 to 1."""
    samples = draw([one.estimate], draws=4_000, seed=1)[0]
    return float((samples < one.truth).mean())


def uniformity(values: list[float]) -> float:
    """The p-value of Kolmogorov and Smirnov's test of ``values`` against a uniform distribution on 0 to 1."""
    from scipy.stats import kstest

    return float(kstest(values, "uniform").pvalue)


def run(
    stratum: Stratum, shape: Shape, count: int, rng: np.random.Generator, *, gain_factor: float = 1.0
) -> list[Outcome]:
    """``count`` sessions of one stratum; the true gain errors are ``gain_factor`` times what is declared."""
    calibration = Calibration("ppk2#1", "ppk2", "declared", True, _terms(stratum, shape))
    draws = _draws(rng, shape)
    return [_session(stratum, calibration, draws, rng, k, gain_factor) for k in range(count)]


def _terms(stratum: Stratum, shape: Shape) -> tuple[Term, ...]:
    return (
        *(Term("gain", shape, stratum.gain, n) for n in range(5)),
        *(Term("offset", shape, stratum.offset_a, n) for n in range(5)),
        Term("voltage", shape, stratum.gain / 10),
        Term("timebase", shape, 1e-5),
        Term("skew", shape, stratum.skew_s),
    )


def _draws(rng: np.random.Generator, shape: Shape) -> Callable[[float], float]:
    if shape == "normal":
        return lambda width: float(rng.normal(0.0, width))
    return lambda width: float(rng.uniform(-width, width))


def _session(
    stratum: Stratum,
    calibration: Calibration,
    drawn: Callable[[float], float],
    rng: np.random.Generator,
    number: int,
    gain_factor: float,
) -> Outcome:
    errors = Ppk2Errors(
        gain=tuple(1 + gain_factor * drawn(stratum.gain) for _ in range(5)),
        offset_a=tuple(drawn(stratum.offset_a) for _ in range(5)),
        noise_lsb=stratum.noise_lsb,
        voltage_gain=1 + drawn(stratum.gain / 10),
        clock_ppm=drawn(1e-5) * 1e6,
        garbage=stratum.garbage,
    )
    meter = EmulatedPpk2(errors=errors, seed=int(rng.integers(1 << 31)))
    current, digital, truth_j = _profile(stratum, meter.base_hz, drawn(stratum.skew_s), rng)
    trace = _through_the_meter(meter, current, digital)
    true_v = VOLTAGE_V * errors.voltage_gain
    instrumented = Instrumented(calibration, f"session {number}", "modelled", "emulated")
    windows = level_windows(find_edges(trace, 0))
    infer = windows[1 : 1 + stratum.windows]
    idle = [windows[0], *windows[1 + stratum.windows :]]
    assert len(windows) == 1 + stratum.windows + (stratum.asks == "net"), f"{len(windows)} windows"
    if stratum.asks == "sleep":
        power = repeated_power(integrate(trace, list(pieces(trace, idle[0], 10))), instrumented, "scatter")
        return Outcome(power, stratum.sleep_a * true_v)
    marked = [MarkedWindow(window, 1) for window in infer]
    energy = session_energy(trace, marked, idle, instrumented, guard_s=stratum.guard_s)
    found = energy.net if stratum.asks == "net" else energy.gross
    assert found is not None
    return Outcome(found, truth_j * true_v)


def _profile(
    stratum: Stratum, base_hz: float, skew_s: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, float]:
    """Current and marker by sample, and the mean charge that is asked for in C. Edges fall between samples.

    The meter takes the current at an instant; the marker reaches it ``skew_s`` late.
    """
    # A window of whole sample periods would hold the same number of samples at any phase.
    window_s = stratum.window_s + rng.uniform(0, 1 / RATE_HZ)
    gap = max(3e-3, 2 * stratum.guard_s)
    idle_s = max(20e-3, window_s)
    starts, at = [], gap + idle_s + gap
    for _ in range(stratum.windows):
        at += rng.uniform(0, 1e-4)
        starts.append(at)
        at += window_s + gap
    after_s = at
    if stratum.asks == "net":
        at += idle_s + gap
    t_s = np.arange(int(at * base_hz)) / base_hz
    active = np.zeros(len(t_s), bool)
    digital = (t_s >= gap) & (t_s < gap + idle_s)
    for start in starts:
        active |= (t_s >= start) & (t_s < start + window_s)
        digital |= (t_s >= start + skew_s) & (t_s < start + window_s + skew_s)
    idle_a = stratum.sleep_a + 0.0 * t_s
    charge_c = stratum.active_a * window_s
    if stratum.asks == "net":
        digital |= (t_s >= after_s) & (t_s < after_s + idle_s)
        idle_a += (
            rng.choice([-1, 1]) * stratum.step_a * (t_s >= rng.uniform(starts[0], starts[-1] + window_s))
        )
        charge_c -= float(idle_a[active].mean()) * window_s
    return np.where(active, stratum.active_a, idle_a), digital.astype(np.uint8), charge_c


def _through_the_meter(meter: EmulatedPpk2, current: np.ndarray, digital: np.ndarray) -> Trace:
    meter.receive(b"\x11\x02" + b"\x0d" + round(VOLTAGE_V * 1000).to_bytes(2, "big") + b"\x0c\x01\x19")
    answer = meter.feed(np.zeros(0), np.zeros(0, np.uint8))
    decoder = Ppk2Decoder(parse_calibration(answer), VOLTAGE_V)
    meter.receive(b"\x06")
    rest = -len(current) % 16
    fed = meter.feed(np.append(current, np.zeros(rest)), np.append(digital, np.zeros(rest, np.uint8)))
    blocks = [*decoder.feed(fed), *decoder.finish()]
    instrument = Instrument("ppk2", "emulated PPK2", "1", "", "declared", emulated=True)
    supply = Supply(VOLTAGE_V, "set", "meter")
    trace = array_trace(RATE_HZ, instrument, supply, *blocks, digital_lines=("D0",))
    return replace(trace, new_filter=SpikeFilter)
