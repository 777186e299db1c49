"""Where the edge loses, in sentences: by column, beyond a break-even, at points of a sweep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from tinykit.comparison.result import UNITS
from tinykit.comparison.result_headline import WORDS
from tinykit.pretty import format_interval
from tinykit.reporting.comparison_words import clause, factor, quantity
from tinykit.reporting.page import Tone
from tinykit.reporting.stored_comparison import StoredComparison

UNTOLD = "cannot be told"
"""The verdict where a side is not feasible, or has no figure for what the other is charged with."""


def verdict_of(data: Mapping[str, Any]) -> tuple[str, Tone]:
    """The edge's verdict in the searched column, in two words."""
    one = difference(data, "edge", data["column"])
    if not feasible(data, "edge") or one["saving"] is None:
        return UNTOLD, "open"
    low, high = (float(end) for end in one["saving"]["interval95"])
    if low > 0:
        return "edge saves", "good"
    return ("edge LOSES", "bad") if high < 0 else ("not sure", "open")


def edge_loses(stored: StoredComparison) -> Iterator[str]:
    """A sentence each; one that says so where nothing was found."""
    found = [*_columns(stored.data), *_break_evens(stored.data), *_swept(stored)]
    yield from found or ["Nowhere in what was searched."]


def _columns(data: Mapping[str, Any]) -> Iterator[str]:
    if not feasible(data, "edge"):
        yield "In no column can it be told: a side is not feasible."
        return
    for column, word in WORDS.items():
        one = difference(data, "edge", column)
        if one["saving"] is None:
            why = str(one.get("why") or "").partition("cannot be told: ")[2] or "nobody has all figures."
            yield f"In {word} it cannot be told: {why}"
            continue
        saving = one["saving"]
        low, high = (float(end) for end in saving["interval95"])
        nominal = float(saving["nominal"])
        lost = format_interval(-nominal, -high, -low, UNITS[column])
        if high < 0:
            yield f"In {word}: it costs {lost} more per device-day."
        elif nominal < 0:
            yield f"In {word}: it costs {lost} more per device-day, not sure at 95 %."
        elif low <= 0:
            saved = format_interval(nominal, low, high, UNITS[column])
            yield f"In {word} it may: it saves {saved} per device-day, not sure at 95 %."


def _break_evens(data: Mapping[str, Any]) -> Iterator[str]:
    """Each figure's ranges in which the edge costs more, beside what the figure is now."""
    for one in data["break_evens"]:
        told = WORDS[one["column"]]
        start = "It" if one["column"] == data["column"] else f"In {told}, it"
        for low, high in losing(one):
            yield f"{start} {_range(one, low, high)}."


def _range(one: Mapping[str, Any], low: float, high: float) -> str:
    """``would lose if one inference cost more than 0.7 J (23,000 times what it is: 31 µJ)``."""
    key, unit, now = str(one["key"]), str(one["unit"]), float(one["now"])
    first, last = float(one["searched"][0]), _most(one)
    if (low, high) == (first, last):
        how = f"anything from {quantity(low, unit)} to {quantity(high, unit)}"
        return f"loses if {clause(key, how, real=True)}"
    if low == first:
        how, away = f"less than {quantity(high, unit)}", factor(high, now, unit)
    elif high == last:
        how, away = f"more than {quantity(low, unit)}", factor(low, now, unit)
    else:
        how, away = (
            f"between {quantity(low, unit)} and {quantity(high, unit)}",
            f"it is {quantity(now, unit)}",
        )
    real = low <= now <= high
    return f"{'loses as long as' if real else 'would lose if'} {clause(key, how, real=real)} ({away})"


def losing(one: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    """The ranges of a break-even in which the edge costs more; a share above 1 is impossible, and none."""
    ends = [float(one["searched"][0]), *map(float, one["points"]), float(one["searched"][1])]
    most = _most(one)
    wins = bool(one["edge_wins_at_low_end"])
    for low, high in pairwise(ends):
        if not wins and low < most:
            yield low, min(high, most)
        wins = not wins


def _most(one: Mapping[str, Any]) -> float:
    """The end of what was searched that can be: a share above 1 cannot."""
    last = float(one["searched"][1])
    return min(last, 1.0) if str(one["key"]).endswith("_share") else last


def _swept(stored: StoredComparison) -> Iterator[str]:
    column = f"edge_saving_{stored.data['column']}"
    can = [row for row in stored.sweep if feasible_at(row)]
    known = [float(value) for row in can if (value := row.get(column))]
    lost, unknown = sum(value < 0 for value in known), len(can) - len(known)
    said = [f"At {lost or 'none'} of the sweep's {len(stored.sweep)} points"]
    if barred := len(stored.sweep) - len(can):
        said.append(f"at {barred} a side is not feasible")
    if unknown:
        said.append(f"at {unknown} it cannot be told")
    if lost or len(said) > 1:
        yield f"{'; '.join(said)}."


def feasible(data: Mapping[str, Any], policy: str) -> bool:
    """Whether both ``policy`` and the cloud-only node may be played: else nothing is saved or lost."""
    return all(bool(data["policies"][one]["feasible"]) for one in (policy, "cloud"))


def feasible_at(row: Mapping[str, str]) -> bool:
    """The same of edge and cloud at a point of a sweep."""
    return "no" not in (row["edge_feasible"], row["cloud_feasible"])


def difference(data: Mapping[str, Any], policy: str, column: Any) -> Mapping[str, Any]:
    """What ``policy`` saves in ``column``, as the document has it. Raises KeyError where it has none."""
    for one in data["differences"]:
        if one["policy"] == policy and one["column"] == column:
            found: Mapping[str, Any] = one
            return found
    raise KeyError(f"differences of {policy} in {column}")
