"""The edge's side: a measurement session, a published board, or a figure, as keys of a scenario.

An emulator's joules are exact about the simulated truth and say nothing about a chip. Where they stand for a
board, the model's own error joins as influences of its own, and everything is stamped SIMULATED.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tinykit.comparison.lines.run import SIMULATED, UNNAMED
from tinykit.comparison.published import MONITOR_95, NOT_OFFICIAL, PublishedBoard, find_published
from tinykit.comparison.resolve import SPREAD_ASSUMED
from tinykit.comparison.scenario import Given, Scenario
from tinykit.comparison.writeback import quantity_table
from tinykit.errors import InputError
from tinykit.estimate import Estimate, Influence
from tinykit.lab.energy import SessionEnergy
from tinykit.lab.manifest import manifest_sha256
from tinykit.lab.store import StoredSession, open_session, reanalyse
from tinykit.lab.verdict import Verdict

POWER_ERROR = 0.2
"""Of an emulated board's state model, relative, to either side: its watts are a data sheet's typical ones."""


@dataclass(frozen=True)
class EdgeSide:
    """What an edge source says, as keys of a scenario; what warns of it is a note of the joules."""

    keys: Mapping[str, Given]


def find_edge(text: str, accepted: Collection[str] = ()) -> EdgeSide:
    """The edge that ``text`` names: a session's folder, ``mlperf:ROUND/SYSTEM/BENCHMARK``, or a figure.

    Raises InputError: EDGE where it names nothing, EDGE_VERDICT where the session's verdict forbids the
    number and ``accepted`` does not name every code; what `find_published` and `open_session` raise.
    """
    if text.startswith("mlperf:"):
        return published_edge(find_published(text))
    folder = Path(text)
    if folder.is_dir():
        return session_edge(open_session(folder), accepted)
    if text.startswith(("catalog:", "gap:")) or text[:1].isdigit() or text[:1] in "+-.":
        return EdgeSide({"edge.inference_j": text, "edge.source": f"given: {text}"})
    raise InputError(
        f"--edge: '{text}' is no session's folder, no published board and no figure.",
        hint="give a folder, mlperf:v1.3/NUCLEO_L4R5ZI-P/kws, or '1.3 mJ'.",
        code="EDGE",
    )


_WORDS = ("name", "source", "stamp", "accepted", "model", "firmware", "instrument", "task")


def without_edge(scenario: Scenario) -> Scenario:
    """``scenario`` without what an earlier session or board told of the edge: another one takes its place.

    What the user gave by hand stays: only a scenario that was written back knows of an earlier source.
    """
    old = scenario.given.get("edge.inference_j")
    if not isinstance(old, Mapping) or str(old.get("given", "scenario")) in ("scenario", "default"):
        return scenario
    source = old["given"]
    words = {f"edge.{word}" for word in _WORDS}
    kept = {
        key: value
        for key, value in scenario.given.items()
        if key not in words and not (isinstance(value, Mapping) and value.get("given") == source)
    }
    return replace(scenario, given=kept)


def published_edge(board: PublishedBoard) -> EdgeSide:
    """The edge of a published result; its accuracy, where there is one, comes along."""
    given = f"{board.reference}, {NOT_OFFICIAL}"
    source = board.energy.sources[0]
    notes = f"{SPREAD_ASSUMED}: ±{MONITOR_95:.0%} for the submitter's monitor", board.notes
    keys: dict[str, Given] = {
        "edge.inference_j": quantity_table(
            board.energy, board.nominal_j, given, "; ".join(filter(None, notes))
        ),
        "edge.name": board.board or board.system_id,
        "edge.source": given,
        "edge.model": f"MLPerf Tiny {board.benchmark}",
        "edge.instrument": f"the monitor of {board.submitter}",
        "edge.task": board.benchmark,
    }
    if board.latency_s is not None:
        keys["edge.inference_s"] = _published(board.latency_s, "s", given, source)
    if board.accuracy is not None:
        keys["edge.recall"] = _published(board.accuracy / 100.0, "1", given, source)
    return EdgeSide(keys)


def session_edge(session: StoredSession, accepted: Collection[str] = ()) -> EdgeSide:
    """The edge that a session measured. Raises InputError, code EDGE_VERDICT."""
    broken = accept(session, accepted)
    energy, seconds = inference(session)
    given = f"session {session.folder.name}, session.json {manifest_sha256(session.folder)[:12]}"
    states = {} if broken else dict(session.states)
    board = board_name(session)
    if session.known.simulated:
        energy = as_a_board(energy, board, "active", cycles=True)
        seconds = as_a_board(seconds, board, "", cycles=True)
        states = {name: as_a_board(power, board, name) for name, power in states.items()}
    keys: dict[str, Given] = {
        "edge.inference_j": quantity_table(energy, energy.value, given, _warnings(session)),
        "edge.inference_s": quantity_table(seconds, seconds.value, given),
        "edge.source": f"{given}, in {session.folder}",
        "edge.stamp": SIMULATED if session.known.simulated else "none",
        "edge.accepted": ", ".join(broken) or "none",
        **_facts(session.manifest, board),
    }
    if "sleep" in states:
        keys["device.sleep_w"] = quantity_table(states["sleep"], states["sleep"].value, given)
    return EdgeSide(keys)


def accept(session: StoredSession, accepted: Collection[str], option: str = "--edge") -> list[str]:
    """The codes that forbid the number, all of them accepted by name. Raises InputError (EDGE_VERDICT)."""
    broken = [one.code for one in session.verdict.findings if not Verdict((one,)).allows_absolute]
    if refused := [code for code in broken if code not in accepted]:
        texts = {one.code: one.text for one in session.verdict.findings}
        raise InputError(
            f"{option} {session.folder}: its verdict does not allow the number: "
            f"{'; '.join(f'{code}: {texts[code]}' for code in refused)}",
            hint=f"measure again; or {' '.join(f'--accept-verdict {code}' for code in refused)}, "
            "and the headline says so.",
            code="EDGE_VERDICT",
        )
    return broken


def inference(session: StoredSession) -> tuple[Estimate, Estimate]:
    """J and s of an inference, the time exact as the meter's clock counted it."""
    if session.gross is not None:
        windows = session.energy["windows"]
        return session.gross, _seconds(
            session.gross,
            [float(one["duration_s"]) for one in windows],
            [int(one["inferences"]) for one in windows],
        )
    refused: SessionEnergy | None = reanalyse(session).refused
    if refused is None:
        raise InputError(
            f"--edge {session.folder}: no joules follow from what was recorded.",
            hint="tinykit session show says why; measure again.",
            code="EDGE_VERDICT",
        )
    return refused.gross, _seconds(
        refused.gross,
        [one.inner.duration_s for one in refused.windows],
        [one.inferences for one in refused.windows],
    )


