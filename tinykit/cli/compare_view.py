"""A comparison on a terminal: the answer, the ledger of the three policies side by side, what to know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tinykit.cli.compare_job import Done
from tinykit.cli.compare_sweep_view import sweep_view
from tinykit.comparison.compare import Outcome
from tinykit.comparison.flow import POLICIES, Policy
from tinykit.comparison.hand_words import settings
from tinykit.comparison.ledger import COLUMNS, Column
from tinykit.comparison.lines import entries
from tinykit.comparison.result import NO_FIGURE, UNITS, Cell, PolicyResult, Result
from tinykit.comparison.result_headline import WORDS, answer, basis, lacking, missing
from tinykit.console import key_values, safe_text, table
from tinykit.estimate.record import KINDS
from tinykit.pretty import format_duration, format_interval, format_si

_CHOSEN = "Settings that each side chose: the cheapest that keep the limits (a side's hand, in the files)"
_STYLES = {"saves": "bold green", "LOSES": "bold red"}


def result_view(done: Done) -> RenderableType:
    """What ``tinykit compare`` shows."""
    return Group(*_blocks(done))


def _blocks(done: Done) -> Iterator[RenderableType]:
    result = done.result
    first = answer(result, "edge")
    told = "not sure" not in first
    style = next((style for word, style in _STYLES.items() if told and word in first), "bold yellow")
    yield Text.assemble((safe_text(first), style), f" {safe_text(basis(result))}")
    yield Text(safe_text(answer(result, "hybrid")))
    for title, block in (
        ("Saved per device-day", Group(*_savings(result))),
        (f"Per device-day, in {WORDS[result.column]}", _ledger(result)),
        ("Per device-day, in all", _totals(result)),
    ):
        yield from (Text(), Text(title, style="bold"), block)
    yield Text()
    yield Text(_CHOSEN, style="bold")
    yield key_values((policy, _settings(result, policy)) for policy in POLICIES)
    yield Text()
    yield key_values(_facts(done))
    if done.sweep is not None:
        yield Text()
        yield from sweep_view(done.sweep, result.words)
    if left_out := missing(result):
        yield Text()
        yield _gaps(result, left_out)
    for note in (*result.notes, *done.remarks):
        yield Text.assemble(("note ", "cyan"), safe_text(note))


def _savings(result: Result) -> Iterator[RenderableType]:
    """In every column, the difference first and the ratio second; then what is missing where none is told."""
    rows = []
    untold: dict[str, str] = {}
    for column in COLUMNS:
        cells: list[object] = [WORDS[column]]
        for policy in ("edge", "hybrid"):
            one = result.difference(policy, column)
            if not all(result.policies[p].feasible for p in (one.policy, one.than)):
                cells += [Text("not feasible", style="yellow"), ""]
                continue
            if one.saving is None:
                cells += ["?", ""]
                lack = lacking(result, policy, column)
                untold |= {f"{WORDS[column]}: {key}": why for key, why in lack.items()}
            else:
                cells += [_signed(one.saving, UNITS[column]), _times(one.ratio)]
        rows.append(cells)
    yield table(["", ">by the edge", ">times", ">by the hybrid", ">times"], rows)
    if untold:
        yield Text()
        yield table(["? for want of", "why nobody has it"], list(untold.items()))


def _signed(one: Outcome, unit: str) -> Text:
    style = "green" if one.low > 0 else "bold red" if one.high < 0 else "yellow"
    return Text(format_interval(one.nominal, one.low, one.high, unit), style=style)


def _times(one: Outcome | None) -> str:
    return "" if one is None else format_interval(one.nominal, one.low, one.high, "1")


def _ledger(result: Result) -> Table:
    """Every line that costs something somewhere, per device-day, in the searched column."""
    column = result.column
    rows: list[tuple[object, ...]] = []
    for entry in entries():
        lines = [result.policies[policy].line(entry.key) for policy in POLICIES]
        cells = [None if line is None else line.cells[column] for line in lines]
        if any(cell is not None and cell.outcome is not None and cell.outcome.nominal for cell in cells):
            rows.append((entry.key, *(_short(cell, column) for cell in cells), _softest(cells)))
    sums = [result.policies[policy].totals[column] for policy in POLICIES]
    marks = [result.policies[policy].mark(column) for policy in POLICIES]
    shown = (
        Text(_marked(mark, _short(one, column)), style="bold") for mark, one in zip(marks, sums, strict=True)
    )
    rows.append(("total", *shown, _softest(sums)))
    return table(["line", *(f">{policy}" for policy in POLICIES), "softest figure"], rows)


def _totals(result: Result) -> Table:
    """The sums of every column, with their intervals."""
    rows = [
        (WORDS[column], *(_whole(result.policies[policy], column) for policy in POLICIES))
        for column in COLUMNS
    ]
    return table(["", *(f">{policy}" for policy in POLICIES)], rows)


def _softest(cells: Iterable[Cell | None]) -> str:
    known = [cell.kind for cell in cells if cell is not None and cell.kind not in NO_FIGURE]
    return max(known, key=KINDS.index, default="")


def _short(cell: Cell | None, column: Column) -> str:
    if cell is None:
        return ""
    return "?" if cell.outcome is None else format_si(cell.outcome.nominal, UNITS[column])


def _whole(policy: PolicyResult, column: Column) -> Text:
    one = policy.totals[column].outcome
    if one is None:
        return Text("?", style="yellow")
    text = format_interval(one.nominal, one.low, one.high, UNITS[column])
    return Text(_marked(policy.mark(column), text), style="bold")


def _marked(mark: str, text: str) -> str:
    return text if text == "?" else f"{mark}{text}"


def _settings(result: Result, policy: Policy) -> str:
    """What ``policy`` chose in words, how soon it decides, and what forbids it."""
    one = result.policies[policy]
    least = "at least " if one.latency_is_lower_bound else ""
    said = f"{settings(one.hand, policy, result.words)}, decides in {least}{format_duration(one.latency_s)}"
    return said if one.feasible else f"{said}: NOT FEASIBLE: {'; '.join(one.obstacles)}"


def _facts(done: Done) -> Iterator[tuple[str, object]]:
    result = done.result
    yield "edge", result.words["edge.source"]
    for policy in POLICIES:
        battery = result.policies[policy].battery
        if battery is not None:
            days = format_interval(battery.days.nominal, battery.days.low, battery.days.high, "1")
            yield f"{policy}'s battery", f"{'at most ' if battery.is_upper_bound else ''}{days} days"
    yield "stance", result.words["stance"]
    provenance = result.provenance
    yield "drawn", f"{provenance.draws:,} times, seed {provenance.seed}"
    if done.files:
        yield "written", ", ".join(str(path) for path in done.files)


def _gaps(result: Result, left_out: tuple[str, ...]) -> Table:
    rows = []
    for key in left_out:
        why: dict[str, str] = {}
        for policy in POLICIES:
            line = result.policies[policy].line(key)
            why |= {} if line is None else line.missing
        rows.append((key, "; ".join(f"{name}: {text}" for name, text in why.items())))
    return table(["without a figure", "what is missing"], rows)
