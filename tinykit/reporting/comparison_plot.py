"""A comparison in pictures (extra ``report``): ledgers, the difference, what moves it, where the edge loses.

Colours are Okabe and Ito's; parts also differ by hatching and by their names, signs by text. Every picture
has its numbers behind it in ``ledger.csv`` or ``sensitivity.csv``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinykit.comparison.accuracy import Curve
from tinykit.comparison.break_even_map import break_even_map
from tinykit.comparison.flow import POLICIES
from tinykit.comparison.ledger import Column
from tinykit.comparison.result import UNITS, Result
from tinykit.errors import MissingExtraError, OutputError
from tinykit.pretty import format_si
from tinykit.reporting.plot_text import plot_text

PARTS: Mapping[str, tuple[str, str]] = {
    "device": ("#0072B2", ""),
    "radio": ("#56B4E9", "////"),
    "supply": ("#999999", "...."),
    "network": ("#009E73", "\\\\\\\\"),
    "cloud": ("#E69F00", ""),
    "training": ("#F0E442", "xxxx"),
    "embodied": ("#CC79A7", "----"),
    "gateway": ("#D55E00", "++++"),
}
_OTHER = ("#666666", "oo")
_NAMES = {"edge": "edge only", "cloud": "cloud only", "hybrid": "hybrid"}
_TITLES = {"energy_j": "Energy", "carbon_g": "Carbon, location-based", "money_usd": "Money"}
MOST_BARS = 12
_LABEL = {"facecolor": "white", "alpha": 0.85, "edgecolor": "none"}


def draw_comparison(
    result: Result, folder: Path, curve: Curve | None = None, suffix: str = ".svg"
) -> tuple[Path, ...]:
    """Every picture of ``result`` into ``folder``; the paths. Raises MissingExtraError, OutputError."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib, which draws,", "report") from error
    drawers: dict[str, tuple[tuple[float, float], Callable[[Any], None]]] = {
        "ledger": ((10.0, 5.2), lambda figure: _ledger(figure, result)),
        "difference": ((10.0, 3.6), lambda figure: _difference(figure, result)),
        "tornado": ((10.0, 4.2), lambda figure: _tornado(figure, result)),
        "break-even": ((8.0, 5.6), lambda figure: _map(figure, result)),
    }
    if curve is not None and curve.cost is not None:
        drawers["accuracy"] = ((8.0, 4.6), lambda figure: _front(figure, curve))
    paths = []
    for name, (size, drawer) in drawers.items():
        figure = Figure(figsize=size, dpi=130, layout="constrained")
        FigureCanvasAgg(figure)
        drawer(figure)
        if result.simulated:
            figure.text(
                0.995, 0.005, "SIMULATED", ha="right", va="bottom", fontsize=9, weight="bold", color="#B00020"
            )
        paths.append(_save(figure, folder / f"{name}{suffix}"))
    return tuple(paths)


def _save(figure: Any, path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}.", hint="name another place."
        ) from error
    return path


def _ledger(figure: Any, result: Result) -> None:
    """Stacked bars a policy, by part of the path, with the total's interval."""
    columns: list[Column] = ["energy_j", "carbon_g"]
    axes = figure.subplots(1, len(columns))
    figure.suptitle("What a device-day costs", fontsize=11, x=0.01, ha="left")
    for axis, column in zip(axes, columns, strict=True):
        left = dict.fromkeys(POLICIES, 0.0)
        for part in dict.fromkeys(
            line.key.split(".")[0] for p in POLICIES for line in result.policies[p].lines
        ):
            widths = [_part(result, policy, part, column) for policy in POLICIES]
            if not any(widths):
                continue
            colour, hatch = PARTS.get(part, _OTHER)
            axis.barh(
                [_NAMES[p] for p in POLICIES], widths, left=list(left.values()), color=colour, hatch=hatch,
                edgecolor="white", linewidth=0.6, label=part, height=0.55,
            )  # fmt: skip
            left = {p: left[p] + w for p, w in zip(POLICIES, widths, strict=True)}
        for row, policy in enumerate(POLICIES):
            _total(axis, row, result, policy, column)
        axis.set_title(_TITLES[column], fontsize=10, loc="left")
        axis.set_xlabel(f"{UNITS[column]} per device-day")
        axis.set_ylim(len(POLICIES) - 0.3, -0.5)
        _plain(axis)
    handles, labels = axes[0].get_legend_handles_labels()
    known = dict(zip(labels, handles, strict=True))
    for handle, label in zip(*axes[1].get_legend_handles_labels(), strict=True):
        known.setdefault(label, handle)
    figure.legend(
        known.values(), known.keys(), loc="outside lower center", ncols=8, fontsize=8, frameon=False
    )


