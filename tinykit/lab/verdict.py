"""Whether a session's number may be trusted: the one module that judges, with stable codes.

A check that could not be made is ``not_checked``, never passed. One failed check and the session has no
headline number. docs/reference/verdict-codes.md is generated from ``CODES``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["pass", "warn", "fail", "not_checked"]

MOST_LOSS = 0.001
"""EnergyRunner's ``emon-drop-thresh-pct``: 0.1 %."""
LEAST_WINDOW_S = 10.0
"""MLPerf Tiny's run rules."""
LEAST_SAMPLES = 100
MOST_DRIFT = 0.005
MOST_IDLE_SPREAD = 0.1
MOST_GUARD_EXCESS = 0.02
"""Of the window's mean power: more than that in the guards, and the board did not idle there."""


@dataclass(frozen=True)
class Code:
    """What a code judges, and what helps where it does not pass."""

    judges: str
    remedy: str


CODES: dict[str, Code] = {
    "LOSS": Code(
        "lost samples in the windows, 0.1 % at most", "another USB port, no hub, less load on the host"
    ),
    "SATURATED": Code(
        "samples at the converter's end in a window", "a meter, or a range, for higher currents"
    ),
    "DECIMATED": Code("the recording is at the meter's own rate", "record at the full rate"),
    "RATE": Code("as many samples as the host's clock says there must be", "look for loss the meter hides"),
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
    "VOLTAGE": Code(
        "the supply voltage is measured or set", "measure it with a multimeter and give the figure"
    ),
    "COMPLETE": Code(
        "the session came to the end that was planned", "measure again, or read it as the part that it is"
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
        """Whether joules may stand alone; with typical accuracy only ratios of the same meter may."""
        return self.state != "fail" and not any(
            f.code == "CALIBRATION" and f.state != "pass" for f in self.findings
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"state": self.state, "findings": [finding.to_dict() for finding in self.findings]}


@dataclass(frozen=True)
class Evidence:
    """What a session knows for its judge. None, or an empty tuple, means that nobody looked.

    Lengths are in s, one entry a window: ``window_s`` by the meter, ``board_s`` by the board itself, whose
    tolerance (relative) is ``clock_tolerance``; ``windows_found`` counts states too. ``clock_loss`` says in
    words what the host's clock, if it was ``clock_checked``, says against the sample count. ``lost`` and
    ``samples`` are totals over the windows. ``short_asked``: the user wanted windows under 10 s.
    ``energies_j`` are the windows' energies per inference in time order; ``guard_powers_w`` the mean power in
    each window's guards.
    """

    windows_expected: int | None = None
    windows_found: int | None = None
    window_s: tuple[float, ...] = ()
    board_s: tuple[float, ...] = ()
    clock_tolerance: float | None = None
    short_asked: bool = False
    samples: int = 0
    least_samples: int = 0
    least_window_s: float = 0.0
    lost: int = 0
    saturated: int = 0
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
    yield from _window_checks(e)
    yield from _state_checks(e)
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
    if e.voltage_kind is not None:
        state: State = "warn" if e.voltage_kind == "assumed" else "pass"
        yield Finding("VOLTAGE", state, f"The supply voltage is {e.voltage_kind}.")
    if e.complete is not None:
        text = "The session came to its end." if e.complete else "The session was cut off, and recovered."
        yield Finding("COMPLETE", "pass" if e.complete else "warn", text)
    if e.rig_failures is not None:
        text = "; ".join(e.rig_failures) if e.rig_failures else "The rig check passed"
        yield Finding("RIG", "fail" if e.rig_failures else "pass", f"{text}.")


def _trace_checks(e: Evidence) -> Iterator[Finding]:
    if e.samples or e.lost:
        share = e.lost / (e.samples + e.lost)
        text = f"{e.lost:,} of {e.samples + e.lost:,} samples in the windows are lost ({share:.2%})."
        yield Finding("LOSS", "fail" if share > MOST_LOSS else "pass", text)
        text = f"{e.saturated:,} samples in the windows are at the converter's end."
        yield Finding("SATURATED", "fail" if e.saturated else "pass", text)
    if e.decimated is not None:
        text = "The recording was decimated." if e.decimated else "The recording is at the meter's own rate."
        yield Finding("DECIMATED", "fail" if e.decimated else "pass", text)
    if e.clock_checked:
        text = e.clock_loss or "The samples came at the nominal rate by the host's clock."
        yield Finding("RATE", "fail" if e.clock_loss else "pass", text)


def _window_checks(e: Evidence) -> Iterator[Finding]:
    found = len(e.window_s)
    if e.windows_expected is not None and e.windows_found is not None:
        text = f"The marker was high {e.windows_found} times, {e.windows_expected} times were asked for."
        yield Finding("MARKER_COUNT", "pass" if e.windows_found == e.windows_expected else "fail", text)
    if not e.window_s:
        return
    if e.clock_tolerance is not None and len(e.board_s) == found:
        # Each edge lies anywhere in its sample: a window's length is only known to within one.
        sample_s = min(e.window_s) / e.least_samples if e.least_samples else 0.0
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


def _trend(values: tuple[float, ...]) -> float:
    """The change from first to last by a straight line through ``values``, relative to their mean."""
    n = len(values)
    mean = sum(values) / n
    middle = (n - 1) / 2
    slope = sum((i - middle) * v for i, v in enumerate(values)) / sum((i - middle) ** 2 for i in range(n))
    return slope * (n - 1) / mean if mean else 0.0