def _seconds(energy: Estimate, durations_s: Sequence[float], inferences: Sequence[int]) -> Estimate:
    return Estimate(sum(durations_s) / sum(inferences), "s", energy.kinds, energy.sources)


def as_a_board(simulated: Estimate, board: str, state: str, *, cycles: bool = False) -> Estimate:
    """A simulated quantity as a statement about the chip: the power model's error, the cycle model's."""
    own: dict[str, float] = {}
    if state:
        own[f"emulator.{board}.{state}.power"] = POWER_ERROR
    if cycles:
        own[f"emulator.{board}.cycles"] = _cycle_error(board)
    more = {
        name: Influence(abs(simulated.value) * half / math.sqrt(3.0), "rectangular")
        for name, half in own.items()
    }
    kinds = tuple(dict.fromkeys((*simulated.kinds, "modelled")))
    return replace(simulated, kinds=kinds, influences={**simulated.influences, **more})


def _cycle_error(board: str) -> float:
    """Of the cycle model of the board's core, relative; the widest where the board is not known."""
    from tinykit.bench.cycles import CYCLE_MODELS
    from tinykit.boards.load import load_board

    try:
        core = load_board(board).core.name
    except InputError:
        core = ""
    if core in CYCLE_MODELS:
        return CYCLE_MODELS[core].error_relative
    return max(model.error_relative for model in CYCLE_MODELS.values())


def board_name(session: StoredSession) -> str:
    """What was measured; where nobody named it, as of a recording, it is its session's."""
    manifest = session.manifest
    board, emulation = manifest.get("board") or {}, manifest.get("emulation") or {}
    found = str(board.get("name") or emulation.get("board") or board.get("ran_on") or UNNAMED)
    return f"the board of {session.folder.name}" if found in ("external", UNNAMED) else found


def _facts(manifest: Mapping[str, Any], board: str) -> dict[str, Given]:
    """What a footnote names: device, model, firmware, instrument."""
    model, about = manifest.get("model") or {}, manifest.get("board") or {}
    instrument = (manifest.get("meter") or {}).get("instrument") or {}
    parts = {
        "edge.name": board,
        "edge.model": f"{model.get('name', '')} {str(model.get('sha256', ''))[:12]}",
        "edge.firmware": str(about.get("firmware_sha256") or "")[:12],
        "edge.instrument": f"{instrument.get('model', '')} {instrument.get('serial', '')}".strip(),
    }
    if instrument.get("emulated"):
        parts["edge.instrument"] += " (emulated)"
    return {key: text.strip() for key, text in parts.items() if text.strip()}


def _warnings(session: StoredSession) -> str:
    found = [f"{one.code}: {one.text}" for one in session.verdict.findings if one.state == "warn"]
    return f"the session warns: {' '.join(found)}" if found else ""


def _published(value: float, unit: str, given: str, source: str) -> Given:
    return quantity_table(Estimate.exact(value, unit, kind="published", source=source), value, given)
