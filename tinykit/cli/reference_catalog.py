"""The generated page of the catalogue, from its rows."""

from __future__ import annotations

from collections.abc import Iterator

from tinykit.comparison.catalog import Catalog, Row
from tinykit.comparison.catalog_check import CITED_SINGLY, HANDFUL
from tinykit.comparison.catalog_reader import COLUMNS, NEEDED
from tinykit.comparison.published import MONITOR_95, find_published, published_references
from tinykit.pretty import format_si

MARKS = (
    ("verified", "read at its source, or in a text that quotes it (the note says so)"),
    ("derived", "computed here from raw data or from verified figures"),
    ("second-hand", "seen only in an excerpt or on a third party's page"),
    ("recalled", "not read again: check it before you publish it"),
    (
        "gap",
        "nobody has a figure that can be cited; a line that needs it stays in the table, without a number",
    ),
    ("user", "a row of your own file"),
)
ABOUT = {
    "accelerator": "Power of cards and chips.",
    "embodied": "Making the hardware, per device, card or server, for its whole life.",
    "grid": "Electricity by zone (ISO 3166 alpha-3, `WOR`: world). Averages and margins do not mix.",
    "inference": "Joules an inference on servers and boards, at the wall unless the note says otherwise.",
    "llm": "Language models: joules a request, and what their operators claim.",
    "mcu": "Microcontrollers that MLPerf Tiny has not. Those it has: `mlperf:ROUND/SYSTEM_ID/BENCHMARK`.",
    "network": "Access and core: `avg.` averages, `marginal.` margins, `power.` the power model.",
    "price": "List prices and tariffs of their year.",
    "pue": "Power usage effectiveness: a site's yearly mean.",
    "radio": "Radios of devices: energy of an event, power of a state, energy a byte.",
    "server": "Whole servers: floor and load, and power and rate of each MLPerf point.",
    "supply": "Cells and mains adapters.",
    "training": "Training.",
    "water": "Water on site (`wue.NAME`) and of the electricity (`wue.offsite.ZONE`).",
}


def catalog_page(note: str) -> str:
    """Every figure of the catalogue, by category."""
    catalog = Catalog.load()
    return "\n".join([note, *_text(catalog), *_rows(catalog)]) + "\n"


def _text(catalog: Catalog) -> Iterator[str]:
    others = ", ".join(f"`{name}`" for name in COLUMNS if name not in NEEDED)
    gaps = sum(row.is_gap for row in catalog)
    needed = ", ".join(f"`{name}`" for name in NEEDED)
    yield "# The catalogue\n"
    yield (
        f"{len(catalog)} cited figures that comparisons calculate with, {gaps} of them declared gaps. "
        "`tinykit catalog show KEY` gives the note, address and licence of each.\n"
    )
    yield "| mark | how far it was checked |"
    yield "|---|---|"
    yield from (f"| {mark} | {meaning} |" for mark, meaning in MARKS)
    yield ""
    yield (
        "A range with *lognormal* or *triangular* behind it is drawn: the value is the median, or the top of "
        "the triangle, and the range holds 95 % of a lognormal, or the ends of the triangle. A range "
        "without a word lists alternatives (a batch, a method, a coverage class): chosen, never drawn.\n"
    )
    yield (
        f"Figures from sets under {', '.join(CITED_SINGLY[:-1])}, or without a licence, are cited singly, at "
        f"most {HANDFUL} under each; the sets themselves are yours to supply.\n"
    )
    yield (
        f"Your own figures: a CSV file with the columns {needed}, and {others} if you like, given with "
        "`--catalog FILE`. A row replaces ours of the same key, and a gap that it fills is none any more. "
        "`kind` says what the figure is: `measured`, `published`, `modelled` or, where left out, `assumed`. "
        "`tinykit catalog check FILE` finds what is wrong with it.\n"
    )


def _rows(catalog: Catalog) -> Iterator[str]:
    for category in catalog.categories:
        yield f"## {category}\n"
        yield f"{ABOUT.get(category, '')}\n"
        yield "| key | value | range | year | mark | source |"
        yield "|---|---|---|---|---|---|"
        for row in catalog.category(category):
            cells = (f"`{row.key}`", _value(row), _range(row), str(row.year or ""), row.check, row.source)
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        yield ""


def _value(row: Row) -> str:
    return f"none ({row.unit})" if row.value is None else f"{row.value:.6g} {row.unit}"


def _range(row: Row) -> str:
    if row.low is None and row.high is None:
        return ""
    low, high = ("" if end is None else f"{end:.6g}" for end in (row.low, row.high))
    return f"{low} … {high} {row.distribution}".strip()


def published_boards_page(note: str) -> str:
    """Every published board with an energy, by its reference."""
    return "\n".join([note, *_boards()]) + "\n"


def _boards() -> Iterator[str]:
    references = published_references()
    yield "# Published boards\n"
    yield (
        f"{len(references)} results of MLPerf Tiny that state an energy: derived here from the submitted "
        "logs, not official MLPerf results. `--edge REFERENCE` compares with one. Joules are those of the "
        "inference alone (of `sww`, of the stream by its frames): no sensor, no sleep, no radio; ± "
        f"{MONITOR_95:.0%} (95 %) for the submitter's monitor. Rows without an energy are refused.\n"
    )
    yield "| reference | board | clock | supply | an inference | latency | software |"
    yield "|---|---|---|---|---|---|---|"
    for reference in references:
        one = find_published(reference)
        cells = (
            f"`{one.reference}`",
            one.board,
            format_si(one.clock_mhz * 1e6, "Hz") if one.clock_mhz else "",
            f"{one.supply_v:g} V" if one.supply_v else "",
            format_si(one.nominal_j, "J"),
            format_si(one.latency_s, "s") if one.latency_s else "",
            one.software,
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