def _part(result: Result, policy: str, part: str, column: Column) -> float:
    cells = [
        line.cells[column].outcome
        for line in result.policies[policy].lines  # type: ignore[index]
        if line.key.split(".")[0] == part
    ]
    return sum(one.nominal for one in cells if one is not None)


def _total(axis: Any, row: int, result: Result, policy: Any, column: Column) -> None:
    cell = result.policies[policy].totals[column]
    if cell.outcome is None:
        axis.text(0, row, "  nobody has a figure", va="center", fontsize=8)
        return
    one = cell.outcome
    reach = [[max(one.nominal - one.low, 0.0)], [max(one.high - one.nominal, 0.0)]]
    axis.errorbar([one.nominal], [row], xerr=reach, color="black", capsize=4, linewidth=1.2)
    lacks = len(result.policies[policy].gaps[column])
    note = f"; {lacks} lines lack a figure" if lacks else ""
    axis.text(0, row + 0.31, f" {format_si(one.nominal, _unit(column))}{note}", va="top", fontsize=8)


def _difference(figure: Any, result: Result) -> None:
    """How the difference and the ratio are distributed over the draws."""
    ledgers = result.comparison.ledgers
    axes = figure.subplots(1, 2)
    cloud, edge = ledgers["cloud"].total(result.column), ledgers["edge"].total(result.column)
    one = result.difference("edge")
    unit = _unit(result.column)
    if one.saving is None:
        text = f"It cannot be told: one side alone has {', '.join(one.uneven)}"
        for axis in axes:
            axis.axis("off")
        figure.suptitle(text, fontsize=11, x=0.01, ha="left")
        return
    low, high = (format_si(value, unit) for value in (one.saving.low, one.saving.high))
    title = f"The edge saves {format_si(one.saving.nominal, unit)} a device-day [{low}, {high}]"
    if one.saving.nominal < 0:
        title = f"The edge LOSES {format_si(-one.saving.nominal, unit)} a device-day [{low}, {high}]"
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    _histogram(
        axes[0],
        np.atleast_1d(cloud - edge),
        0.0,
        f"cloud only less edge only, {UNITS[result.column]} per device-day",
    )
    if one.ratio is not None:
        _histogram(axes[1], np.atleast_1d(cloud / edge), 1.0, "cloud only by edge only")
    else:
        axes[1].text(0.5, 0.5, "no ratio: a side costs nothing", ha="center", transform=axes[1].transAxes)


def _histogram(axis: Any, samples: Any, even: float, label: str) -> None:
    drawn = samples[1:] if samples.size > 1 else samples
    low, high = np.quantile(drawn, (0.001, 0.999))
    axis.set_xlabel(label, fontsize=8)
    axis.set_yticks([])
    _plain(axis)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        axis.axvline(float(samples[0]), color="#0072B2", linewidth=2)
        axis.text(0.5, 0.9, "no uncertain figure moves it", ha="center", fontsize=8, transform=axis.transAxes)
        return
    counts, edges = np.histogram(drawn, bins=80, range=(low, high))
    axis.stairs(counts, edges, fill=True, color="#9ec9e2")
    a, b = np.quantile(drawn, (0.025, 0.975))
    axis.axvspan(a, b, color="#0072B2", alpha=0.12)
    axis.axvline(float(samples[0]), color="#0072B2", linewidth=1.6)
    if low <= even <= high:
        axis.axvline(even, color="#D55E00", linestyle="--", linewidth=1.4)
        axis.text(even, axis.get_ylim()[1], " break-even", color="#D55E00", fontsize=8, va="top")


