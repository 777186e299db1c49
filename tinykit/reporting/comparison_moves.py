"""What would change a comparison's answer, in pictures: uncertain figures, rate and share, sending up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinykit.comparison.accuracy import Curve
from tinykit.comparison.break_even_map import BreakEvenMap, break_even_map
from tinykit.comparison.result import UNITS, Result
from tinykit.comparison.result_headline import WORDS
from tinykit.comparison.tornado import Bar
from tinykit.reporting.comparison_words import bar_label, quantity
from tinykit.reporting.plot_text import BODY, SMALL, TITLE, plain, plot_text, wrapped

MOST_BARS = 12
_LEAST_SWING = 5e-3
"""Of the longest bar's: a shorter one cannot be seen."""
_LOW, _HIGH = ("#56B4E9", ""), ("#E69F00", "////")
_LABEL = {"facecolor": "white", "alpha": 0.85, "edgecolor": "none"}


def influences_of(result: Result) -> Mapping[str, tuple[str, ...]]:
    """Each key's influences by name."""
    return {
        key: () if one.estimate is None else tuple(one.estimate.influences)
        for key, one in result.parameters.items()
    }


def _bars(result: Result) -> tuple[Bar, ...]:
    bars = result.comparison.tornado
    return tuple(bar for bar in bars[:MOST_BARS] if bar.swing > _LEAST_SWING * bars[0].swing)


def tornado_height(result: Result) -> float:
    """Of the tornado, in inches."""
    return 1.6 + 0.75 * max(1, len(_bars(result)))


def draw_tornado(figure: Any, result: Result) -> None:
    """Each uncertain figure from its own low to its own high, all others nominal.

    Its words stand above the bar, its key and range below, so that both can be long.
    """
    axis = figure.subplots()
    bars, left_out = _bars(result), len(result.comparison.tornado) - len(_bars(result))
    unit = UNITS[result.column]
    axis.set_xlabel(f"what the edge saves per device-day, {unit}; below 0 it loses", fontsize=BODY)
    axis.set_yticks([])
    plain(axis)
    axis.spines["left"].set_visible(False)
    if not bars:
        axis.text(
            0.5, 0.5, "no uncertain figure moves it", ha="center", transform=axis.transAxes, fontsize=BODY
        )
        return
    axis.set_title(wrapped(_turned(bars)), fontsize=TITLE, loc="left")
    influences = influences_of(result)
    for row, bar in enumerate(bars):
        for end, (colour, hatch) in ((bar.at_low, _LOW), (bar.at_high, _HIGH)):
            look = {"color": colour, "hatch": hatch, "edgecolor": "white"}
            axis.barh(row, end - bar.nominal, left=bar.nominal, height=0.36, **look)
        words, keys = bar_label(bar.key, influences)
        small = plot_text(_small(bar, keys, result), 120)
        over: dict[str, Any] = {"transform": axis.get_yaxis_transform(), "bbox": {**_LABEL, "pad": 0.5}}
        axis.text(0, row - 0.24, plot_text(words, 90), fontsize=BODY, va="bottom", **over)
        axis.text(0, row + 0.22, small, fontsize=SMALL, va="top", **over)
    ends = [end for bar in bars for end in (bar.at_low, bar.at_high)]
    margin = 0.05 * (max(ends) - min(ends))
    axis.set_xlim(min(ends) - margin, max(ends) + margin)
    axis.set_ylim(len(bars) - 0.3, -0.75)
    for row, bar in enumerate(bars):
        axis.plot([bar.nominal] * 2, [row - 0.19, row + 0.19], color="black", linewidth=1)
    if min(ends) - margin < 0.0 < max(ends) + margin:
        axis.axvline(0.0, color="#D55E00", linestyle="--", linewidth=1.4, label="break-even")
    nowhere = bars[0].nominal
    axis.barh(0, 0, left=nowhere, color=_LOW[0], label="at its low end")
    axis.barh(0, 0, left=nowhere, color=_HIGH[0], hatch=_HIGH[1], edgecolor="white", label="at its high end")
    others = f"{left_out} more figure{'s move' if left_out > 1 else ' moves'} it less"
    more = f"{others}; choices are swept, not drawn" if left_out else None
    figure.legend(
        loc="outside lower left", ncols=3, fontsize=SMALL, frameon=False, title=more, title_fontsize=SMALL
    )


def _turned(bars: tuple[Bar, ...]) -> str:
    turned = sum(min(bar.at_low, bar.at_high) < 0.0 < max(bar.at_low, bar.at_high) for bar in bars)
    who = "edge" if bars[0].nominal >= 0.0 else "cloud"
    if not turned:
        return f"No uncertain figure alone makes the {who} lose"
    return (
        f"Each of {turned} figures alone could make the {who} lose"
        if turned > 1
        else (f"One uncertain figure alone could make the {who} lose")
    )


def _small(bar: Bar, keys: tuple[str, ...], result: Result) -> str:
    """The small print: the first key, and the range that it has."""
    one = result.parameters.get(keys[0])
    if one is None:
        return bar.key
    return f"{keys[0]}: {quantity(bar.low, one.spec.unit)} to {quantity(bar.high, one.spec.unit)}"


