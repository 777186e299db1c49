"""A comparison in a report: who wins, where the edge loses, every line of the ledger, what moves it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tinykit.comparison.files import SCENARIO
from tinykit.comparison.flow import POLICIES, Hand
from tinykit.comparison.hand_words import parse_hand, settings
from tinykit.comparison.ledger import COLUMNS
from tinykit.comparison.result import UNITS
from tinykit.comparison.result_headline import WORDS
from tinykit.errors import InputError
from tinykit.pretty import format_duration, format_interval, format_si
from tinykit.reporting.comparison_pictures import pictures
from tinykit.reporting.comparison_words import TORNADO_HEADS, label, quantity, tornado_row
from tinykit.reporting.edge_loses import (
    UNTOLD,
    difference,
    edge_loses,
    feasible,
    feasible_at,
    losing,
    verdict_of,
)
from tinykit.reporting.interval_words import contents, half_width, percent
from tinykit.reporting.page import Answer, Block, Cell, Number, Paragraph, Section, Table, clipped
from tinykit.reporting.stored_comparison import StoredComparison, open_comparison

_MOST_POINTS = 60
_MOST_GAPS = 12
_STAND_INS = ("stands in for", "in place of")
"""What a note says of a cloud whose model is another than the edge's."""
_ENDS = ("", "_low95", "_high95")


