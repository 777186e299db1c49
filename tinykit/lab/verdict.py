"""Whether a session's number may be trusted: the one module that judges, with stable codes.

A check that could not be made is ``not_checked``, never passed. One failed check and the session has no
headline number. docs/reference/verdict-codes.md is generated from ``CODES``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tinykit.lab.trace_warnings import Warned, group_warnings

State = Literal["pass", "warn", "fail", "not_checked"]

MOST_LOSS = 0.001
"""EnergyRunner's ``emon-drop-thresh-pct``: 0.1 %."""
LEAST_WINDOW_S = 10.0
"""MLPerf Tiny's run rules."""
LEAST_SAMPLES = 100
MOST_DRIFT = 0.005
MOST_IDLE_SPREAD = 0.1
MOST_PERIOD_ERROR = 0.01
MOST_PERIOD_OVERLAP, MOST_PERIOD_REST = 0.01, 0.1
"""Of a period's energy: parts that cost so much more than the whole contradict it; a rest of more is odd."""
MOST_GUARD_EXCESS = 0.02
"""Of the window's mean power: more than that in the guards, and the board did not idle there."""
MOST_EDGE = 0.01
"""Of a window: where its edges are known no better, without a marker, there is no number."""
LEAST_HOST_WINDOW_S = 60.0
"""By the host's clock alone: a host may be late by a tenth of a second at either end."""
LEAST_CONTRAST = 2.0
"""Power edges are sought between levels that differ by such a factor at least."""


@dataclass(frozen=True)
class Code:
    """What a code judges, and what helps where it does not pass."""

    judges: str
    remedy: str


CODES: dict[str, Code] = {
    "LOSS": Code(
        "lost samples in the windows, and in each state that was held, 0.1 % at most",
        "another USB port, no hub, less load on the host",
    ),
    "SATURATED": Code(
        "samples at the converter's end in a window or a state", "a meter, or a range, for higher currents"
    ),
    "DECIMATED": Code("the recording is at the meter's own rate", "record at the full rate"),
    "RATE": Code(
        "as many samples as the clock of the host, or of an emulator, says there must be",
        "look for loss the meter hides",
    ),
    "METER": Code(
        "what the meter reports of itself: errors, overcurrent, overflow, a stream that does not add up",
        "less current, a slower rate, another port; then measure again",
    ),
    "LINES": Code(
        "what the reader of the digital lines warns of: events lost or merged, levels that are none",
        "look at the marker's wire and level, and how the lines were recorded",
    ),
    "TRACE": Code(
        "what the recording's reader warns of: values clamped, missing or no numbers, a rate assumed",
        "record with the meter's own software at its full rate, nothing filtered or left out",
    ),
    "GAPS": Code(
        "no place in a window or a state where samples are missing and nobody knows how many",
        "less load on the host, a slower rate; then measure again",
    ),
    "WINDOWS_FROM": Code(
        "windows by a marker on the meter's own clock; by board clock, power edges or host time they are"
        " labelled, and refused where their edges are not known to 1 % of a window",
        "wire the marker pin to the meter's digital input",
    ),
    "MARKER_COUNT": Code("as many marked windows as were run", "check the marker's wire, level and pin"),
    "DURATION_MISMATCH": Code(
        "a window's length by the meter and by the board's clock, within the board's tolerance",
        "the marker bounces, samples were lost, or the board's clock is not what its file says",
    ),
    "WINDOW_SHORT": Code(
        "windows of 10 s at least", "leave --seconds at 10, or read the result as a rough one"
    ),
    "WINDOW_SAMPLES": Code(
        "100 samples a window at least, and what a slow meter needs",
        "more inferences a window, or a faster meter",
    ),
    "REPEATABILITY": Code(
        "two windows at least: one alone has no scatter, and its interval lacks type A",
        "--windows 5; a recording with one window gives no joules that stand alone",
    ),
    "DRIFT": Code("no trend over the windows, 0.5 % at most", "let the board warm up; look at its supply"),
    "IDLE_UNSTABLE": Code(
        "idle power within 10 % over its stretch", "look for what wakes the board while idle"
    ),
    "GUARD_NOT_IDLE": Code(
        "idle power in the guards around the windows", "the firmware works outside its marker"
    ),
    "MODEL": Code("the board carries the model that is named", "build and flash again"),
    "FIRMWARE": Code("the board carries the firmware that was built", "build and flash again"),
    "OUTPUTS": Code("outputs equal the reference's", "tinykit run --check on this board"),
    "CALIBRATION": Code(
        "the meter's errors are bounded, not typical", "tinykit meter check, or --calibration CERTIFICATE"
    ),
    "BUDGET": Code(
        "every doubt of the budget is stated by the calibration, or does not apply",
        "add the missing terms to the calibration file; energy.json lists why each is not in the budget",
    ),
    "VOLTAGE": Code(
        "the supply voltage is measured or set", "measure it with a multimeter and give the figure"
    ),
    "COMPLETE": Code(
        "the session came to the end that was planned", "measure again, or read it as the part that it is"
    ),
    "PERIOD_LENGTH": Code(
        "duty-cycled periods last what the board was told, within 1 %",
        "the timer that ends its sleep is off: the figures hold for the period that was measured",
    ),
    "PERIOD_CLOSURE": Code(
        "a period costs what its inference and its sleep cost, and a rest of 0 to 10 %",
        "a rest below 0: power of windows or sleep is not that of the periods; a large one: slow clock start",
    ),
    "PHASES": Code(
        "the phases together are the whole, and the lines show codes of the map only",
        "name every code in the map; number neighbours so that one line changes",
    ),
    "RIG": Code("the rig check before the session", "tinykit rig check says what it found"),
}