def _tornado(figure: Any, result: Result) -> None:
    """Each uncertain figure from its own low to its own high, all others nominal."""
    axis = figure.subplots()
    bars = result.comparison.tornado[:MOST_BARS]
    axis.set_title("What moves the difference (choices are swept, not drawn)", fontsize=11, loc="left")
    axis.set_xlabel(f"cloud only less edge only, {UNITS[result.column]} per device-day")
    _plain(axis)
    if not bars:
        axis.text(0.5, 0.5, "no uncertain figure moves it", ha="center", transform=axis.transAxes)
        axis.set_yticks([])
        return
    for row, bar in enumerate(bars):
        for end, colour, hatch in ((bar.at_low, "#56B4E9", ""), (bar.at_high, "#E69F00", "////")):
            axis.barh(
                row,
                end - bar.nominal,
                left=bar.nominal,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                height=0.6,
            )
    ends = [end for bar in bars for end in (bar.at_low, bar.at_high)]
    margin = 0.05 * (max(ends) - min(ends))
    axis.set_xlim(min(ends) - margin, max(ends) + margin)
    nowhere = bars[0].nominal
    axis.barh(0, 0, left=nowhere, color="#56B4E9", label="at its low end")
    axis.barh(0, 0, left=nowhere, color="#E69F00", hatch="////", edgecolor="white", label="at its high end")
    axis.axvline(bars[0].nominal, color="black", linewidth=1)
    axis.set_yticks(range(len(bars)), [plot_text(bar.key) for bar in bars], fontsize=8)
    axis.invert_yaxis()
    axis.legend(fontsize=8, frameon=False, loc="lower right")


def _map(figure: Any, result: Result) -> None:
    """Over the event rate and the share reported: where the edge wins, where it loses."""
    axis = figure.subplots()
    found = break_even_map(result.comparison, result.column)
    logs = np.log10(found.ratio)
    reach = float(np.nanmax(np.abs(logs))) if np.isfinite(logs).any() else 1.0
    mesh = axis.pcolormesh(
        found.events_per_day,
        found.share,
        logs,
        cmap="PuOr_r",
        vmin=-reach,
        vmax=reach,
        shading="nearest",
        rasterized=True,
    )
    axis.set_xscale("log")
    axis.set_yscale("log")
    loses = np.nan_to_num(found.ratio, nan=np.inf) < 1.0
    if loses.any():
        axis.contourf(
            found.events_per_day,
            found.share,
            loses.astype(float),
            levels=[0.5, 1.5],
            colors="none",
            hatches=["////"],
        )
        if not loses.all():
            axis.contour(
                found.events_per_day, found.share, logs, levels=[0.0], colors="black", linewidths=1.4
            )
        rows, columns = np.nonzero(loses)
        middle = len(rows) // 2
        at = (found.events_per_day[columns[middle]], found.share[rows[middle]])
        axis.text(*at, "edge loses here", ha="center", va="center", fontsize=10, weight="bold",
                  bbox=_LABEL)  # fmt: skip
        title = f"The edge loses on {found.edge_loses:.0%} of this map"
    else:
        title = "The edge loses nowhere on this map"
    values = result.parameters
    here = values["service.events_per_day"].nominal, values["service.report_share"].nominal
    if all(here) and here[0] is not None and here[1] is not None:
        axis.plot(here[0], here[1], "o", color="black", markerfacecolor="white", markersize=8)
        axis.annotate(" this scenario", here, fontsize=8, va="bottom", bbox=_LABEL)
    axis.set_title(f"{title} ({_TITLES[result.column].lower()})", fontsize=11, loc="left")
    axis.set_xlabel("decisions a day")
    axis.set_ylabel("share of them reported")
    bar = figure.colorbar(mesh, ax=axis)
    bar.set_label("cloud only by edge only, powers of ten")


def _front(figure: Any, curve: Curve) -> None:
    """Accuracy against cost as the threshold moves, with the points that no other beats."""
    axis = figure.subplots()
    assert curve.cost is not None and curve.front is not None
    known = np.isfinite(curve.cost)
    axis.plot(
        curve.cost[known], curve.accuracy[known], color="#9ec9e2", linewidth=1.2, label="every threshold"
    )
    front = curve.front & known
    axis.plot(
        curve.cost[front], curve.accuracy[front], "o", color="#0072B2", markersize=3.5, label="not beaten"
    )
    axis.axhline(curve.edge_accuracy, color="#009E73", linestyle=":", label="edge alone")
    axis.axhline(curve.cloud_accuracy, color="#E69F00", linestyle="--", label="cloud alone")
    axis.set_xlabel("hybrid, J per device-day")
    axis.set_ylabel(f"accuracy on {curve.samples} paired samples")
    axis.set_title("What sending more up buys", fontsize=11, loc="left")
    axis.legend(fontsize=8, frameon=False)
    _plain(axis)


def _unit(column: Column) -> str:
    return {"energy_j": "J", "water_l": "L", "money_usd": "USD"}.get(column, "g")


def _plain(axis: Any) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8)