def comparison_section(folder: Path, key: str) -> Section:
    """The comparison in ``folder``. Raises InputError, code REPORT_INPUT."""
    stored = open_comparison(folder)
    try:
        return Section(
            key,
            "Edge against cloud",
            _title(stored.data),
            _answer(stored),
            tuple(_blocks(stored, key)),
            tuple(_appendix(stored)),
            shlex.join(("tinykit", "compare", str(folder / SCENARIO), "-o", "AGAIN")),
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise InputError(
            f"The comparison in {folder} is refused: {type(error).__name__}: {error}.",
            hint="a comparison is read only as tinykit wrote it; compare again.",
            code="REPORT_INPUT",
        ) from error


def _title(data: Mapping[str, Any]) -> str:
    """What tells one comparison from another: whose edge, which server, which radio and supply."""
    words = data["words"]
    server = f"{words['cloud.workload']} on {words['cloud.case']} {words['cloud.accelerator']}"
    supply = " ".join(str(words[key]) for key in ("supply.kind", "supply.pack"))
    power = supply if words["supply.kind"] in ("primary", "rechargeable") else str(words["supply.kind"])
    return f"{clipped(str(words['edge.name']))} against {server}; {words['radio.kind']}, {power}"


def _answer(stored: StoredComparison) -> Answer:
    data = stored.data
    inference = data["parameters"]["edge.inference_j"]
    stamp = "SIMULATED" if data["simulated"] else ""
    verdict, tone = verdict_of(data)
    whole, text = str(data["headline"]), str(data["answers"]["edge"])
    shown = whole if stamp in whole else f"{whole} {stamp}"
    # A document whose headline is another's keeps it whole.
    text, basis = (text, shown[len(text) :].strip()) if shown.startswith(text) else (shown, "")
    basis = " ".join((basis, *filter(_is_stand_in, map(str, data["notes"])))).strip()
    return Answer(
        text,
        tone,
        bool(data["simulated"]),
        verdict,
        tuple(edge_loses(stored)),
        (*map(str, inference.get("sources", ())), _computed(data)),
        basis,
        tuple(_more(data)),
    )


def _is_stand_in(note: str) -> bool:
    return any(mark in note for mark in _STAND_INS)


def _more(data: Mapping[str, Any]) -> Iterator[str]:
    """What the interval of the edge's joules holds, the hybrid's answer."""
    inference = data["parameters"]["edge.inference_j"]
    if inference.get("interval95"):
        value, (low, high) = float(inference["nominal"]), map(float, inference["interval95"])
        half = half_width(value, low, high)
        if holds := contents({k: float(u) for k, u in inference["influences"].items()}, half):
            told = format_interval(value, low, high, "J")
            yield f"One inference counts as {told} here, {percent(half)}. That interval contains {holds}."
    yield str(data["answers"]["hybrid"])


def _computed(data: Mapping[str, Any]) -> str:
    """The source of what a comparison computes from its lines."""
    made = data["provenance"]
    return (
        f"Computed by tinykit {made['tinykit']} from the lines of the ledger: {int(made['draws']):,} draws,"
        f" seed {made['seed']}; catalogue SHA-256 {str(made['catalog_sha256'])[:12]}."
    )


def _blocks(stored: StoredComparison, key: str) -> Iterator[Block]:
    data = stored.data
    yield _savings(data)
    if stored.result is None:
        yield Paragraph(f"No pictures: {stored.why}. All figures here are those that were stored.")
    else:
        yield from pictures(stored.result, key, _ledger(data), _computed(data), stored.curve)
    if stored.result is None:
        yield _ledger(data)
        if verdict_of(data)[0] != UNTOLD:
            yield _tornado(data)
    if data["break_evens"]:
        yield _break_evens(data)
    yield _policies(data)
    if stored.sweep:
        yield _sweep(stored.sweep, data)
    if data["gaps"]:
        yield _gaps(data)
    yield from (Paragraph(note) for note in map(str, data["notes"]) if not _is_stand_in(note))
    yield _scenario(data)


def _number(
    one: Mapping[str, Any] | None, unit: str, kind: Any, sources: Sequence[Any] = (), mark: str = ""
) -> Cell:
    """A nominal value with its interval; nobody has the figure: said so."""
    if one is None or one["nominal"] is None:
        return Number("", "unknown")
    low, high = (float(end) for end in one["interval95"])
    told = format_interval(float(one["nominal"]), low, high, unit)
    return Number(f"{mark}{told}", kind, tuple(map(str, sources)))


def _savings(data: Mapping[str, Any]) -> Table:
    """In every column: the difference, and the ratio."""
    rows = []
    for column in COLUMNS:
        cells: list[Cell] = [WORDS[column]]
        for policy in ("edge", "hybrid"):
            if not feasible(data, policy):
                cells += ["not feasible", ""]
                continue
            one = difference(data, policy, column)
            kinds = [data["policies"][p]["totals"][column]["kind"] for p in (policy, "cloud")]
            kind = next((k for k in ("assumed", "modelled", "published") if k in kinds), kinds[0])
            cells.append(_number(one["saving"], UNITS[column], kind, (_computed(data),)))
            cells.append(_number(one["ratio"], "1", kind, (_computed(data),)) if one["ratio"] else "")
        rows.append(tuple(cells))
    heads = ("per device-day", ">edge saves", ">cloud ÷ edge", ">hybrid saves", ">cloud ÷ hybrid")
    return Table(
        "What is saved against sending every input to the cloud",
        heads,
        tuple(rows),
        note="With every figure at its quoted value; brackets hold 95 % of the draws. A saving below 0, or a"
        " ratio below 1, is a loss.",
    )


def _ledger(data: Mapping[str, Any]) -> Table:
    """Every line of the ledger that costs something somewhere, in the searched column."""
    column = str(data["column"])
    unit = UNITS[column]  # type: ignore[index]
    lines: dict[str, dict[str, Mapping[str, Any]]] = {}
    for policy in POLICIES:
        for line in data["policies"][policy]["lines"]:
            lines.setdefault(str(line["key"]), {})[policy] = line
    rows = []
    for name, of in lines.items():
        cells = [one["columns"][column] for one in of.values()]
        if any(cell["nominal"] for cell in cells):
            values = [
                "–" if (one := of.get(policy)) is None
                else _number(one["columns"][column], unit, one["columns"][column]["kind"], one["sources"])
                for policy in POLICIES
            ]  # fmt: skip
            rows.append((name, *values, str(next(iter(of.values()))["formula"])))
    for total in (column, *(one for one in COLUMNS if one != column)):
        sums = [data["policies"][policy]["totals"][total] for policy in POLICIES]
        marks = [_mark(data, policy, total) for policy in POLICIES]
        cells = [
            _number(one, UNITS[total], one["kind"], (_computed(data),), mark)  # type: ignore[index]
            for one, mark in zip(sums, marks, strict=True)
        ]
        rows.append((f"total {WORDS[total]}", *cells, ""))  # type: ignore[index]
    barred = {policy: "" if data["policies"][policy]["feasible"] else ", NOT FEASIBLE" for policy in POLICIES}
    heads = ("line", *(f">{policy}{why}" for policy, why in barred.items()), "formula")
    marked = any(_mark(data, policy, total) for policy in POLICIES for total in COLUMNS)
    return Table(
        f"{WORDS[column].capitalize()} per device-day, line by line",  # type: ignore[index]
        heads,
        tuple(rows),
        note="A total after ≥ or part: lacks the lines that nobody has a figure for." if marked else "",
    )


def _mark(data: Mapping[str, Any], policy: str, column: str) -> str:
    """What stands before a total of some lines alone: it is a lower bound, or where what is missing may be
    taken away, a part."""
    gaps = [one for one in data["gaps"] if policy in one["policies"] and column in one["columns"]]
    if any("increment" in key for one in gaps for key in one["missing"]):
        return "part: "
    return "≥ " if gaps else ""


def _tornado(data: Mapping[str, Any]) -> Table:
    unit = UNITS[data["column"]]
    influences = {key: tuple(one.get("influences", ())) for key, one in data["parameters"].items()}
    units = {key: str(one["unit"]) for key, one in data["parameters"].items()}
    rows = tuple(
        tornado_row(
            str(bar["key"]),
            (float(bar["low"]), float(bar["high"])),
            (float(bar["at_low"]), float(bar["at_high"])),
            unit,
            influences,
            units,
        )
        for bar in data["tornado"]
    )
    return Table("What moves the difference", TORNADO_HEADS, rows, sources=(_computed(data),))


def _break_evens(data: Mapping[str, Any]) -> Table:
    """Where each figure was searched, and at which values the answer turns round."""
    rows = []
    for one in data["break_evens"]:
        unit = str(one["unit"])
        turns = ", ".join(quantity(float(point), unit) for point in one["points"])
        low, high = (quantity(float(end), unit) for end in one["searched"])
        loses = any(True for _ in losing(one))
        rows.append(
            (
                label(str(one["key"])),
                quantity(float(one["now"]), unit),
                turns or ("nowhere: the edge loses all over" if loses else "nowhere: the edge wins all over"),
                f"{low} to {high}",
                WORDS[one["column"]],
                str(one["key"]),
            )
        )
    heads = ("figure", ">now", ">the answer turns at", ">searched", "in", "key")
    note = (
        "Each side has its best settings at every value; all other figures are as they are."
        " --set KEY=VALUE tries one."
    )
    return Table("Break-evens", heads, tuple(rows), folded=True, note=note, sources=(_computed(data),))


def _policies(data: Mapping[str, Any]) -> Table:
    rows = []
    for policy in POLICIES:
        one = data["policies"][policy]
        battery = one["battery"]
        days = ""
        if battery is not None:
            low, high = (float(end) for end in battery["days"]["interval95"])
            told = format_interval(float(battery["days"]["nominal"]), low, high, "1")
            days = f"{'at most ' if battery['is_upper_bound'] else ''}{told} days"
        late = "" if one["feasible"] else f"NOT FEASIBLE: {'; '.join(map(str, one['obstacles']))}"
        played = settings(Hand(**one["hand"]), policy, data["words"])
        least = "at least " if one.get("latency_is_lower_bound") else ""
        rows.append(
            (policy, played, f"{least}{format_duration(float(one['latency_s']))}", days, late or "yes")
        )
    return Table(
        "The settings that each side chose",
        ("policy", "settings", ">decides in", ">battery lasts", "feasible"),
        tuple(rows),
        note="Of all settings that are feasible, those that cost least in the searched column.",
    )


def _sweep(rows: Sequence[Mapping[str, str]], data: Mapping[str, Any]) -> Table:
    """The points of the sweep, and what the edge saves at each."""
    names = list(rows[0])
    axes = names[: names.index("edge_energy_j")]
    column, unit = data["column"], UNITS[data["column"]]
    shown = []
    for row in rows[:_MOST_POINTS]:
        at = {axis: row[axis] for axis in axes}
        words = {**data["words"], **at}
        chose = (settings(parse_hand(row[f"{side}_hand"]), side, words) for side in ("edge", "cloud"))
        shown.append((*at.values(), _swept(row, column, unit), *chose))
    more = len(rows) - len(shown)
    note = f"{more} more points are in sweep.csv." if more > 0 else ""
    return Table(
        f"The sweep: {len(rows)} points",
        (*axes, ">edge saves", "edge chose", "cloud chose"),
        tuple(shown),
        folded=len(shown) > 12,
        note=note,
        sources=(f"sweep.csv; {_computed(data)}",),
    )


def _swept(row: Mapping[str, str], column: str, unit: str) -> str:
    """What the edge saves at a point: with its interval where the point was drawn."""
    if not feasible_at(row):
        return "not feasible"
    nominal, low, high = (row.get(f"edge_saving_{column}{end}") or "" for end in _ENDS)
    if not nominal:
        return "?"
    if low and high:
        return format_interval(float(nominal), float(low), float(high), unit)
    return f"{format_si(float(nominal), unit)} (not drawn)"


def _gaps(data: Mapping[str, Any]) -> Table:
    rows = tuple(
        (
            str(gap["line"]),
            ", ".join(map(str, gap["policies"])),
            ", ".join(WORDS.get(column, str(column)) for column in gap["columns"]),
            "; ".join(f"{key}: {why}" for key, why in gap["missing"].items()),
        )
        for gap in data["gaps"]
    )
    heads = ("line", "of", "without", "what is missing")
    return Table("Lines that nobody has a figure for", heads, rows, folded=len(rows) > _MOST_GAPS)


def _scenario(data: Mapping[str, Any]) -> Table:
    """Every key with its value, its kind and its source."""
    rows: list[tuple[Cell, ...]] = [(key, str(word), "", "") for key, word in data["words"].items()]
    asked = {key for gap in data["gaps"] for key in gap["missing"]}
    for key, one in data["parameters"].items():
        if one["nominal"] is None:
            rows.append(
                (
                    key,
                    Number("", "unknown" if key in asked else "not used"),
                    str(one["given"]),
                    str(one["why"]),
                )
            )
            continue
        kind = "chosen" if one["choice"] else one["kind"]
        cell = _number(one, str(one["unit"]), kind, one["sources"])
        rows.append((key, cell, str(one["given"]), str(one["note"])))
    heads = ("key", "value, 95 % interval", "given by", "note")
    return Table("The scenario, complete", heads, tuple(rows), folded=True)


def _appendix(stored: StoredComparison) -> Iterator[tuple[str, str]]:
    made = stored.data["provenance"]
    libraries = ", ".join(f"{name} {version}" for name, version in made["libraries"].items())
    yield "folder", str(stored.folder)
    yield "comparison.json, SHA-256", stored.sha256
    yield "written by", f"tinykit {made['tinykit']}; {libraries}"
    yield "catalogue, SHA-256", str(made["catalog_sha256"])
    yield "drawn", f"{int(made['draws']):,} times, seed {made['seed']}"
    yield "stance", str(stored.data["stance"])
    yield "edge", str(stored.data["words"]["edge.source"])
    again = "the same figures" if stored.result is not None else stored.why
    yield "computed again for this report", again