@dataclass(frozen=True)
class Finding:
    """One check: its code, how it went, and in words with figures."""

    code: str
    state: State
    text: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Verdict:
    """All checks of a session."""

    findings: tuple[Finding, ...]

    @property
    def state(self) -> State:
        """The worst of pass, warn and fail; what was not checked is listed, and does not count."""
        states = {finding.state for finding in self.findings}
        return "fail" if "fail" in states else "warn" if "warn" in states else "pass"

    @property
    def allows_absolute(self) -> bool:
        """Whether joules may stand alone.

        With typical accuracy only ratios of the same meter may; one window's interval lacks its scatter.
        """
        return self.state != "fail" and not any(
            (f.code == "CALIBRATION" and f.state != "pass")
            or (f.code == "REPEATABILITY" and f.state == "warn")
            for f in self.findings
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"state": self.state, "findings": [finding.to_dict() for finding in self.findings]}


@dataclass(frozen=True)
class Evidence:
    """What a session knows for its judge. None, or an empty tuple, means that nobody looked.

    Lengths are in s, one entry a window: ``window_s`` by the meter, ``board_s`` by the board itself, whose
    tolerance (relative) is ``clock_tolerance``; ``windows_found`` counts states too, ``inference_windows``
    does not. ``clock_loss`` says in words what the host's clock, if it was ``clock_checked``, says against
    the sample count. ``lost`` and ``samples`` are totals over the windows, ``state_losses`` name, lost and
    all samples of each state. ``short_asked``: the user wanted windows under 10 s.
    ``warnings`` are the trace's; where it is a file's (``is_file``) no meter could complain. Of the
    ``unknown_gaps`` places where nobody knows how much is missing, ``gaps_inside`` matter to the result.
    ``windows_from`` says how windows were found, their edges good to ``edge_s``; ``contrast`` is the ratio of
    active to idle power that power edges were found between; ``unplaced`` states lie nobody knows where.
    ``missing_terms``: doubts that nobody stated.
    ``energies_j`` are the windows' energies per inference in time order; ``guard_powers_w`` the mean power in
    each window's guards. ``period_j`` and ``period_s`` are a duty cycle's mean period, ``period_rest_j`` the
    95 % interval of what inference and sleep do not explain of it. ``phases_odd`` says in words what the
    lines of a ledger show beside the map's codes.
    """

    windows_expected: int | None = None
    windows_found: int | None = None
    inference_windows: int | None = None
    window_s: tuple[float, ...] = ()
    board_s: tuple[float, ...] = ()
    clock_tolerance: float | None = None
    short_asked: bool = False
    samples: int = 0
    least_samples: int = 0
    least_window_s: float = 0.0
    lost: int = 0
    saturated: int = 0
    state_losses: tuple[tuple[str, int, int], ...] = ()
    decimated: bool | None = None
    clock_checked: bool = False
    clock_loss: str = ""
    energies_j: tuple[float, ...] = ()
    idle_w: tuple[float, ...] = ()
    active_w: float = 0.0
    guard_powers_w: tuple[float, ...] = ()
    model_matches: bool | None = None
    firmware_matches: bool | None = None
    outputs_equal: bool | None = None
    calibration_is_bound: bool | None = None
    voltage_kind: str | None = None
    rig_failures: tuple[str, ...] | None = None
    complete: bool | None = None
    warnings: tuple[Warned, ...] | None = None
    is_file: bool = False
    unknown_gaps: int | None = None
    gaps_inside: int = 0
    windows_from: str | None = None
    edge_s: float = 0.0
    contrast: float | None = None
    unplaced: int = 0
    missing_terms: tuple[str, ...] | None = None
    period_j: float = 0.0
    period_rest_j: tuple[float, float] | None = None
    period_s: float = 0.0
    period_asked_s: float | None = None
    phases_close: bool | None = None
    phases_odd: str = ""


