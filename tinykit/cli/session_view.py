"""Stored sessions as rich renderables and documents."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from tinykit.cli.measure_view import Result, headline_text, report_view, result_view
from tinykit.console import safe_text, table
from tinykit.lab.compare import SessionComparison
from tinykit.lab.manifest import Damage
from tinykit.lab.recompute import Recomputation, Recomputed
from tinykit.lab.recover import Recovery
from tinykit.lab.store import Listed, StoredSession, describe_damage
from tinykit.pretty import format_estimate, format_si

Checked = Sequence[tuple[Path, str, tuple[Damage, ...]]]


def list_document(found: Sequence[Listed]) -> dict[str, object]:
    """The document ``tinykit.sessions``, version 1."""
    return {"schema": "tinykit.sessions", "schema_version": 1, "sessions": [_entry(one) for one in found]}


def _entry(one: Listed) -> dict[str, Any]:
    session = one.session
    return {
        "folder": str(one.folder),
        "state": "finished" if session else "unfinished" if one.is_unfinished else "refused",
        "problem": one.problem,
        "simulated": session.known.simulated if session else None,
        "verdict": session.verdict.state if session else None,
        "started_unix_s": session.manifest.get("started_unix_s") if session else None,
        "headline": session.headline.to_dict() if session and session.headline else None,
    }


def list_view(found: Sequence[Listed]) -> RenderableType:
    """What ``tinykit session list`` shows."""
    if not found:
        return Text("No sessions here. tinykit measure makes one; tinykit session import, too.")
    return table(["session", "started", "what", "result", "verdict"], [_row(one) for one in found])


def _row(one: Listed) -> tuple[object, ...]:
    session = one.session
    if session is None:
        state = "unfinished" if one.is_unfinished else "refused"
        return one.folder, "", "", one.problem, Text(state, style="bold yellow")
    began = session.manifest.get("started_unix_s")
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(began)) if isinstance(began, int | float) else ""
    headline = session.headline
    result = headline_text(headline, session.known.simulated) if headline else "no number that stands alone"
    if headline is None and session.known.simulated:
        result += ", SIMULATED"
    return one.folder, when, _what(session), result, session.verdict.state


def _what(session: StoredSession) -> str:
    manifest = session.manifest
    model, board = manifest.get("model") or {}, manifest.get("board") or {}
    imported = manifest.get("import") or {}
    return " on ".join(
        str(part) for part in (model.get("name") or imported.get("name"), board.get("ran_on")) if part
    )


def show_view(session: StoredSession) -> RenderableType:
    """What ``tinykit session show`` shows."""
    warnings = [(str(w["code"]), str(w["text"])) for w in session.energy["trace"]["warnings"]]
    return result_view(
        Result(
            session.folder,
            session.known.simulated,
            session.gross,
            session.net,
            session.states,
            session.verdict,
            session.manifest,
            warnings,
            session.duty,
            session.ledger,
        )
    )


def verify_document(checked: Checked) -> dict[str, object]:
    """The document ``tinykit.verification``, version 1."""
    return {
        "schema": "tinykit.verification",
        "schema_version": 1,
        "sessions": [
            {
                "folder": str(folder),
                "intact": not damage,
                "manifest_sha256": digest,
                "damage": [{"file": one.file, "what": one.what} for one in damage],
            }
            for folder, digest, damage in checked
        ],
    }


def verify_view(checked: Checked) -> RenderableType:
    """What ``tinykit session verify`` shows."""
    return table(
        ["session", "", "session.json's SHA-256"],
        [
            (
                folder,
                Text("as written", style="green")
                if not damage
                else Text(safe_text(describe_damage(damage)), style="bold red"),
                digest,
            )
            for folder, digest, damage in checked
        ],
    )


def recompute_view(result: Recomputation) -> RenderableType:
    """What ``tinykit session recompute`` shows."""
    return Group(*_recomputed(result))


def _recomputed(result: Recomputation) -> Iterator[RenderableType]:
    document = result.to_dict()
    same = ("The same", "bold green") if result.is_equal else ("Something changed", "bold yellow")
    stamp = "  SIMULATED" if result.report.simulated else ""
    yield Text.assemble(
        same, f": stored by {result.stored_version}, now {document['recomputed_by']}", (stamp, "bold yellow")
    )
    yield Text()
    yield table(
        ["quantity", ">stored", ">now", ">change", ">its u, stored", ">now"],
        [
            (
                one.name,
                _si(one.stored, one),
                _si(one.now, one),
                "" if one.relative is None else f"{one.relative:+.3g}",
                _si(one.stored_u, one),
                _si(one.now_u, one),
            )
            for one in result.quantities
            if one.stored is not None or one.now is not None
        ],
    )
    for one in result.quantities:
        if not one.is_interval_equal:
            yield Text(
                f"95 % of {one.name}: {_ends(one.stored_interval, one)} -> {_ends(one.now_interval, one)}"
            )
    for code, old, new in result.findings:
        yield Text(f"verdict {code}: {old} -> {new}")
    yield Text()
    yield Text("The results were replaced." if result.written else "Nothing was written.", style="dim")


def _si(value: float | None, one: Recomputed) -> str:
    return "none" if value is None else format_si(value, one.unit, digits=6)


def _ends(interval: tuple[float, float] | None, one: Recomputed) -> str:
    return "none" if interval is None else f"[{', '.join(_si(end, one) for end in interval)}]"


def recover_view(result: Recovery) -> RenderableType:
    """What ``tinykit session recover`` shows."""
    planned = "" if result.planned is None else f" of {result.planned} that were planned"
    return Group(
        Text(f"Recovered: {result.kept} phases{planned} came to their end.", style="bold"),
        Text(),
        report_view(result.report),
    )


def compare_view(result: SessionComparison) -> RenderableType:
    """What ``tinykit session compare`` shows."""
    return Group(*_compared(result))


def _compared(result: SessionComparison) -> Iterator[RenderableType]:
    simulated = result.a.known.simulated or result.b.known.simulated
    stamp = ("  SIMULATED", "bold yellow") if simulated else ("", "")
    names = f"a = {safe_text(str(result.a.folder))}, b = {safe_text(str(result.b.folder))}"
    yield Text.assemble((names, "bold"), stamp)
    yield Text()
    if result.compared:
        yield table(
            ["an inference", ">a", ">b", ">b - a", ">b / a", "95 %"],
            [
                (
                    one.name,
                    format_si(one.a.value, "J", digits=4),
                    format_si(one.b.value, "J", digits=4),
                    format_estimate(one.difference),
                    "" if one.ratio is None else format_estimate(one.ratio),
                    Text("significant", style="bold") if one.significant else Text("not significant"),
                )
                for one in result.compared
            ],
        )
        yield Text()
    if result.differences:
        styles = {"blocks": "bold red", "annotates": "yellow"}
        yield table(
            ["", "code", "what differs"],
            [(Text(d.effect, style=styles[d.effect]), d.code, d.text) for d in result.differences],
        )
    else:
        yield Text("They differ in nothing but the result.", style="dim")
