"""A session in a report: its joules, its verdict, its trace from hours down to one inference, its budget."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tinykit.comparison.edge import as_a_board, board_name
from tinykit.estimate import Estimate
from tinykit.lab.analysis import Analysis
from tinykit.lab.ledger import Ledger
from tinykit.lab.manifest import manifest_sha256
from tinykit.lab.pyramid import Pyramid
from tinykit.lab.report import budget_rows
from tinykit.lab.store import StoredSession, open_session, reanalyse
from tinykit.lab.verdict import Verdict
from tinykit.lab.verdict_codes import CODES
from tinykit.meters.trace import instrument_title
from tinykit.pretty import format_duration, format_estimate, format_interval, format_si
from tinykit.reporting.drawing import drawn
from tinykit.reporting.interval_words import contents, half_width, percent
from tinykit.reporting.page import (
    Answer,
    Block,
    Cell,
    Kind,
    Number,
    Paragraph,
    Picture,
    Section,
    Table,
    Tone,
    Trace,
    clipped,
)
from tinykit.reporting.session_plot import plot_session
from tinykit.reporting.trace_data import marks_left_out, trace_document, trace_table

_ORDER = ("fail", "warn", "not_checked", "pass")
_WORDS = {"pass": "pass", "warn": "WARN", "fail": "FAIL", "not_checked": "not checked"}
_MOST_TERMS = 12
_MOST_WINDOWS = 200


def session_section(folder: Path, key: str, share: float = 1.0) -> Section:
    """The session in ``folder``; ``share`` of a page's room for its trace. Raises RecordingError."""
    session = open_session(folder)
    analysis = reanalyse(session)
    return Section(
        key,
        "Measurement session",
        _title(session),
        _answer(session),
        tuple(_blocks(session, analysis, key, share)),
        tuple(_appendix(session)),
        shlex.join(("tinykit", "session", "recompute", str(folder))),
    )


def _title(session: StoredSession) -> str:
    manifest = session.manifest
    model, board = manifest.get("model") or {}, manifest.get("board") or {}
    imported = manifest.get("import") or {}
    name = model.get("name") or imported.get("name") or session.folder.name
    where = board.get("name") or board.get("ran_on")
    return f"{clipped(str(name))} on {clipped(str(where))}" if where else clipped(str(name))


def _answer(session: StoredSession) -> Answer:
    simulated, verdict, title = session.known.simulated, session.verdict, _title(session)
    stamp = ", SIMULATED" if simulated else ""
    number, per = session.headline, "an inference"
    if number is None and session.ledger is not None and verdict.allows_absolute:
        number, per = session.ledger.whole.per_cycle_j, "a cycle"
    words = f"verdict {_WORDS[verdict.state]}"
    if number is None:
        codes = ", ".join(f.code for f in verdict.findings if not Verdict((f,)).allows_absolute)
        why = f"the verdict allows none ({codes})" if codes else "no window came to its end"
        return Answer(
            f"{title}: no number of joules that stands alone: {why}{stamp}.", "bad", simulated, words
        )
    low, high = number.interval()
    told = format_interval(number.value, low, high, "J")
    text = f"{title} takes {told} (95 %) {per} ({number.kind}{stamp})."
    tone: Tone = "good" if verdict.state == "pass" else "open"
    return Answer(text, tone, simulated, words, sources=number.sources, more=tuple(_holds(session, number)))


def _holds(session: StoredSession, number: Estimate) -> Iterator[str]:
    """What the interval contains, and, of an emulated board, what it does not."""
    half = half_width(number.value, *number.interval())
    if holds := contents({name: one.u for name, one in number.influences.items()}, half):
        yield f"The interval is {percent(half)}. It contains {holds}."
    if session.known.simulated:
        chip = as_a_board(number, board_name(session), "active", cycles=True)
        wide = percent(half_width(chip.value, *chip.interval()))
        yield (
            "It is about the emulated board, and leaves out how far that is from a real chip: where these"
            f" joules stand for one, as in a comparison, they are {wide}."
        )


def _blocks(session: StoredSession, analysis: Analysis, key: str, share: float) -> Iterator[Block]:
    numbers = _numbers(session)
    if numbers.rows:
        yield numbers
    pyramid = Pyramid(analysis.trace)
    kind, source = _origin(session)
    document = trace_document(analysis, pyramid, simulated=session.known.simulated, share=share)
    yield Trace(f"{key}-zoom", f"Power of {_title(session)}", document)
    svg = drawn(lambda to: [plot_session(session.folder, to / "trace.svg").path])["trace"]
    left_out = ", ".join(f"{count} more {what}" for what, count in marks_left_out(analysis).items())
    yield Picture(
        f"{key}-trace",
        "Power over time: the session, a window, an inference",
        svg,
        replace(trace_table(analysis, pyramid), kind=kind, sources=(source,)),
        session.known.simulated,
        f"Not drawn: {left_out}." if left_out else "",
    )
    yield from _verdict(session.verdict)
    if session.gross is not None and session.headline is not None:
        yield replace(_budget(session.gross), sources=(session.known.calibration.source,))
    if session.ledger is not None:
        yield _ledger(session.ledger, session.verdict.allows_absolute)
    yield replace(_windows(session), kind=kind, sources=(source,))
    for warning in session.energy["trace"]["warnings"]:
        yield Paragraph(f"The recording warns: {warning['code']}: {warning['text']}")


def _origin(session: StoredSession) -> tuple[Kind, str]:
    """Of all that is read off the recording: its kind, and which recording."""
    trace = session.energy["trace"]
    instrument, made = trace["instrument"], trace["provenance"]
    name = instrument_title(instrument)
    kind: Kind = "modelled" if session.known.simulated else "measured"
    return kind, f"{name}: {made['source']} of {session.folder}, SHA-256 {made['sha256']}"