def judge(evidence: Evidence) -> Verdict:
    """Judge; one finding a code, in the order of ``CODES``."""
    findings = {finding.code: finding for finding in _checks(evidence)}
    return Verdict(
        tuple(
            findings.get(code, Finding(code, "not_checked", f"Not checked: {CODES[code].judges}."))
            for code in CODES
        )
    )


def _checks(e: Evidence) -> Iterator[Finding]:
    yield from _trace_checks(e)
    yield from _warning_checks(e)
    yield from _placing_checks(e)
    yield from _window_checks(e)
    yield from _state_checks(e)
    yield from _period_checks(e)
    for code, known, what in (
        ("MODEL", e.model_matches, "model"),
        ("FIRMWARE", e.firmware_matches, "firmware"),
    ):
        if known is not None:
            text = f"The {what} on the board is {'the' if known else 'not the'} one that is named."
            yield Finding(code, "pass" if known else "fail", text)
    if e.outputs_equal is not None:
        text = "Outputs equal the reference's." if e.outputs_equal else "Outputs differ from the reference's."
        yield Finding("OUTPUTS", "pass" if e.outputs_equal else "fail", text)
    if e.calibration_is_bound is not None:
        text = (
            "The meter's errors are bounded."
            if e.calibration_is_bound
            else "The meter's accuracy is a typical figure, or unstated for a range in use:"
            " compare, and quote no joules alone."
        )
        yield Finding("CALIBRATION", "pass" if e.calibration_is_bound else "warn", text)
    if e.missing_terms is not None:
        text = f"Nobody states {', '.join(e.missing_terms)}: not in the budget, and counted as zero."
        every = "Every doubt is in the budget, or does not apply."
        yield Finding("BUDGET", "warn" if e.missing_terms else "pass", text if e.missing_terms else every)
    if e.voltage_kind is not None:
        state: State = "warn" if e.voltage_kind == "assumed" else "pass"
        yield Finding("VOLTAGE", state, f"The supply voltage is {e.voltage_kind}.")
    if e.complete is not None:
        text = "The session came to its end." if e.complete else "The session was cut off, and recovered."
        yield Finding("COMPLETE", "pass" if e.complete else "warn", text)
    if e.phases_close is not None:
        said = "The phases together are the whole" if e.phases_close else "The phases are not the whole"
        state = "fail" if not e.phases_close else "warn" if e.phases_odd else "pass"
        yield Finding("PHASES", state, f"{said}; {e.phases_odd}." if e.phases_odd else f"{said}.")
    if e.rig_failures is not None:
        text = "; ".join(e.rig_failures) if e.rig_failures else "The rig check passed"
        yield Finding("RIG", "fail" if e.rig_failures else "pass", f"{text}.")


