"""A drawing for a page: smaller and of its own ids, and it looks the same; nothing strange comes along."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.reporting.svg import inline_svg
from tinykit.reporting.svg_path import compact

SPACE = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
grid = st.integers(0, 400).map(lambda n: n / 10)


def inline(body: str) -> str:
    return str(inline_svg(f'<svg {SPACE} viewBox="0 0 9 9">{body}</svg>', "k", "A title"))


def visited(d: str) -> list[tuple[float, float]]:
    """The corners of a path of M, L, H and V."""
    x = y = 0.0
    found = []
    for letter, numbers in re.findall(r"([MLHV])([-\d. e]+)", d):
        values = [float(one) for one in numbers.split()]
        x = values[0] if letter in "MLH" else x
        y = values[-1] if letter in "MLV" else y
        found.append((x, y))
    return found


def covered(corners: list[tuple[float, float]]) -> set[tuple[float, float]]:
    """Every tenth that straight ways between the corners pass."""
    found = set(corners)
    for (x0, y0), (x1, y1) in pairwise(corners):
        steps = round(max(abs(x1 - x0), abs(y1 - y0)) * 10)
        if x0 == x1 or y0 == y1:
            found |= {
                (round(x0 + (x1 - x0) * k / steps, 1), round(y0 + (y1 - y0) * k / steps, 1))
                for k in range(steps + 1)
                if steps
            }
    return found


@settings(deadline=None)
@given(st.lists(st.tuples(grid, grid), min_size=2, max_size=20))
def test_steps_cover_what_they_covered(points: list[tuple[float, float]]) -> None:
    """Of a line that goes in steps, as a trace does."""
    corners = [points[0]]
    for x, y in points[1:]:
        corners += [(x, corners[-1][1]), (x, y)]
    written = compact("M " + "\nL ".join(f"{x:.6f} {y:.6f}" for x, y in corners))
    ends = visited(written)
    assert (ends[0], ends[-1]) == (corners[0], corners[-1])
    assert covered(ends) == covered(corners)


def test_a_long_trace_shrinks_to_a_fraction() -> None:
    steps = [(k / 3, 50 + (k * 37 % 11)) for k in range(2000)]
    d = "M " + " \nL ".join(f"{x:.6f} {y:.6f}" for x, y in steps)
    assert len(compact(d)) < 0.6 * len(d)
    assert compact("M 0 0 C 1 1 2 2 3 3") == "M 0 0 C 1 1 2 2 3 3"
    assert compact("") == ""


def test_style_becomes_attributes_and_ids_become_its_own() -> None:
    page = inline(
        '<defs><clipPath id="c"><rect width="3" height="3"/></clipPath></defs>'
        '<g id="a" style="fill: #ffffff; stroke: #000000; clip-path: url(#c)"><use xlink:href="#a"/></g>'
        '<text style="font: bold 12px sans-serif; text-anchor: middle">W</text>'
    )
    root = ElementTree.fromstring(page)
    group, use, text = root[1], root[1][0], root[2]
    assert (group.get("id"), group.get("clip-path"), use.get("href")) == ("k-a", "url(#k-c)", "#k-a")
    assert (group.get("stroke"), group.get("class")) == ("currentColor", "paper-fill")
    assert (text.get("font-size"), text.get("font-weight"), text.text) == ("12", "bold", "W")
    assert "style" not in page
    assert root.get("aria-label") == "A title"


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        '<g onload="alert(1)"/>',
        "<foreignObject><body/></foreignObject>",
        '<a xlink:href="javascript:alert(1)"><text>x</text></a>',
        '<image xlink:href="https://a.example/x.png"/>',
        '<image xlink:href="data:image/svg+xml;base64,PHN2Zz4="/>',
        '<use xlink:href="https://a.example/x.svg#a"/>',
        '<g style="fill: url(https://a.example/#x)"/>',
        '<style>@import "https://a.example/x.css"</style>',
    ],
)
def test_what_acts_or_loads_is_left_out(body: str) -> None:
    page = inline(body)
    assert not re.search("alert|example|svg.xml|script|import|foreign", page)


def test_what_is_no_drawing_is_refused() -> None:
    with pytest.raises(ValueError, match="no SVG"):
        inline_svg("<svg", "k", "t")