def _numbers(session: StoredSession) -> Table:
    rows: list[tuple[Cell, ...]] = []
    if session.headline is not None:
        rows.append(("an inference, gross", Number.of(session.headline)))
        if session.net is not None:
            rows.append(("an inference, net of idle", Number.of(session.net)))
    if session.verdict.allows_absolute:
        rows += [(f"power in {name}", Number.of(power)) for name, power in session.states.items()]
        if (duty := session.duty) is not None:
            rows.append((f"a period of {duty.period.value:.5g} s", Number.of(duty.energy)))
            rows.append(("mean power over periods", Number.of(duty.power)))
            rows.append(("an hour of periods", Number.of(duty.per_hour)))
    return Table("What was found", ("quantity", ">value, 95 % interval"), tuple(rows))


def _verdict(verdict: Verdict) -> Iterator[Table]:
    """What did not pass, in full; what passed or was not checked, on demand."""
    rows: dict[bool, list[tuple[Cell, ...]]] = {True: [], False: []}
    for one in sorted(verdict.findings, key=lambda one: _ORDER.index(one.state)):
        matters = one.state in ("fail", "warn")
        remedy = CODES[one.code].remedy if one.code in CODES else ""
        rows[matters].append((_WORDS[one.state], one.code, one.text, *([remedy] if matters else [])))
    if rows[True]:
        heads = ("", "code", "what was found", "what helps")
        yield Table(f"Verdict: {_WORDS[verdict.state]}", heads, tuple(rows[True]))
    unchecked = sum(one.state == "not_checked" for one in verdict.findings)
    title = f"{len(rows[False]) - unchecked} checks passed, {unchecked} were not made"
    yield Table(title, ("", "code", "what was found"), tuple(rows[False]), folded=True)


def _budget(gross: Estimate) -> Table:
    """The largest influences on the joules of an inference."""
    rows = [
        (
            name,
            format_si(u, gross.unit),
            f"{u / abs(gross.value):.2%}" if gross.value else "",
            f"{(u / gross.u) ** 2:.0%}" if gross.u else "",
            shape,
            dof,
        )
        for name, u, shape, dof in budget_rows(gross)
        if u > 1e-6 * gross.u
    ]
    heads = (
        "influence",
        ">standard uncertainty",
        ">of the joules",
        ">of the variance",
        "distribution",
        ">dof",
    )
    note = f"Together u = {format_si(gross.u, gross.unit)}."
    return Table("Budget of the joules of an inference", heads, tuple(rows[:_MOST_TERMS]), note=note)


def _ledger(ledger: Ledger, absolute: bool) -> Table:
    """Phases that pins showed; without bounds of the meter only times and shares."""
    rows: list[tuple[Cell, ...]] = []
    for line in (*ledger.lines, ledger.whole):
        each = line.per_cycle_j if ledger.cycles else line.total_j
        cells: list[Cell] = [line.name, f"{line.count:,}", format_duration(line.total_s)]
        if absolute:
            cells += ["" if one is None else Number.of(one) for one in (line.power_w, each)]
        share = line.share
        cells.append("" if share is None else format_estimate(share, percent=True))
        rows.append(tuple(cells))
    per = "a cycle" if ledger.cycles else "in all"
    more = (">power", f">{per}") if absolute else ()
    return Table("Phases", ("phase", ">times", ">lasts in all", *more, ">share"), tuple(rows))


def _windows(session: StoredSession) -> Table:
    rows = []
    absolute = session.verdict.allows_absolute
    for number, one in enumerate(session.energy["windows"][:_MOST_WINDOWS], 1):
        net = one["net_j_per_inference"]
        joules = (one["gross_j_per_inference"], net) if absolute else (None, None)
        rows.append(
            (
                str(number),
                f"{int(one['inferences']):,}",
                format_duration(float(one["duration_s"])),
                *("" if value is None else format_si(float(value), "J", digits=6) for value in joules),
            )
        )
    return Table(
        "Windows",
        (">window", ">inferences", ">lasts", ">gross an inference", ">net an inference"),
        tuple(rows),
        folded=True,
        note="Values of single windows; their scatter is the type A part of the interval above.",
    )


def _appendix(session: StoredSession) -> Iterator[tuple[str, str]]:
    manifest = session.manifest
    model, board, meter = (manifest.get(name) or {} for name in ("model", "board", "meter"))
    instrument, settings = meter.get("instrument") or {}, meter.get("settings") or {}
    yield "folder", str(session.folder)
    yield "session.json, SHA-256", manifest_sha256(session.folder)
    yield "written by", f"tinykit {manifest.get('tinykit', 'of an unknown version')}"
    if model.get("name"):
        yield "model", f"{model['name']}, SHA-256 {model.get('sha256', 'unknown')}"
    if board.get("text"):
        yield "board", str(board["text"])
    if board.get("firmware_sha256"):
        yield "firmware, SHA-256", str(board["firmware_sha256"])
    if instrument:
        firmware = f", firmware {instrument['firmware']}" if instrument.get("firmware") else ""
        yield "instrument", f"{instrument_title(instrument)}{firmware}"
        yield "calibration", session.known.calibration.source
    if settings.get("voltage_v"):
        yield "supply", f"{settings['voltage_v']} V"
    if began := manifest.get("started_unix_s"):
        yield "started", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(float(began)))
    if manifest.get("boundary"):
        yield "boundary", str(manifest["boundary"])
    if manifest.get("notes"):
        yield "notes", str(manifest["notes"])
