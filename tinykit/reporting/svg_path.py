"""Paths of matplotlib's in a tenth of the bytes: rounded, and without points that lie on a straight line.

A trace's outline has thousands of steps, each written with six decimals; a dotted hatch has hundreds of
dots, each of eight curves. Only paths of moves, lines and dots are rewritten; others come back as they are.
"""

from __future__ import annotations

import re
from itertools import pairwise

_TOKENS = re.compile(r"([MLz])|(-?\d+(?:\.\d+)?)")
_PLAIN = re.compile(r"[MLz\d\s.-]*")
_CURVED = re.compile(r"[MCz\d\s.-]*")
_LONG = 200
_DOT = 3.0
Point = tuple[float, float]


def compact(d: str) -> str:
    """The path ``d`` with two decimals, one where it is long: a tenth of a point is thinner than a line."""
    if not _PLAIN.fullmatch(d):
        return _dots(d) or " ".join(d.split())
    strokes, closed = _strokes(d)
    decimals = 1 if sum(map(len, strokes)) > _LONG else 2
    return "".join(
        _written([(round(x, decimals), round(y, decimals)) for x, y in stroke]) + ("z" if shut else "")
        for stroke, shut in zip(strokes, closed, strict=True)
        if stroke
    )


def _dots(d: str) -> str:
    """A hatch of dots as squares of their size; "" where ``d`` is something else."""
    shapes = [shape for shape in d.split("M") if shape.strip()]
    if not _CURVED.fullmatch(d) or len(shapes) < _LONG:
        return ""
    text = ""
    for shape in shapes:
        numbers = [float(number) for _, number in _TOKENS.findall(shape) if number]
        left, top = min(numbers[::2]), min(numbers[1::2])
        wide, high = max(numbers[::2]) - left, max(numbers[1::2]) - top
        if max(wide, high) > _DOT:
            return ""
        text += f"M{left:.1f} {top:.1f}h{wide:.1f}v{high:.1f}h-{wide:.1f}z"
    return text


def _strokes(d: str) -> tuple[list[list[Point]], list[bool]]:
    strokes: list[list[Point]] = []
    closed: list[bool] = []
    waiting: list[float] = []
    for letter, number in _TOKENS.findall(d):
        if letter == "M":
            strokes.append([])
            closed.append(False)
        elif letter == "z" and closed:
            closed[-1] = True
        elif number:
            waiting.append(float(number))
            if len(waiting) == 2 and strokes:
                strokes[-1].append((waiting[0], waiting[1]))
                waiting = []
    return strokes, closed


def _written(points: list[Point]) -> str:
    kept = points[:1]
    for point, following in pairwise([*points[1:], points[-1]]):
        if not (_between(kept[-1], point, following, 0) or _between(kept[-1], point, following, 1)):
            kept.append(point)
    if len(points) > 1 and kept[-1] != points[-1]:
        kept.append(points[-1])
    text = f"M{kept[0][0]:g} {kept[0][1]:g}"
    for (x0, y0), (x, y) in pairwise(kept):
        text += f"H{x:g}" if y == y0 else f"V{y:g}" if x == x0 else f"L{x:g} {y:g}"
    return text


def _between(a: Point, b: Point, c: Point, axis: int) -> bool:
    """Whether ``b`` stands on the horizontal (axis 0) or vertical way from ``a`` to ``c``."""
    other = 1 - axis
    return a[other] == b[other] == c[other] and min(a[axis], c[axis]) <= b[axis] <= max(a[axis], c[axis])
