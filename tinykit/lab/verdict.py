"""Whether a session's number may be trusted: the one module that judges, with stable codes.

A check that could not be made is ``not_checked``, never passed. One failed check and the session has no
headline number. Codes are in `tinykit.lab.verdict_codes`, what they are judged by in `tinykit.lab.evidence`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tinykit.lab.evidence import Evidence
from tinykit.lab.trace_warnings import group_warnings
from tinykit.lab.verdict_codes import CODES

State = Literal["pass", "warn", "fail", "not_checked"]

MOST_LOSS = 0.001
"""EnergyRunner's ``emon-drop-thresh-pct``: 0.1 %."""
LEAST_WINDOW_S = 10.0
"""MLPerf Tiny's run rules."""
LEAST_SAMPLES = 100
MOST_SPREAD = 0.5
"""Between windows of as many inferences: such a one is a stretch of idle, or of other work."""
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


def judge(evidence: Evidence) -> Verdict:
    """Judge; one finding a code that such a session could show, in the order of ``CODES``."""
    findings = {finding.code: finding for finding in _checks(evidence)}
    silent = _inapplicable(evidence)
    return Verdict(
        tuple(
            findings.get(code, Finding(code, "not_checked", f"Not checked: {CODES[code].judges}."))
            for code in CODES
            if code in findings or code not in silent
        )
    )


def _inapplicable(e: Evidence) -> set[str]:
    """What this kind of session has nothing to show of, so that nobody could have looked."""
    codes: set[str] = set()
    if not e.has_periods:
        codes |= {"PERIOD_LENGTH", "PERIOD_CLOSURE"}
    codes |= {"IDLE_UNSTABLE", "GUARD_NOT_IDLE"} if e.has_phases else {"PHASES"}
    if e.windows_from == "counters":
        # This computer by its own counters: no pin, no board with a clock of its own, no wires.
        codes |= {"MARKER_COUNT", "DURATION_MISMATCH", "GUARD_NOT_IDLE", "FIRMWARE", "VOLTAGE", "RIG"}
    return codes | {"RIG", "COMPLETE"} if e.is_file else codes


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
    n, what = len(e.energies_j) or len(e.window_s), e.headline_of or "window"
    text = (
        f"{n} {what}s show their scatter."
        if n > 1
        else f"One {what}: nobody knows how far off another would be."
    )
    state: State = "pass" if n > 1 else "warn"
    if n > 1 and not e.has_phases and e.energies_j:
        spread = (max(e.energies_j) - min(e.energies_j)) / (abs(sum(e.energies_j)) / n or math.inf)
        if spread > MOST_SPREAD:
            state = "fail"
            text = f"Windows of as many inferences differ by {spread:.0%}: they do not hold the same work."
    yield Finding("REPEATABILITY", state, text)


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
    if e.has_phases:
        least_s, text = e.span_s, f"All phases together last {e.span_s:.4g} s."
    else:
        least_s, text = shortest, f"The shortest window lasts {shortest:.4g} s."
    short: State = "pass" if least_s >= LEAST_WINDOW_S else "warn" if e.short_asked else "fail"
    yield Finding("WINDOW_SHORT", short, text)
    if e.least_samples:
        what = e.headline_of or "window"
        text = f"The shortest {what} holds {e.least_samples:,} samples."
        if shortest < e.least_window_s:
            text += f" It must last {e.least_window_s:.3g} s: the values change too seldom."
        enough = e.least_samples >= LEAST_SAMPLES and shortest >= e.least_window_s
        yield Finding("WINDOW_SAMPLES", "pass" if enough else "fail", text)


def _state_checks(e: Evidence) -> Iterator[Finding]:
    if len(e.energies_j) >= 3:
        drift = _trend(e.energies_j)
        text = f"The {e.headline_of or 'window'}s' energy changes by {drift:+.2%} from the first to the last."
        yield Finding("DRIFT", "warn" if abs(drift) > MOST_DRIFT else "pass", text)
    if len(e.idle_w) >= 2:
        mean = sum(e.idle_w) / len(e.idle_w)
        # Idle matters by its share of what is measured: a noisy microwatt below a watt does no harm.
        spread = max(abs(one - mean) for one in e.idle_w)
        # About their common mean two stretches show half of what they differ by.
        step = max(e.idle_stretches_w, default=0.0) - min(e.idle_stretches_w, default=0.0)
        most = max(MOST_IDLE_SPREAD * abs(mean), MOST_DRIFT * e.active_w)
        bad = max(spread, step) > most
        text = f"Idle power stays within {spread:.3g} W of {mean:.3g} W."
        if len(e.idle_stretches_w) > 1:
            text += f" Its stretches differ by {step:.3g} W."
        if bad:
            text += f" {'Such a step' if step > most else 'Such scatter'} is more than {most:.3g} W."
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
        if state == "pass" and high - low > MOST_PERIOD_OVERLAP + MOST_PERIOD_REST:
            state, text = "not_checked", f"{text} That is too wide a doubt to contradict anything."
        yield Finding("PERIOD_CLOSURE", state, text)
    elif e.has_periods and e.periods_silent:
        for code in ("PERIOD_LENGTH", "PERIOD_CLOSURE"):
            yield Finding(code, "not_checked", f"Not checked: {e.periods_silent}.")


def _trend(values: tuple[float, ...]) -> float:
    """The change from first to last by a straight line through ``values``, relative to their mean."""
    n = len(values)
    mean = sum(values) / n
    middle = (n - 1) / 2
    slope = sum((i - middle) * v for i, v in enumerate(values)) / sum((i - middle) ** 2 for i in range(n))
    return slope * (n - 1) / mean if mean else 0.0
