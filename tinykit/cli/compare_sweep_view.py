"""A sweep on a terminal: where the edge loses, and the points, if they are few."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
from rich.console import RenderableType
from rich.text import Text

from tinykit.comparison.flow import POLICIES
from tinykit.comparison.hand_words import settings
from tinykit.comparison.ledger import Column
from tinykit.comparison.result import UNITS
from tinykit.comparison.result_headline import WORDS
from tinykit.comparison.sweep import Case, Sweep
from tinykit.comparison.sweep_table import saving
from tinykit.comparison.sweep_task import Drawn
from tinykit.console import table
from tinykit.pretty import format_interval, format_si

MOST_ROWS = 50


def sweep_view(sweep: Sweep, words: Mapping[str, str]) -> Iterator[RenderableType]:
    """What ``tinykit compare --sweep`` shows under the comparison; its ``words`` hold where none is swept."""
    edge = np.concatenate([saving(sweep, case, "edge") for case in sweep.cases])
    can = np.concatenate([_feasible(case) for case in sweep.cases])
    said = [
        f"Of {sweep.points:,} points the edge LOSES at {np.nansum(edge < 0):,}, and saves at"
        f" {np.nansum(edge > 0):,}"
    ]
    if not can.all():
        said.append(f"at {np.sum(~can):,} a side is not feasible")
    if unknown := np.sum(can & ~np.isfinite(edge)):
        said.append(f"at {unknown:,} it cannot be told")
    yield Text(f"{'; '.join(said)}.", style="bold")
    if sweep.points > MOST_ROWS:
        return
    axes = [f">{axis.name}" for axis in (*sweep.words, *sweep.numbers)]
    heads = [f">{policy}" for policy in POLICIES]
    saved = [f">edge saves {WORDS[column]}" for column in _columns(sweep)]
    rows = (row for case in sweep.cases for row in _rows(sweep, case, words))
    yield table([*axes, *heads, *saved, "edge chose", "cloud chose"], rows)


def _feasible(case: Case) -> npt.NDArray[np.bool_]:
    """Where both sides can play."""
    return case.policies["edge"].feasible & case.policies["cloud"].feasible


def _columns(sweep: Sweep) -> tuple[Column, ...]:
    """What is told of a saving: where a zone moves, carbon and water are the point of it."""
    keys = [key for axis in (*sweep.words, *sweep.numbers) for key in axis.keys]
    if any(key.startswith("grid.") for key in keys):
        return tuple(dict.fromkeys((sweep.column, "carbon_g", "water_l")))
    return (sweep.column,)


def _rows(sweep: Sweep, case: Case, words: Mapping[str, str]) -> Iterator[tuple[object, ...]]:
    swept = zip(sweep.words, case.words, strict=True)
    words = {**words, **{key: word for axis, word in swept for key in axis.keys}}
    unit = UNITS[sweep.column]
    saved = {column: saving(sweep, case, "edge", column) for column in _columns(sweep)}
    drawn, can = case.savings.get("edge"), _feasible(case)
    marks = ["≥ " if case.policies[policy].gaps else "" for policy in POLICIES]
    for k in range(len(saved[sweep.column])):
        totals = [case.policies[policy].totals[sweep.column][k] for policy in POLICIES]
        at = [
            format_si(one[k], axis.unit, digits=4)
            for axis, one in zip(sweep.numbers, sweep.at(), strict=True)
        ]
        chose = {policy: case.policies[policy] for policy in ("edge", "cloud")}
        hands = [settings(one.hands[one.hand[k]], policy, words) for policy, one in chose.items()]
        cells = [
            "?" if np.isnan(one) else f"{mark}{format_si(one, unit)}"
            for mark, one in zip(marks, totals, strict=True)
        ]
        told = [
            _saved(one[k], UNITS[column], drawn[k] if drawn and column == sweep.column else None)
            for column, one in saved.items()
        ]
        if not can[k]:
            told = [Text("not feasible", style="yellow") for _ in told]
        yield (*case.words, *at, *cells, *told, *hands)


def _saved(value: float, unit: str, drawn: Drawn | None) -> Text:
    if np.isnan(value):
        return Text("?", style="yellow")
    text = format_si(value, unit) if drawn is None else format_interval(value, drawn.low, drawn.high, unit)
    return Text(text, style="green" if value > 0 else "bold red")
