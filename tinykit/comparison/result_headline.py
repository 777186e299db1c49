"""The answer in a sentence: who wins by how much, how sure, and on what kind of figures."""

from __future__ import annotations

from collections.abc import Iterator

from tinykit.comparison.compare import Difference, Outcome
from tinykit.comparison.fields import Quantity
from tinykit.comparison.flow import Policy
from tinykit.comparison.ledger import Column
from tinykit.comparison.lines import fields
from tinykit.comparison.lines.run import SIMULATED
from tinykit.comparison.result import UNITS, Result
from tinykit.comparison.result_notes import strangers, tasks
from tinykit.estimate.record import KINDS
from tinykit.pretty import format_interval

WORDS: dict[Column, str] = {
    "energy_j": "energy",
    "carbon_g": "carbon",
    "carbon_market_g": "carbon, market-based",
    "water_l": "water",
    "money_usd": "money",
}
PARTS = (
    ("inference", "edge", "device.inference"),
    ("radio", "cloud", "radio."),
    ("network", "cloud", "network."),
    ("data centre", "cloud", ("cloud.", "gateway.inference", "gateway.idle")),
)
"""Name, whose ledger, and which lines: the kinds that a headline states."""


def headline(result: Result) -> str:
    """The first line: edge against cloud in the searched column, with interval and kinds."""
    return f"{answer(result, 'edge')} {basis(result)}"


def answer(result: Result, policy: Policy, column: Column | None = None) -> str:
    """What ``policy`` saves or loses against the cloud-only node, in a sentence."""
    column = column or result.column
    name = policy.capitalize()
    refused = [p for p in (policy, "cloud") if not result.policies[p].feasible]
    if refused:
        why = "; ".join(f"{p}: {', '.join(result.policies[p].obstacles)}" for p in refused)
        return f"{name} against cloud cannot be told: not feasible is {why}."
    one = result.difference(policy, column)
    if one.unpriced:
        what = ", ".join(lacking(result, policy, column) or one.unpriced)
        return f"{name} against cloud in {WORDS[column]} cannot be told: nobody has a figure of {what}."
    if any(result.policies[p].totals[column].outcome is None for p in (policy, "cloud")):
        return f"{name} against cloud in {WORDS[column]}: nobody has the figures."
    if one.saving is None:
        why = f"one side alone has {', '.join(one.uneven)}"
        return f"{name} against cloud in {WORDS[column]} cannot be told: {why}."
    return _told(name, one, one.saving)


def lacking(result: Result, policy: Policy, column: Column) -> dict[str, str]:
    """The scenario's quantities for want of which ``policy`` against cloud cannot be told in ``column``, and
    why nobody has them: none where it is told, or where joules are missing."""
    unit = "g" if column.startswith("carbon") else UNITS[column]
    lines = result.difference(policy, column).unpriced
    found: dict[str, str] = {}
    for side in (result.policies[policy], result.policies["cloud"]):
        for line in side.lines:
            if line.key in lines and line.cells[column].outcome is None:
                found |= {key: why for key, why in line.missing.items() if _unit(key) == unit}
    return found


def _unit(key: str) -> str:
    spec = fields().get(key)
    return spec.unit.partition("/")[0] if isinstance(spec, Quantity) else ""


def _told(name: str, one: Difference, saving: Outcome) -> str:
    unit = UNITS[one.column]
    if saving.low == saving.high == 0.0:
        return f"{name} and cloud cost the same."
    if saving.low > 0 or saving.high < 0:
        more = _times(one.ratio)
    else:
        assert one.wins is not None  # there is a saving
        more = f": not sure at 95 %, it costs less in {one.wins:.0%} of the draws"
    if saving.nominal > 0:
        amount = format_interval(saving.nominal, saving.low, saving.high, unit)
        return f"{name} saves {amount} (95 %) per device-day against cloud{more}."
    amount = format_interval(-saving.nominal, -saving.high, -saving.low, unit)
    return f"{name} LOSES: it costs {amount} (95 %) per device-day more than cloud{more}."


def _times(ratio: Outcome | None) -> str:
    if ratio is None:
        return ""
    return f"; cloud costs {format_interval(ratio.nominal, ratio.low, ratio.high, '1')} times as much"


def basis(result: Result) -> str:
    """On what kind of figures, and what is left out."""
    parts = [f"{name} {kind}" for name, kind in kinds(result)]
    for part, side in enumerate(("edge", "device", None, "cloud")):
        if side is not None and result.words[f"{side}.stamp"] == SIMULATED:
            parts[part] += f", {SIMULATED}"
    if result.accepted:
        parts.append(f"accepted in spite of the verdict: {', '.join(result.accepted)}")
    if found := strangers(result.words, result.parameters):
        parts.append(f"figures of other devices: {', '.join(found)}")
    edge, cloud = tasks(result.words)
    if result.words["service.tasks"] == "different" and edge != cloud:
        parts.append(f"different tasks: {edge} and {cloud}")
    left_out = missing(result)
    if left_out:
        parts.append(f"{len(left_out)} lines without a figure")
    return f"({'; '.join(parts)})"


def missing(result: Result) -> tuple[str, ...]:
    """Lines of edge or cloud without a figure in the searched column."""
    gaps = (result.policies[policy].gaps[result.column] for policy in ("edge", "cloud"))
    return tuple(dict.fromkeys(key for some in gaps for key in some))


def kinds(result: Result) -> Iterator[tuple[str, str]]:
    """The softest kind of each part of the path, of the lines that cost something there."""
    for name, policy, prefix in PARTS:
        cells = [
            line.cells[result.column]
            for line in result.policies[policy].lines  # type: ignore[index]
            if line.key.startswith(prefix)
        ]
        counted = [one.kind for one in cells if one.outcome is not None and one.outcome.nominal]
        known = [one for one in counted if one != "missing"]
        yield name, max(known, key=KINDS.index, default="missing")
