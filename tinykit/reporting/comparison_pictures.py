"""The pictures of a comparison, each with the table that it was drawn from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tinykit.comparison.accuracy import Curve
from tinykit.comparison.break_even_map import break_even_map
from tinykit.comparison.result import UNITS, Result
from tinykit.comparison.result_headline import WORDS
from tinykit.pretty import format_si
from tinykit.reporting.comparison_moves import influences_of
from tinykit.reporting.comparison_plot import draw_comparison, why_untold
from tinykit.reporting.comparison_words import TORNADO_HEADS, tornado_row
from tinykit.reporting.drawing import drawn
from tinykit.reporting.page import Picture, Table

_TITLES = {
    "ledger": "What a device-day costs, part by part",
    "difference": "The difference and the ratio over all draws",
    "tornado": "Which uncertain figures move the answer",
    "break-even": "Where the edge wins, and where it loses",
    "accuracy": "Accuracy against cost, as more is sent up",
}
_QUANTILES = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
_MAP_POINTS = 9
_MOST_POINTS = 100


def pictures(
    result: Result, key: str, ledger: Table, source: str, curve: Curve | None = None
) -> Iterator[Picture]:
    """Ledger, difference, tornado, break-even map, accuracy; ``source`` is that of what is computed.

    Raises MissingExtraError.
    """
    tables = {"ledger": ledger, "break-even": _map(result)}
    if not why_untold(result):
        tables |= {"difference": _difference(result), "tornado": _tornado(result)}
    if curve is not None:
        tables["accuracy"] = _front(curve, UNITS[result.column])
    for name, svg in drawn(lambda folder: draw_comparison(result, folder, curve)).items():
        if name not in tables:  # nobody can say what is saved: the page's answer says why
            continue
        data = tables[name] if name == "ledger" else replace(tables[name], sources=(source,))
        yield Picture(f"{key}-{name}", _TITLES[name], svg, data, result.simulated)


def _difference(result: Result) -> Table:
    ledgers, unit = result.comparison.ledgers, UNITS[result.column]
    cloud, edge = (np.atleast_1d(ledgers[policy].total(result.column)) for policy in ("cloud", "edge"))
    # Element 0 is nominal, the rest are draws; without an uncertain figure there is nothing else.
    drawn_cloud, drawn_edge = np.broadcast_arrays(cloud, edge)
    rest = slice(1, None) if drawn_cloud.size > 1 else slice(None)
    saving = np.quantile((drawn_cloud - drawn_edge)[rest], _QUANTILES)
    known = result.difference("edge").ratio is not None
    ratio = np.quantile((drawn_cloud / drawn_edge)[rest], _QUANTILES) if known else [None] * len(_QUANTILES)
    rows = tuple(
        (f"{q:.1%}", format_si(float(a), unit, 4), "" if b is None else f"{float(b):.4g}")
        for q, a, b in zip(_QUANTILES, saving, ratio, strict=True)
    )
    heads = (">of the draws below", ">edge saves per device-day", ">cloud ÷ edge")
    return Table("The data of this picture", heads, rows, folded=True)


def _tornado(result: Result) -> Table:
    unit, influences = UNITS[result.column], influences_of(result)
    units = {key: one.spec.unit for key, one in result.parameters.items()}
    rows = tuple(
        tornado_row(bar.key, (bar.low, bar.high), (bar.at_low, bar.at_high), unit, influences, units)
        for bar in result.comparison.tornado
    )
    return Table("The data of this picture", TORNADO_HEADS, rows, folded=True)


def _map(result: Result) -> Table:
    """Cloud by edge on a coarser grid than is drawn."""
    found = break_even_map(result.comparison, result.column, points=_MAP_POINTS)
    heads = (">share reported \\ decisions a day", *(f">{events:.3g}" for events in found.events_per_day))
    told = np.where(
        np.isnan(found.ratio), "cannot be told", [[f"{one:.3g}" for one in row] for row in found.ratio]
    )
    told = np.where(found.feasible, told, "not feasible")
    rows = tuple((f"{share:.3g}", *map(str, row)) for share, row in zip(found.share, told, strict=True))
    note = f"Cloud ÷ edge in {WORDS[result.column]}, nominal figures; below 1 the edge loses."
    return Table("The data of this picture", heads, rows, folded=True, note=note)


def _front(curve: Curve, unit: str) -> Table:
    """The points that no other beats in both."""
    assert curve.cost is not None and curve.front is not None
    points = [k for k in np.flatnonzero(curve.front) if np.isfinite(curve.cost[k])]
    step = -(-len(points) // _MOST_POINTS) or 1
    rows = tuple(
        (f"{curve.share[k]:.1%}", f"{curve.accuracy[k]:.2%}", format_si(float(curve.cost[k]), unit, 4))
        for k in points[::step]
    )
    heads = (">sent up", ">right", ">hybrid per device-day")
    note = f"On {curve.samples:,} paired samples; the edge alone {curve.edge_accuracy:.2%}, the cloud alone"
    note += f" {curve.cloud_accuracy:.2%}. accuracy.csv has every threshold."
    return Table("The data of this picture", heads, rows, folded=True, note=note)
