"""A model in pictures (extra ``report``): sizes, the arena as a map, what each layer costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinykit.pretty import format_bytes
from tinykit.reporting.drawing import drawn
from tinykit.reporting.plot_text import BODY, COLUMN, SMALL, TITLE, plain, plot_text

_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
_HATCHES = ("", "////", "....", "\\\\\\\\", "----", "xxxx", "++++", "oo")
_MOST = 40
_NAME = 14
_MAP_IN, _LETTER_IN = (3.8, 3.3), (0.068, 0.13)
"""Width and height of the arena's map, and of a letter on it, in inches."""


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
                axis.text(count, row, f" {format_bytes(count)}", va="center", fontsize=BODY)
                labels.append(plot_text(label))
                row += 1
        axis.set_yticks(range(row), labels, fontsize=BODY)
        axis.invert_yaxis()
        axis.set_xticks([])
        axis.margins(x=0.25)

    rows = sum(map(len, groups.values()))
    return _drawn(title, (COLUMN, 0.9 + 0.3 * rows), draw)


def lines_of(title: str, values: Sequence[tuple[str, float]], unit: str) -> str:
    """A row a layer, in order; of very many layers the first ones."""
    shown = values[:_MOST]

    def draw(axis: Any) -> None:
        from matplotlib.ticker import MaxNLocator

        axis.barh(range(len(shown)), [value for _, value in shown], color=_COLOURS[0], height=0.65)
        axis.set_yticks(range(len(shown)), [plot_text(name, 28) for name, _ in shown], fontsize=BODY)
        axis.set_ylim(len(shown) - 0.4, -0.6)
        axis.xaxis.set_major_locator(MaxNLocator(4))
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
        more = f"; {len(values) - len(shown)} more are in the table" if len(values) > _MOST else ""
        axis.set_xlabel(f"{unit}{more}", fontsize=BODY)

    return _drawn(title, (COLUMN, 1.0 + 0.24 * len(shown)), draw)


def memory_map(places: Sequence[Place]) -> str:
    """Rectangles over operators and addresses, named where the name has room."""
    operators = max((one.last + 1 for one in places), default=1)
    top = max((one.offset_bytes + one.size_bytes for one in places), default=1)

    def draw(axis: Any) -> None:
        for index, one in enumerate(places):
            width, middle = one.last - one.first + 1, one.offset_bytes + one.size_bytes / 2
            axis.barh(
                middle, width, left=one.first - 0.5, height=one.size_bytes, edgecolor="white", linewidth=1,
                color=_COLOURS[index % len(_COLOURS)], hatch=_HATCHES[index % len(_HATCHES)],
            )  # fmt: skip
            name = plot_text(one.name[-_NAME:])
            wide, high = width / operators * _MAP_IN[0], one.size_bytes / top * _MAP_IN[1]
            if wide > _LETTER_IN[0] * len(name) and high > _LETTER_IN[1]:
                axis.text(
                    one.first - 0.5 + width / 2, middle, name, ha="center", va="center",
                    fontsize=SMALL, bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1},
                )  # fmt: skip
        axis.set_xlabel("operator, in the order in which they run", fontsize=BODY)
        axis.set_ylabel("address in the arena", fontsize=BODY)
        axis.yaxis.set_major_formatter(lambda value, _: format_bytes(value))
        axis.set_xlim(-0.5, operators - 0.5)
        axis.set_ylim(0, top)

    return _drawn("The arena", (COLUMN, 4.2), draw)


def _drawn(title: str, size: tuple[float, float], draw: Callable[[Any], None]) -> str:
    def save(folder: Path) -> list[Path]:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=size, dpi=160, layout="constrained")
        FigureCanvasAgg(figure)
        axis = figure.subplots()
        draw(axis)
        axis.set_title(plot_text(title), fontsize=TITLE, loc="left")
        plain(axis)
        path = folder / "one.svg"
        figure.savefig(path, metadata={"Date": None})
        return [path]

    return drawn(save)["one"]
