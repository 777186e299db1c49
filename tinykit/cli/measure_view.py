"""A session's result as rich renderables: headline, what it is of, verdict, budget."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tinykit.console import key_values, safe_text, table
from tinykit.errors import GateError
from tinykit.estimate import Estimate
from tinykit.lab.duty import Duty
from tinykit.lab.ledger import Ledger
from tinykit.lab.plan import SessionPlan
from tinykit.lab.report import SessionReport, budget_rows
from tinykit.lab.rig_session import RigReport
from tinykit.lab.verdict import Verdict
from tinykit.lab.verdict_codes import CODES
from tinykit.meters.trace import instrument_title
from tinykit.pretty import decimals_for, format_duration, format_estimate, format_si

_STYLES = {"pass": "green", "warn": "bold yellow", "fail": "bold red", "not_checked": "dim"}
_WORDS = {"pass": "pass", "warn": "WARN", "fail": "FAIL", "not_checked": "not checked"}
_MOST_TERMS = 12


def headline_text(gross: Estimate, simulated: bool, per: str = "inference") -> str:
    """``288.3 µJ/inference [287.0, 289.5] 95 %, SIMULATED``."""
    low, high = gross.interval()
    exponent = format_si(max(abs(gross.value), abs(low), abs(high)), "J").split()[-1]
    scale = {"fJ": 1e15, "pJ": 1e12, "nJ": 1e9, "µJ": 1e6, "mJ": 1e3, "J": 1.0, "kJ": 1e-3}.get(exponent, 1.0)
    unit = exponent if scale != 1.0 else "J"
    places = max(0, decimals_for(max(high - low, 1e-300) * scale / 2)) if high > low else 6
    value, least, most = (f"{one * scale:.{places}f}" for one in (gross.value, low, high))
    stamp = ", SIMULATED" if simulated else ""
    return f"{value} {unit}/{per} [{least}, {most}] 95 %{stamp}"


@dataclass(frozen=True)
class Result:
    """What is shown of a session, just made or stored. ``warnings`` are (code, text)."""

    folder: Path
    simulated: bool
    gross: Estimate | None
    net: Estimate | None
    states: Mapping[str, Estimate]
    verdict: Verdict
    facts: Mapping[str, Any]
    warnings: list[tuple[str, str]]
    duty: Duty | None = None
    ledger: Ledger | None = None

    @property
    def headline(self) -> Estimate | None:
        """What may stand alone."""
        return self.gross if self.verdict.allows_absolute else None


def report_view(report: SessionReport) -> RenderableType:
    """What ``tinykit measure`` and ``tinykit session import`` show."""
    energy = report.analysis.energy
    return result_view(
        Result(
            report.folder,
            report.simulated,
            None if energy is None else energy.gross,
            None if energy is None else energy.net,
            report.analysis.states,
            report.analysis.verdict,
            report.facts,
            [(w.code, w.text) for w in report.analysis.trace.warnings],
            report.analysis.duty,
            report.analysis.ledger,
        )
    )


def result_view(result: Result) -> RenderableType:
    """One session: headline, facts, verdict, budget."""
    blocks: list[RenderableType] = [_heading(result), Text(), key_values(_facts(result))]
    for code, text in result.warnings:
        blocks.append(Text.assemble((f"[{safe_text(code)}] ", "yellow"), safe_text(text)))
    if result.ledger is not None:
        from tinykit.cli.external_view import ledger_view

        blocks += [Text(), ledger_view(result.ledger, absolute=result.verdict.allows_absolute)]
    blocks += [Text(), verdict_view(result.verdict)]
    if result.gross is not None:
        blocks += [Text(), budget_view(result.gross)]
    return Group(*blocks)


def _heading(result: Result) -> Text:
    if result.headline is not None:
        return Text(headline_text(result.headline, result.simulated), style="bold")
    if result.ledger is not None and result.ledger.whole.per_cycle_j and result.verdict.allows_absolute:
        return Text(headline_text(result.ledger.whole.per_cycle_j, result.simulated, "cycle"), style="bold")
    stamp = ("  SIMULATED", "bold yellow") if result.simulated else ("", "")
    if result.verdict.state == "fail":
        failed = ", ".join(f.code for f in result.verdict.findings if f.state == "fail")
        return Text.assemble(("No number: ", "bold red"), f"the verdict failed ({failed})", stamp)
    if result.gross is not None or result.ledger is not None:
        why = "the meter's accuracy is typical, no bound: only ratios on the same meter are told"
        if any(f.code == "REPEATABILITY" and f.state == "warn" for f in result.verdict.findings):
            why = "one window has no scatter, so that its interval would lack the type A part"
        return Text.assemble(("No number that stands alone: ", "bold yellow"), why, stamp)
    return Text.assemble(("No number: ", "bold yellow"), "no window came to its end", stamp)


def _facts(result: Result) -> Iterator[tuple[str, object]]:
    facts = result.facts
    if result.headline is not None:
        yield from _numbers(result)
    plan, model, board = (facts.get(key) or {} for key in ("plan", "model", "board"))
    if model.get("name"):
        yield "model", f"{model['name']}  {str(model.get('sha256', ''))[:12]}"
    if board.get("text"):
        yield "board", board["text"]
    imported = facts.get("import")
    if imported:
        each = f", {imported['inferences']} inferences a window" if imported.get("inferences") else ""
        yield "recording", f"{imported.get('name')}{each}"
    if plan.get("inferences"):
        each = f"{plan['inferences']} inferences, {plan.get('seconds')} s each"
        yield "windows", f"{plan.get('windows')} of {each}"
    yield from _labels(result.verdict)
    yield from _meter(facts.get("meter") or {})
    if facts.get("boundary"):
        yield "boundary", facts["boundary"]
    if facts.get("started_unix_s"):
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(float(facts["started_unix_s"])))
        yield "started", when
    if facts.get("recovered"):
        yield "recovered", "the session was cut off; this is what came to its end before"
    if facts.get("notes"):
        yield "notes", facts["notes"]
    yield "folder", result.folder


def _numbers(result: Result) -> Iterator[tuple[str, object]]:
    """What stands below the headline."""
    if result.net is not None:
        yield "net of idle", f"{format_estimate(result.net)} an inference"
    for name, power in result.states.items():
        yield f"in {name}", format_estimate(power)
    if result.duty is not None:
        yield from _duty(result.duty)


def _labels(verdict: Verdict) -> Iterator[tuple[str, object]]:
    """Windows that no marker tells are named as such beside the number."""
    for finding in verdict.findings:
        if finding.code == "WINDOWS_FROM" and finding.state == "warn":
            yield "windows from", finding.text


def _duty(duty: Duty) -> Iterator[tuple[str, object]]:
    yield "a period", f"{format_estimate(duty.energy)} in {duty.period.value:.5g} s ({duty.periods} periods)"
    for name, part in (("inference", duty.inference), ("asleep", duty.asleep), ("the rest", duty.rest)):
        yield f"  {name}", format_estimate(part)
    yield "mean power", f"{format_estimate(duty.power)}, {format_estimate(duty.per_hour)} an hour"


def _meter(meter: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    instrument, settings = meter.get("instrument") or {}, meter.get("settings") or {}
    if instrument:
        yield "meter", instrument_title(instrument)
    if settings.get("voltage_v"):
        rail = f", rail {settings['rail']}" if settings.get("rail") else ""
        yield "supply", f"{settings['voltage_v']} V{rail}"


def verdict_view(verdict: Verdict) -> Table:
    """All checks, the worst first; what helps stands beside what did not pass."""
    order = ["fail", "warn", "not_checked", "pass"]
    rows = [
        (
            Text(_WORDS[f.state], style=_STYLES[f.state]),
            f.code,
            f.text if f.state in ("pass", "not_checked") else f"{f.text} ({_remedy(f.code)})",
        )
        for f in sorted(verdict.findings, key=lambda f: order.index(f.state))
    ]
    return table([f"verdict: {verdict.state}", "code", "what was found"], rows)


def _remedy(code: str) -> str:
    return CODES[code].remedy if code in CODES else "see docs/reference/verdict-codes.md"


def budget_view(estimate: Estimate) -> Table:
    """The uncertainty budget, the largest influence first."""
    rows = budget_rows(estimate)
    whole = estimate.u
    shown = [
        (
            name,
            f"{u / abs(estimate.value):.2%}" if estimate.value else format_si(u, estimate.unit),
            f"{(u / whole) ** 2:.0%}" if whole else "",
            shape,
            dof,
        )
        for name, u, shape, dof in rows
        if u > 1e-6 * whole
    ][:_MOST_TERMS]
    return table(["influence", ">u", ">of the variance", "distribution", ">dof"], shown)


def require_pass(report: SessionReport) -> None:
    """Raise GateError, code VERDICT, where the verdict failed."""
    verdict = report.analysis.verdict
    if verdict.state == "fail":
        failed = [f for f in verdict.findings if f.state == "fail"]
        raise GateError(
            f"The verdict failed: {', '.join(f.code for f in failed)}.",
            hint=f"{_remedy(failed[0].code)}; docs/reference/verdict-codes.md explains every code.",
            code="VERDICT",
        )


def plan_view(plan: SessionPlan) -> RenderableType:
    """What a measurement will do."""
    stamp = ("  SIMULATED", "bold yellow") if plan.simulated else ("", "")
    title = Text.assemble((f"Plan: {safe_text(plan.model)}", "bold"), f" on {safe_text(plan.target)}", stamp)
    return Group(title, Text(), key_values(_plan(plan)), Text())


def _plan(plan: SessionPlan) -> Iterator[tuple[str, object]]:
    yield "meter", plan.meter
    yield "windows", f"{plan.windows} of {plan.seconds:g} s, {plan.warmups} warm-ups before each"
    if plan.states:
        yield "states", f"{', '.join(plan.states)}, {plan.state_s:g} s each; idle before and after"
    if plan.period_s is not None:
        yield "periods", f"{plan.periods} of {plan.period_s:g} s: wake, infer, sleep"
    yield "takes about", format_duration(plan.total_s)
    if plan.best is not None and plan.worst is not None:
        span = f"± {plan.best:.1%}" if plan.best == plan.worst else f"± {plan.best:.1%} to ± {plan.worst:.1%}"
        bound = "" if plan.is_bound else "; typical figures: no joules alone, only ratios on this meter"
        yield "at best", f"{span} (95 %) by the meter's errors alone{bound}"
    yield "its errors", plan.calibration or "unknown"
    for note in plan.notes:
        yield "note", note
    for what in plan.missing:
        yield "missing", Text(safe_text(what), style="bold red")


def rig_view(report: RigReport) -> RenderableType:
    """What ``tinykit rig check`` shows."""
    stamp = ("  SIMULATED", "bold yellow") if report.simulated else ("", "")
    title = Text.assemble((safe_text(report.target), "bold"), f" with {safe_text(report.meter)}", stamp)
    rows = [(Text(_WORDS[c.state], style=_STYLES[c.state]), c.name, c.text) for c in report.checks]
    return Group(title, Text(), table(["", "check", "what was found"], rows))
