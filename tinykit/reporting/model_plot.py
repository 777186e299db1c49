"""A model in pictures (extra ``report``): sizes, the arena as a map, what each layer costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinykit.pretty import format_bytes
from tinykit.reporting.drawing import drawn
from tinykit.reporting.plot_text import plot_text

_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
_HATCHES = ("", "////", "....", "\\\\\\\\", "----", "xxxx", "++++", "oo")
_MOST = 40


@dataclass(frozen=True)
class Place:
    """Where a tensor lies in the arena, and from which operator to which."""

    name: str
    first: int
    last: int
    offset_bytes: int
    size_bytes: int


def bars(title: str, groups: Mapping[str, Sequence[tuple[str, int]]]) -> str:
    """A row a part, in bytes; each group has its colour, its hatching and its place."""

    def draw(axis: Any) -> None:
        row, labels = 0, list[str]()
        for index, (group, parts) in enumerate(groups.items()):
            look = {"color": _COLOURS[index], "hatch": _HATCHES[index], "edgecolor": "white"}
            for name, count in parts:
                label = name if len(groups) == 1 else f"{group}: {name}"
                axis.barh(row, count, height=0.65, **look)
                axis.text(count, row, f" {format_bytes(count)}", va="center", fontsize=8)
                labels.append(plot_text(label))
                row += 1
        axis.set_yticks(range(row), labels, fontsize=8)
        axis.invert_yaxis()
        axis.set_xlabel("bytes", fontsize=8)
        axis.margins(x=0.12)

    rows = sum(map(len, groups.values()))
    return _drawn(title, (8.0, 0.9 + 0.24 * rows), draw)


def lines_of(title: str, values: Sequence[tuple[str, float]], unit: str) -> str:
    """A row a layer, in order; of very many layers the first ones."""
    shown = values[:_MOST]

    def draw(axis: Any) -> None:
        axis.barh(range(len(shown)), [value for _, value in shown], color=_COLOURS[0], height=0.65)
        axis.set_yticks(range(len(shown)), [plot_text(name) for name, _ in shown], fontsize=8)
        axis.invert_yaxis()
        axis.set_xlabel(
            f"{unit}; {len(values) - len(shown)} more are in the table" * (len(values) > _MOST) or unit
        )

    return _drawn(title, (8.0, 1.0 + 0.22 * len(shown)), draw)


def memory_map(places: Sequence[Place]) -> str:
    """Rectangles over operators and addresses."""

    def draw(axis: Any) -> None:
        for index, one in enumerate(places):
            width, middle = one.last - one.first + 1, one.offset_bytes + one.size_bytes / 2
            axis.barh(
                middle, width, left=one.first - 0.5, height=one.size_bytes, edgecolor="white", linewidth=1,
                color=_COLOURS[index % len(_COLOURS)], hatch=_HATCHES[index % len(_HATCHES)],
            )  # fmt: skip
            if len(places) <= _MOST:
                axis.text(
                    one.first - 0.5 + width / 2, middle, plot_text(one.name[-14:]), ha="center", va="center",
                    fontsize=7, bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1},
                )  # fmt: skip
        axis.set_xlabel("operator, in the order in which they run", fontsize=8)
        axis.set_ylabel("address in the arena, bytes", fontsize=8)
        axis.set_ylim(0, max((one.offset_bytes + one.size_bytes for one in places), default=1))

    return _drawn("The arena", (8.0, 4.2), draw)


def _drawn(title: str, size: tuple[float, float], draw: Callable[[Any], None]) -> str:
    def save(folder: Path) -> list[Path]:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=size, dpi=130, layout="constrained")
        FigureCanvasAgg(figure)
        axis = figure.subplots()
        draw(axis)
        axis.set_title(plot_text(title), fontsize=10, loc="left")
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
        path = folder / "one.svg"
        figure.savefig(path, metadata={"Date": None})
        return [path]

    return drawn(save)["one"]
