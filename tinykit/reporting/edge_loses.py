"""Where the edge loses, in sentences: by column, beyond a break-even, at points of a sweep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from tinykit.comparison.result import UNITS
from tinykit.comparison.result_headline import WORDS
from tinykit.pretty import format_interval
from tinykit.reporting.page import Tone
from tinykit.reporting.stored_comparison import StoredComparison


def verdict_of(data: Mapping[str, Any]) -> tuple[str, Tone]:
    """The edge's verdict in the searched column, in two words."""
    one = difference(data, "edge", data["column"])
    if not all(data["policies"][policy]["feasible"] for policy in ("edge", "cloud")):
        return "cannot be told", "open"
    if one["saving"] is None:
        return "cannot be told", "open"
    low, high = (float(end) for end in one["saving"]["interval95"])
    if low > 0:
        return "edge saves", "good"
    return ("edge LOSES", "bad") if high < 0 else ("not sure", "open")


def edge_loses(stored: StoredComparison) -> Iterator[str]:
    """A sentence each; one that says so where nothing was found."""
    found = [*_columns(stored.data), *_break_evens(stored.data), *_swept(stored)]
    yield from found or ["Nowhere in what was searched."]


def _columns(data: Mapping[str, Any]) -> Iterator[str]:
    for column, word in WORDS.items():
        one = difference(data, "edge", column)
        if one["saving"] is None:
            yield f"In {word} it cannot be told: nobody has all figures."
            continue
        saving = one["saving"]
        low, high = (float(end) for end in saving["interval95"])
        if low <= 0:
            lost = format_interval(-float(saving["nominal"]), -high, -low, UNITS[column])
            sure = "" if high < 0 else ", not sure at 95 %"
            yield f"In {word}: it costs {lost} more per device-day{sure}."


def _break_evens(data: Mapping[str, Any]) -> Iterator[str]:
    """Each figure's ranges in which the edge costs more, with the scenario's own value."""
    for one in data["break_evens"]:
        unit = "" if one["unit"] == "1" else f" {one['unit']}"
        now = f"(here {float(one['now']):.3g}{unit})"
        ranges = list(_losing(one))
        column = "" if one["column"] == data["column"] else f"In {WORDS[one['column']]}, "
        if ranges:
            told = " and ".join(f"{low:.3g} to {high:.3g}{unit}" for low, high in ranges)
            yield f"{column}{'with' if column else 'With'} {one['key']} from {told} {now}."


def _losing(one: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    ends = [float(one["searched"][0]), *map(float, one["points"]), float(one["searched"][1])]
    wins = bool(one["edge_wins_at_low_end"])
    for low, high in pairwise(ends):
        if not wins:
            yield low, high
        wins = not wins


def _swept(stored: StoredComparison) -> Iterator[str]:
    column = f"edge_saving_{stored.data['column']}"
    values = [float(value) for row in stored.sweep if (value := row.get(column))]
    lost = sum(value < 0 for value in values)
    if lost:
        yield f"At {lost} of the sweep's {len(values)} points."


def difference(data: Mapping[str, Any], policy: str, column: Any) -> Mapping[str, Any]:
    """What ``policy`` saves in ``column``, as the document has it. Raises KeyError where it has none."""
    for one in data["differences"]:
        if one["policy"] == policy and one["column"] == column:
            found: Mapping[str, Any] = one
            return found
    raise KeyError(f"differences of {policy} in {column}")