def _trace_checks(e: Evidence) -> Iterator[Finding]:
    if e.samples or e.lost:
        share = e.lost / (e.samples + e.lost)
        text = f"{e.lost:,} of {e.samples + e.lost:,} samples in the windows are lost ({share:.2%})."
        bad = share > MOST_LOSS
        for name, lost, samples in e.state_losses:
            if lost > MOST_LOSS * samples:
                bad, text = True, f"{text} In {name} {lost:,} of {samples:,} are lost."
        yield Finding("LOSS", "fail" if bad else "pass", text)
        text = f"{e.saturated:,} samples in windows and states are at the converter's end."
        yield Finding("SATURATED", "fail" if e.saturated else "pass", text)
    if e.decimated is not None:
        text = "The recording was decimated." if e.decimated else "The recording is at the meter's own rate."
        yield Finding("DECIMATED", "fail" if e.decimated else "pass", text)
    if e.clock_checked:
        text = (
            e.clock_loss or "The samples came at the nominal rate, by the host's clock or by the emulator's."
        )
        yield Finding("RATE", "fail" if e.clock_loss else "pass", text)


def _warning_checks(e: Evidence) -> Iterator[Finding]:
    if e.warnings is not None:
        for group, weight, text in group_warnings(e.warnings):
            if text or not (e.is_file and group == "METER"):
                yield Finding(group, weight, text or "No warnings.")
    if e.unknown_gaps is not None:
        text = (
            f"In {e.gaps_inside} places of windows or states samples are missing, and nobody knows how many."
            if e.gaps_inside
            else f"{e.unknown_gaps} such places, none of them in a window or a state."
        )
        yield Finding("GAPS", "fail" if e.gaps_inside else "pass", text)


def _placing_checks(e: Evidence) -> Iterator[Finding]:
    if e.windows_from is None or not e.window_s:
        return
    if e.windows_from == "marker":
        yield Finding("WINDOWS_FROM", "pass", "Windows are the marker's, on the meter's own clock.")
    elif e.windows_from == "counters":
        yield Finding(
            "WINDOWS_FROM", "pass", "One process ran the windows and read the counters, by one clock."
        )
    else:
        names = {"board": "the board's clock", "power": "edges of the power", "host": "the host's clock"}
        shortest = min(e.window_s)
        text = f"Windows are by {names[e.windows_from]}, not by a marker; edges are good to {e.edge_s:.2g} s."
        bad = e.edge_s > MOST_EDGE * shortest
        if e.windows_from == "host" and shortest < LEAST_HOST_WINDOW_S:
            bad, text = True, f"{text} So they must last {LEAST_HOST_WINDOW_S:g} s."
        if e.contrast is not None:
            bad = bad or e.contrast < LEAST_CONTRAST
            text += f" Active power is {e.contrast:.3g} times idle power."
        if e.unplaced:
            text += f" {e.unplaced} states were held, and nothing tells where: no idle power, no net energy."
        yield Finding("WINDOWS_FROM", "fail" if bad else "warn", text)
    n = len(e.energies_j) or len(e.window_s)
    text = (
        f"{n} windows show their scatter."
        if n > 1
        else "One window: nobody knows how far off another would be."
    )
    yield Finding("REPEATABILITY", "pass" if n > 1 else "warn", text)


