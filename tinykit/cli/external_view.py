"""What is shown of a session by pins: its plan, and the ledger of phases."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tinykit.console import key_values, table
from tinykit.estimate import Estimate
from tinykit.lab.codes import GLITCHES
from tinykit.lab.external_plan import WatchPlan
from tinykit.lab.ledger import Ledger, PhaseLine
from tinykit.pretty import format_duration, format_estimate, format_si


def watch_plan_view(plan: WatchPlan) -> RenderableType:
    """What a measurement by pins will do."""
    stamp = ("  SIMULATED", "bold yellow") if plan.simulated else ("", "")
    return Group(
        Text.assemble(("Plan: watch the pins", "bold"), stamp), Text(), key_values(_plan(plan)), Text()
    )


def _plan(plan: WatchPlan) -> Iterator[tuple[str, object]]:
    yield "meter", plan.meter
    yield "lines", ", ".join(plan.lines)
    if plan.names:
        yield "phases", ", ".join(plan.names)
    if plan.inferences is not None:
        yield "inferences", f"{plan.inferences} in each {'infer' if plan.names else 'window'}"
    yield "ends", plan.ends
    if plan.best is not None and plan.worst is not None:
        span = f"± {plan.best:.1%}" if plan.best == plan.worst else f"± {plan.best:.1%} to ± {plan.worst:.1%}"
        bound = "" if plan.is_bound else "; typical figures: no joules alone, only ratios on this meter"
        yield "at best", f"{span} (95 %) by the meter's errors alone{bound}"
    yield "its errors", plan.calibration or "unknown"
    for note in plan.notes:
        yield "note", note
    for what in plan.missing:
        yield "missing", Text(what, style="bold red")


def ledger_view(ledger: Ledger, *, absolute: bool) -> RenderableType:
    """The ledger; without ``absolute`` only what typical errors of a meter leave standing: times, shares."""
    return Group(_table(ledger, absolute), Text(_closing(ledger), style="dim"))


def _table(ledger: Ledger, absolute: bool) -> Table:
    per = "a cycle" if ledger.cycles else "in all"
    heads = ["phase", ">times", ">lasts"]
    heads += [">power", ">once", f">{per}"] if absolute else []
    return table([*heads, ">share"], [_row(one, ledger, absolute) for one in (*ledger.lines, ledger.whole)])


def _row(line: PhaseLine, ledger: Ledger, absolute: bool) -> tuple[object, ...]:
    bold = "bold" if line is ledger.whole else ""
    cells: list[str] = [line.name, f"{line.count:,}", _of(line.duration_s) or format_duration(line.total_s)]
    if absolute:
        each = line.per_cycle_j if ledger.cycles else line.total_j
        cells += [_of(line.power_w), _of(line.energy_j), _of(each)]
    share = line.share
    cells.append("" if share is None else "100 %" if not share.u else _percent(share))
    return tuple(Text(cell, style=bold) for cell in cells)


def _of(one: Estimate | None) -> str:
    return "" if one is None else format_estimate(one)


def _percent(share: Estimate) -> str:
    low, high = (100 * end for end in share.interval())
    return f"{100 * share.value:.2f} % [{low:.2f}, {high:.2f}]"


def _closing(ledger: Ledger) -> str:
    whole = ledger.whole.total_j
    parts = []
    if whole is not None:
        off = ledger.sum_j - whole.value
        sums = f"the lines sum to {format_si(ledger.sum_j, 'J', digits=6)}"
        parts.append(f"{sums}, {format_si(off, 'J', digits=2) if off else 'nothing'} off the whole")
    cycles = f"{ledger.cycles} cycles" if ledger.cycles else "no whole cycle"
    parts.append(f"{cycles} in {format_duration(ledger.stop_s - ledger.start_s)}")
    counts = [f"{ledger.glitches.count(kind)} {kind}" for kind in GLITCHES if ledger.glitches.count(kind)]
    if counts:
        parts.append(f"glitches: {', '.join(counts)} ({format_duration(ledger.glitches_s)} together)")
    return "; ".join(parts) + "."
