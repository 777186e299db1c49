"""A drawing of matplotlib's made fit for a page: only what is known, ids of its own, no style attributes.

Under a strict Content-Security-Policy a ``style`` attribute does nothing, so that each property becomes the
attribute of its name. Black becomes the text's colour, white the paper's and the stamp's red the page's own,
so that a page may be dark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from markupsafe import Markup, escape

from tinykit.console import safe_text
from tinykit.reporting.svg_path import compact

_TAGS = frozenset(
    {"svg", "g", "defs", "path", "use", "clipPath", "rect", "text", "tspan", "image", "pattern"}
)
_PLACES = frozenset(
    {
        "id", "d", "x", "y", "dx", "dy", "width", "height", "transform", "viewBox", "patternUnits",
        "preserveAspectRatio", "points",
    }
)  # fmt: skip
_LOOKS = frozenset(
    {
        "fill", "fill-opacity", "fill-rule", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray",
        "stroke-dashoffset", "stroke-linejoin", "stroke-linecap", "stroke-miterlimit", "opacity", "clip-path",
        "clip-rule", "font-size", "font-weight", "font-style", "text-anchor",
    }
)  # fmt: skip
_FONT = re.compile(r"(?:(?P<style>italic|oblique) )?(?:(?P<weight>bold|[1-9]00) )?(?P<size>[\d.]+)px\b")
_REFERENCE = re.compile(r"url\(#([\w.:-]+)\)")
_ID = re.compile(r"[\w.:-]+")
_VALUE = re.compile(r"[\w\s.,:;#%()+/=-]*")
_PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]+")
_WHITE, _BLACK, _STAMP = ("#ffffff", "white"), ("#000000", "black"), "#b00020"


def inline_svg(text: str, key: str, title: str) -> Markup:
    """The drawing ``text`` as an element of a page, its ids prefixed with ``key``, read aloud as ``title``.

    Raises ValueError where ``text`` is no XML.
    """
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ValueError(f"the drawing {key} is no SVG: {error}") from error
    body = Markup("").join(_element(child, key) for child in root)
    frame = Markup(
        '<svg viewBox="{}" role="img" aria-label="{}" fill="currentColor" stroke-linejoin="round">'
    )
    return frame.format(_checked(root.get("viewBox", "")), safe_text(title)) + body + Markup("</svg>")


def _element(element: ElementTree.Element, key: str) -> Markup:
    tag = element.tag.rpartition("}")[2]
    if tag not in _TAGS:
        return Markup("")
    attributes = Markup("").join(
        Markup(' {}="{}"').format(name, value) for name, value in _attributes(element, key)
    )
    inner = (
        Markup("") if tag not in ("text", "tspan") else escape(safe_text((element.text or "").strip("\n ")))
    )
    for child in element:
        inner += _element(child, key)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(tag), attributes, inner)


def _attributes(element: ElementTree.Element, key: str) -> Iterator[tuple[str, str]]:
    found: dict[str, str] = {}
    for whole, value in element.items():
        name = whole.rpartition("}")[2]
        if name == "style":
            found.update(_style(value))
        elif name == "href":
            found.update(_href(value, key))
        elif name == "id" and _ID.fullmatch(value):
            found[name] = f"{key}-{value}"
        elif name == "d":
            found[name] = compact(_checked(value))
        elif name in _PLACES | _LOOKS:
            found[name] = _checked(value)
    classes = [f"paper-{name}" for name in ("fill", "stroke") if found.get(name) in _WHITE]
    if found.get("fill") == _STAMP:
        classes.append("stamp-fill")
    if classes:
        yield "class", " ".join(classes)
    for name, value in found.items():
        if name in ("fill", "stroke") and value in _BLACK:
            yield name, "currentColor"
        else:
            yield name, _REFERENCE.sub(rf"url(#{key}-\1)", value) if name != "id" else value


def _style(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(";"):
        name, _, value = (word.strip() for word in part.partition(":"))
        if name == "font" and (font := _FONT.search(value)):
            yield "font-size", font["size"]
            yield from ((f"font-{name}", font[name]) for name in ("weight", "style") if font[name])
        elif name == "font-size":
            yield name, _checked(value.removesuffix("px"))
        elif name in _LOOKS:
            yield name, _checked(value)


def _href(value: str, key: str) -> Iterator[tuple[str, str]]:
    """Only into the drawing itself, or a picture that stands in it."""
    if value.startswith("#") and _ID.fullmatch(value[1:]):
        yield "href", f"#{key}-{value[1:]}"
    elif _PICTURE.fullmatch(value):
        yield "href", value


def _checked(value: str) -> str:
    """``value``, or nothing where it has an odd character or leads out of the drawing."""
    leads_out = "url" in value.lower() and not _REFERENCE.fullmatch(value)
    return value if _VALUE.fullmatch(value) and not leads_out else ""