def _window_checks(e: Evidence) -> Iterator[Finding]:
    found = len(e.window_s)
    if e.inference_windows == 0:
        text = "No window with an inference in it was found."
        yield Finding("MARKER_COUNT", "fail", text)
    elif e.windows_expected is not None and e.windows_found is not None:
        text = f"{e.windows_found} windows and states were found, {e.windows_expected} were asked for."
        yield Finding("MARKER_COUNT", "pass" if e.windows_found == e.windows_expected else "fail", text)
    if not e.window_s:
        return
    if e.clock_tolerance is not None and len(e.board_s) == found:
        # Each edge lies anywhere in its sample: a window's length is only known to within one.
        sample_s = (min(e.window_s) / e.least_samples if e.least_samples else 0.0) + 2 * e.edge_s
        pairs = zip(e.window_s, e.board_s, strict=True)
        worst = max(max(abs(a - b) - sample_s, 0.0) / b if b else 1.0 for a, b in pairs)
        text = f"Meter and board disagree by {worst:.3%} at most; {e.clock_tolerance:.3%} is allowed."
        yield Finding("DURATION_MISMATCH", "fail" if worst > e.clock_tolerance else "pass", text)
    shortest = min(e.window_s)
    short: State = "pass" if shortest >= LEAST_WINDOW_S else "warn" if e.short_asked else "fail"
    yield Finding("WINDOW_SHORT", short, f"The shortest window lasts {shortest:.4g} s.")
    if e.least_samples:
        text = f"The shortest window holds {e.least_samples:,} samples."
        if shortest < e.least_window_s:
            text += f" It must last {e.least_window_s:.3g} s: the values change too seldom."
        enough = e.least_samples >= LEAST_SAMPLES and shortest >= e.least_window_s
        yield Finding("WINDOW_SAMPLES", "pass" if enough else "fail", text)


def _state_checks(e: Evidence) -> Iterator[Finding]:
    if len(e.energies_j) >= 3:
        drift = _trend(e.energies_j)
        text = f"The windows' energy changes by {drift:+.2%} from the first to the last."
        yield Finding("DRIFT", "warn" if abs(drift) > MOST_DRIFT else "pass", text)
    if len(e.idle_w) >= 2:
        mean = sum(e.idle_w) / len(e.idle_w)
        # Idle matters by its share of what is measured: a noisy microwatt below a watt does no harm.
        spread = max(abs(one - mean) for one in e.idle_w)
        bad = spread > MOST_IDLE_SPREAD * abs(mean) and spread > MOST_DRIFT * e.active_w
        text = f"Idle power stays within {spread:.3g} W of {mean:.3g} W."
        yield Finding("IDLE_UNSTABLE", "warn" if bad else "pass", text)
        if e.guard_powers_w:
            excess = max(abs(one - mean) for one in e.guard_powers_w)
            text = f"The guards' power is within {excess:.3g} W of idle."
            bad = excess > MOST_GUARD_EXCESS * e.active_w + spread
            yield Finding("GUARD_NOT_IDLE", "fail" if bad else "pass", text)


def _period_checks(e: Evidence) -> Iterator[Finding]:
    if e.period_asked_s:
        off = e.period_s / e.period_asked_s - 1.0
        text = f"Periods last {e.period_s:.5g} s, {off:+.2%} of what the board was told."
        yield Finding("PERIOD_LENGTH", "warn" if abs(off) > MOST_PERIOD_ERROR else "pass", text)
    if e.period_rest_j is not None and e.period_j > 0:
        low, high = (one / e.period_j for one in e.period_rest_j)
        state: State = "fail" if high < -MOST_PERIOD_OVERLAP else "warn" if low > MOST_PERIOD_REST else "pass"
        text = f"Inference and sleep leave {low:.2%} to {high:.2%} of a period's energy as rest."
        yield Finding("PERIOD_CLOSURE", state, text)


def _trend(values: tuple[float, ...]) -> float:
    """The change from first to last by a straight line through ``values``, relative to their mean."""
    n = len(values)
    mean = sum(values) / n
    middle = (n - 1) / 2
    slope = sum((i - middle) * v for i, v in enumerate(values)) / sum((i - middle) ** 2 for i in range(n))
    return slope * (n - 1) / mean if mean else 0.0
