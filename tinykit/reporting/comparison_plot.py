"""A comparison in pictures (extra ``report``): ledgers, the difference, what moves it, where the edge loses.

Colours are Okabe and Ito's; parts also differ by hatching and by their names, signs by text. Every picture
has its numbers behind it in ``ledger.csv`` or ``sensitivity.csv``. All are one column wide, so that their
texts can still be read on a telephone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinykit.comparison.accuracy import Curve
from tinykit.comparison.flow import POLICIES, Policy
from tinykit.comparison.ledger import Column
from tinykit.comparison.result import UNITS, Result
from tinykit.comparison.result_headline import answer
from tinykit.errors import MissingExtraError, OutputError
from tinykit.pretty import format_interval, format_si
from tinykit.reporting.comparison_moves import draw_front, draw_map, draw_tornado, tornado_height
from tinykit.reporting.plot_text import BODY, COLUMN, SMALL, TITLE, plain, plot_text, wrapped

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
_STAMP = 0.25
"""Height of the stamp, in inches."""
_LONGEST_WHY = 900
_OTHER = ("#666666", "oo")
_NAMES: Mapping[Policy, str] = {"edge": "edge only", "cloud": "cloud only", "hybrid": "hybrid"}
_TITLES = {"energy_j": "Energy", "carbon_g": "Carbon, location-based", "money_usd": "Money"}


def draw_comparison(
    result: Result, folder: Path, curve: Curve | None = None, suffix: str = ".svg"
) -> tuple[Path, ...]:
    """Every picture of ``result`` into ``folder``; the paths. Raises MissingExtraError, OutputError."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as error:
        raise MissingExtraError("matplotlib, which draws,", "report") from error
    drawers: dict[str, tuple[tuple[float, float], Callable[[Any], None]]] = {
        "ledger": ((COLUMN, 6.4), lambda figure: _ledger(figure, result)),
        "difference": ((COLUMN, 5.0), lambda figure: _difference(figure, result)),
        "tornado": ((COLUMN, tornado_height(result)), lambda figure: draw_tornado(figure, result)),
        "break-even": ((COLUMN, 5.4), lambda figure: draw_map(figure, result)),
    }
    if untold := why_untold(result):
        said = wrapped(plot_text(untold, _LONGEST_WHY), 56)
        size = COLUMN, 0.6 + 0.18 * (said.count("\n") + 1)
        for name in ("difference", "tornado"):
            drawers[name] = size, lambda figure: _untold(figure, said)
    if curve is not None and curve.cost is not None:
        drawers["accuracy"] = ((COLUMN, 4.4), lambda figure: draw_front(figure, curve))
    paths = []
    for name, (size, drawer) in drawers.items():
        wide, high = size
        low = _STAMP / high if result.simulated else 0.0
        layout = ConstrainedLayoutEngine(rect=(0.0, low, 1.0, 1.0 - low))
        figure = Figure(figsize=(wide, high), dpi=160, layout=layout)
        FigureCanvasAgg(figure)
        drawer(figure)
        if result.simulated:
            figure.text(
                0.995,
                0.005,
                "SIMULATED",
                ha="right",
                va="bottom",
                fontsize=SMALL,
                weight="bold",
                color="#B00020",
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
    """Stacked bars a policy, by part of the path, with the total's interval: what was searched for first."""
    columns: list[Column] = [result.column, "carbon_g" if result.column == "energy_j" else "energy_j"]
    axes = figure.subplots(len(columns), 1)
    figure.suptitle("What a device-day costs", fontsize=TITLE, x=0.01, ha="left")
    names = [
        _NAMES[policy] if result.policies[policy].feasible else f"{_NAMES[policy]}\n(not feasible)"
        for policy in POLICIES
    ]
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
                names, widths, left=list(left.values()), color=colour, hatch=hatch,
                edgecolor="white", linewidth=0.6, label=part, height=0.55,
            )  # fmt: skip
            left = {p: left[p] + w for p, w in zip(POLICIES, widths, strict=True)}
        for row, policy in enumerate(POLICIES):
            _total(axis, row, result, policy, column)
        axis.set_title(f"{_TITLES[column]}, {UNITS[column]} per device-day", fontsize=BODY, loc="left")
        axis.set_ylim(len(POLICIES) - 0.3, -0.5)
        plain(axis)
    known: dict[Any, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            known.setdefault(label, handle)
    figure.legend(
        known.values(), known.keys(), loc="outside lower center", ncols=3, fontsize=BODY, frameon=False
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
        axis.text(0, row, "  nobody has a figure", va="center", fontsize=BODY)
        return
    one = cell.outcome
    reach = [[max(one.nominal - one.low, 0.0)], [max(one.high - one.nominal, 0.0)]]
    axis.errorbar([one.nominal], [row], xerr=reach, color="black", capsize=4, linewidth=1.2)
    lacks = len(result.policies[policy].gaps[column])
    mark = result.policies[policy].mark(column).replace("≥", "at least")
    note = f" ({lacks} lines have no figure)" if lacks else ""
    axis.text(
        0, row + 0.31, f" {mark}{format_si(one.nominal, _unit(column))}{note}", va="top", fontsize=SMALL
    )


def why_untold(result: Result) -> str:
    """Why nobody can say what the edge saves, in a sentence; nothing where it can be said."""
    can = all(result.policies[policy].feasible for policy in ("edge", "cloud"))
    return "" if can and result.difference("edge").saving is not None else answer(result, "edge")


def _untold(figure: Any, text: str) -> None:
    """In place of what would be drawn of a saving."""
    figure.suptitle("It cannot be told what the edge saves", fontsize=TITLE, x=0.01, ha="left")
    figure.text(0.01, 1.0 - 0.35 / figure.get_figheight(), text, fontsize=BODY, va="top")


def _difference(figure: Any, result: Result) -> None:
    """How the difference and the ratio are distributed over the draws."""
    ledgers = result.comparison.ledgers
    axes = figure.subplots(2, 1)
    cloud, edge = ledgers["cloud"].total(result.column), ledgers["edge"].total(result.column)
    one = result.difference("edge")
    assert one.saving is not None  # else _untold is drawn
    nominal, low, high = one.saving.nominal, one.saving.low, one.saving.high
    does = "saves" if nominal >= 0 else "LOSES"
    if nominal < 0:
        nominal, low, high = -nominal, -high, -low
    told = format_interval(nominal, low, high, UNITS[result.column])
    figure.suptitle(wrapped(f"The edge {does} {told} a device-day"), fontsize=TITLE, x=0.01, ha="left")
    _histogram(
        axes[0],
        np.atleast_1d(cloud - edge),
        0.0,
        f"what the edge saves per device-day, {UNITS[result.column]}",
    )
    if one.ratio is not None:
        _histogram(
            axes[1], np.atleast_1d(cloud / edge), 1.0, "how many times the edge's cost the cloud costs"
        )
    else:
        axes[1].text(0.5, 0.5, "no ratio can be told", ha="center", transform=axes[1].transAxes)


def _histogram(axis: Any, samples: Any, even: float, label: str) -> None:
    drawn = samples[1:] if samples.size > 1 else samples
    low, high = np.quantile(drawn, (0.001, 0.999))
    axis.set_xlabel(label, fontsize=BODY)
    axis.set_yticks([])
    plain(axis)
    axis.spines["left"].set_visible(False)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        axis.axvline(float(samples[0]), color="#0072B2", linewidth=2)
        axis.text(
            0.5, 0.9, "no uncertain figure moves it", ha="center", fontsize=BODY, transform=axis.transAxes
        )
        return
    counts, edges = np.histogram(drawn, bins=80, range=(low, high))
    axis.stairs(counts, edges, fill=True, color="#9ec9e2")
    a, b = np.quantile(drawn, (0.025, 0.975))
    axis.axvspan(a, b, color="#0072B2", alpha=0.18, label="95 % of the draws")
    axis.axvline(float(samples[0]), color="#0072B2", linewidth=1.6, label="every figure as quoted")
    axis.legend(fontsize=SMALL, frameon=False, loc="upper right")
    if low <= even <= high:
        axis.axvline(even, color="#D55E00", linestyle="--", linewidth=1.4)
        axis.text(even, axis.get_ylim()[1], " break-even", color="#D55E00", fontsize=SMALL, va="top")


def _unit(column: Column) -> str:
    return {"energy_j": "J", "water_l": "L", "money_usd": "USD"}.get(column, "g")
