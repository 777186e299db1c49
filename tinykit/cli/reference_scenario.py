"""Writes docs/reference/scenario.md: every key of a comparison's scenario, and every line of its ledger."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.fields import Assumed, Between, Cited, Field, Found, Gap, Quantity, Word
from tinykit.comparison.lines import entries, fields
from tinykit.comparison.resolve import cited
from tinykit.comparison.scenario import SHORT, Scenario

_TOP = """# scenario.toml

What `tinykit compare` is told: words, and quantities in the unit that stands here. Whatever is not said has
the default below; `tinykit compare -o DIR` writes the file back complete, with every value, influence and
source, and `tinykit compare DIR/scenario.toml` gives the same digits again.

A quantity is written in one of these ways:

```toml
[service]
payload_bytes = 3000                          # in the key's own unit
[network]
byte_j = "0.0065 kWh/GB"                      # with a unit
[radio]
connection_j = "catalog:wifi.esp32.wake_dhcp" # a row of the catalogue
[cloud]
pue = { value = 1.2, low = 1.1, high = 1.5, distribution = "triangular", source = "the operator's report" }
request_j = "gap: we did not ask"             # declared: its line stays in the table, blank
```

`low` and `high` hold 95 % of it: a lognormal's quantiles, a normal's, or the ends of a triangle or
rectangle. A *choice* (an event rate, a share) is swept or listed and never drawn, so it takes no range. On
the command line the last part of a key is enough where it is the only one: `--set pue=1.2`,
`--sweep events_per_day=1:1e6:log:25`.

A default that *follows words* is shown for the words' own defaults: under `grid.device = "KR"` it is Korea's.
[How the comparison works](../explanation/how-the-comparison-works.md) says what the formulas mean.
"""
_LINES = """Per device-day, in the order in which they are computed; losses and cooling multiply the lines
above them. A line's *site* says whose electricity, or whose battery, turns its joules into grams, litres and
money.
"""


def scenario_page(note: str) -> str:
    """The page's text."""
    short = "; ".join(
        f"`{name}` sets {', '.join(f'`{key}`' for key in keys)}" for name, keys in SHORT.items()
    )
    groups: dict[str, list[Field]] = {}
    for field in fields().values():
        groups.setdefault(field.key.partition(".")[0], []).append(field)
    words, catalog = Scenario().words(), Catalog.load()
    parts = [note, _TOP, f"Short names: {short}.\n"]
    for group, some in groups.items():
        rows = (" | ".join(_cells(field, words, catalog)) for field in some)
        parts += [f"## {group}\n", "| key | unit, or words | default | what |", "| --- | --- | --- | --- |"]
        parts += [f"| {row} |" for row in rows]
        parts.append("")
    parts += ["## The ledger's lines\n", _LINES, "| line | site | formula |", "| --- | --- | --- |"]
    parts += [f"| `{one.key}` | {one.site} | {_plain(one.text)} |" for one in entries()]
    return "\n".join(parts) + "\n"


def _cells(field: Field, words: Mapping[str, str], catalog: Catalog) -> Iterator[str]:
    yield f"`{field.key}`"
    if isinstance(field, Word):
        yield ", ".join(field.cases) or "any word"
        yield f"`{field.choose(words)}`" + (" (follows other words)" if callable(field.default) else "")
        yield _plain(field.help)
        return
    bounds = _bounds(field)
    yield f"{field.unit}{', a choice' if field.design else ''}{bounds}"
    follows = " (follows words)" if callable(field.default) else ""
    yield f"{_default(field, words, catalog)}{follows}"
    yield _plain(field.help)


def _bounds(field: Quantity) -> str:
    if math.isinf(field.most):
        return (
            ""
            if field.least == 0.0
            else f", {field.least:g} or more"
            if math.isfinite(field.least)
            else ", any"
        )
    return f", {field.least:g} to {field.most:g}"


def _default(field: Quantity, words: Mapping[str, str], catalog: Catalog) -> str:
    chosen = field.choose(words)
    while isinstance(chosen, Cited) and chosen.otherwise is not None and chosen.key not in catalog:
        chosen = chosen.otherwise
    if isinstance(chosen, Between):
        ends = (catalog.find(key).estimate(field.unit).value for key in (chosen.low, chosen.high))
        return f"{' to '.join(f'{end:.4g}' for end in ends)}: [`{chosen.low}`](catalog.md) and its like"
    if isinstance(chosen, Gap):
        return f"gap: {_plain(chosen.why)}"
    if isinstance(chosen, Cited):
        nominal = cited(field, catalog.find(chosen.key), chosen).nominal
        scale = "" if chosen.scale == 1.0 else f" x {chosen.scale:g}"
        value = "gap" if nominal is None else f"{nominal:.4g}"
        if nominal is not None and chosen.within is not None:
            value += f" ({nominal * chosen.within[0]:.3g} to {nominal * chosen.within[1]:.3g})"
        return f"{value}: {'1 / ' if chosen.inverse else ''}[`{chosen.key}`](catalog.md){scale}"
    if isinstance(chosen, Found):
        return f"{chosen.value:.4g}: {_plain(chosen.source)}"
    assert isinstance(chosen, Assumed)
    spread = (
        f" ({chosen.low:g} to {chosen.high:g})" if chosen.low is not None and chosen.high is not None else ""
    )
    return f"{chosen.value:g}{spread}, assumed" + (f": {_plain(chosen.note)}" if chosen.note else "")


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