def draw_map(figure: Any, result: Result) -> None:
    """Over the event rate and the share reported: where the edge wins, where it loses."""
    axis = figure.subplots()
    found = break_even_map(result.comparison, result.column)
    logs = np.log10(found.ratio)
    reach = max(float(np.nanmax(np.abs(logs))) if np.isfinite(logs).any() else 1.0, 0.1)
    axis.set_facecolor("#dddddd")
    mesh = axis.pcolormesh(
        found.events_per_day, found.share, logs, cmap="PuOr_r", vmin=-reach, vmax=reach, shading="nearest",
        rasterized=True,
    )  # fmt: skip
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axis.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
    _regions(axis, found, logs)
    values = result.parameters
    here = values["service.events_per_day"].nominal, values["service.report_share"].nominal
    if all(here) and here[0] is not None and here[1] is not None:
        axis.plot(here[0], here[1], "o", color="black", markerfacecolor="white", markersize=8)
        axis.annotate(
            "this scenario", here, xytext=(9, 0), textcoords="offset points", fontsize=BODY, va="center",
            bbox=_LABEL,
        )  # fmt: skip
    axis.set_title(wrapped(_map_title(found), 44), fontsize=TITLE, loc="left")
    axis.set_xlabel("decisions a day", fontsize=BODY)
    axis.set_ylabel("share of decisions that is reported", fontsize=BODY)
    axis.tick_params(labelsize=BODY)
    bar = figure.colorbar(mesh, ax=axis, location="bottom", aspect=40)
    bar.set_ticks(_powers(reach))
    bar.ax.xaxis.set_major_formatter(lambda value, _: _times(value))
    bar.minorticks_off()
    bar.ax.tick_params(labelsize=SMALL)
    bar.set_label(f"{WORDS[result.column]}: how many times the edge's cost the cloud costs", fontsize=BODY)


def _map_title(found: BreakEvenMap) -> str:
    if not found.feasible.any():
        return "Nowhere on this map are both sides feasible"
    if not np.isfinite(found.ratio).any():
        return "Nowhere on this map can it be told"
    if not (found.ratio[np.isfinite(found.ratio)] < 1.0).any():
        return "The edge loses nowhere on this map"
    of = "this map" if np.isfinite(found.ratio).all() else "what is coloured"
    return f"The edge loses on {found.edge_loses:.0%} of {of}"


def _powers(reach: float) -> list[float]:
    """Where the scale is marked, in powers of ten: round numbers, five or so on each side."""
    steps = (1.0,) if reach >= 1.0 else (1.0, 2.0, 5.0) if reach >= 0.3 else (1.0, 1.2, 1.5)
    last = math.ceil(reach)
    step = 1 + last // 6
    marks = [k + math.log10(one) for k in range(0, last + 1, step) for one in steps]
    known = [mark for mark in marks if mark <= reach]
    return sorted({*known, *(-mark for mark in known)})


def _times(power: float) -> str:
    times = 10.0**power
    return f"{times:,.3g}" if times >= 0.995 else f"1/{1.0 / times:,.3g}"


def _regions(axis: Any, found: BreakEvenMap, logs: Any) -> None:
    """Hatching and words where the edge loses; words where a side cannot play, or it cannot be told."""
    x, y = found.events_per_day, found.share
    loses = np.nan_to_num(found.ratio, nan=np.inf) < 1.0
    if loses.any():
        axis.contourf(x, y, loses.astype(float), levels=[0.5, 1.5], colors="none", hatches=["////"])
        if not loses.all():
            axis.contour(x, y, logs, levels=[0.0], colors="black", linewidths=1.4)
    regions = {
        "edge loses here": loses,
        "not feasible": ~found.feasible,
        "cannot be told": found.feasible & np.isnan(found.ratio),
    }
    for words, region in regions.items():
        if region.any():
            # In the middle of the columns that it fills most, where the words cover least of its edge.
            full = region.sum(axis=0)
            widest = np.flatnonzero(full == full.max())
            column = int(widest[len(widest) // 2])
            inside = np.flatnonzero(region[:, column])
            axis.text(
                x[column], y[inside[3 * len(inside) // 4]], words, ha="center", va="center", fontsize=BODY,
                weight="bold", bbox=_LABEL,
            )  # fmt: skip


def draw_front(figure: Any, curve: Curve) -> None:
    """Accuracy against cost as the threshold moves, with the points that no other beats."""
    axis = figure.subplots()
    assert curve.cost is not None and curve.front is not None
    known = np.isfinite(curve.cost)
    axis.plot(
        curve.cost[known], curve.accuracy[known], color="#9ec9e2", linewidth=1.2, label="every threshold"
    )
    front = curve.front & known
    axis.plot(
        curve.cost[front], curve.accuracy[front], "o", color="#0072B2", markersize=3.5, label="beaten by none"
    )
    axis.axhline(curve.edge_accuracy, color="#009E73", linestyle=":", label="edge alone")
    axis.axhline(curve.cloud_accuracy, color="#E69F00", linestyle="--", label="cloud alone")
    axis.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")
    axis.set_xlabel("what the hybrid costs, J per device-day", fontsize=BODY)
    axis.set_ylabel(f"right, of {curve.samples:,} samples", fontsize=BODY)
    axis.set_title("What sending more up buys", fontsize=TITLE, loc="left")
    plain(axis)
    figure.legend(loc="outside lower center", ncols=2, fontsize=SMALL, frameon=False)
