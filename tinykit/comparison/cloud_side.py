"""The cloud's side of a comparison: a published server, a session of one's own machine, an LLM's endpoint."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.choose import words
from tinykit.comparison.edge import accept, as_a_board, board_name, inference
from tinykit.comparison.lines.run import SIMULATED
from tinykit.comparison.lines.server import SESSION
from tinykit.comparison.llm import ECOLOGITS, find_endpoint
from tinykit.comparison.scenario import Given
from tinykit.comparison.writeback import quantity_table
from tinykit.errors import InputError
from tinykit.estimate import Estimate
from tinykit.lab.manifest import manifest_sha256
from tinykit.lab.store import StoredSession, open_session

LLM = "llm:"
BOUNDARIES = {"rapl": "package"}
"""Meters that see a part of their machine; any other stands in its supply, as by the wall."""


def find_cloud(text: str, catalog: Catalog, accepted: Collection[str] = ()) -> dict[str, Given]:
    """The keys that ``--cloud`` sets: ``CASE:SERVER``, ``llm:NAME``, ``ecologits:PROVIDER/MODEL``, or a
    session's folder.

    Raises InputError: SCENARIO, LLM, EDGE_VERDICT; RecordingError for a folder that is no session.
    """
    if text.startswith(LLM):
        return {"cloud.endpoint": find_endpoint(text.removeprefix(LLM), catalog)}
    if text.startswith(ECOLOGITS):
        return {"cloud.endpoint": text}
    if Path(text).is_dir():
        return session_cloud(open_session(Path(text)), accepted)
    return words("cloud", text)


def session_cloud(session: StoredSession, accepted: Collection[str] = ()) -> dict[str, Given]:
    """The cloud that a session measured: joules above idle, idle, and how long an inference takes.

    Without an idle state all joules are the inference's, and what waiting costs stays a gap.
    Raises InputError: EDGE_VERDICT, CLOUD_IDLE.
    """
    broken = accept(session, accepted, "--cloud")
    energy, seconds = inference(session)
    idle = session.states.get("idle")
    above = session.net if session.net is not None and idle is not None else energy
    board = board_name(session)
    if session.known.simulated:
        above, seconds = (
            as_a_board(above, board, "active", cycles=True),
            as_a_board(seconds, board, "", cycles=True),
        )
        idle = None if idle is None else as_a_board(idle, board, "idle")
    if above.interval()[1] < 0.0:
        raise InputError(
            f"--cloud {session.folder}: it drew more while it was idle than while it inferred.",
            hint="measure again, with nothing else running on that machine.",
            code="CLOUD_IDLE",
        )
    given = f"session {session.folder.name}, session.json {manifest_sha256(session.folder)[:12]}"
    meter = (session.manifest.get("meter") or {}).get("instrument") or {}
    model = (session.manifest.get("model") or {}).get("name", "")
    return {
        "cloud.endpoint": SESSION,
        "cloud.source": f"{given}, in {session.folder}",
        "cloud.boundary": BOUNDARIES.get(str(meter.get("kind", "")), "wall"),
        "cloud.covers": str(session.manifest.get("boundary") or "what its supply delivers"),
        "cloud.model": str(model) or "unnamed",
        "cloud.stamp": SIMULATED if session.known.simulated else "none",
        "cloud.accepted": ", ".join(broken) or "none",
        # Of a machine that is never idle noise alone may leave less than nothing: held at nothing.
        "cloud.inference_j": quantity_table(above, max(above.value, 0.0), given),
        "cloud.busy_s": quantity_table(seconds, seconds.value, given),
        "cloud.inference_s": quantity_table(seconds, seconds.value, given),
        "cloud.floor_w": "gap: no idle was measured: measure --states idle"
        if idle is None
        else quantity_table(idle, idle.value, given),
        "cloud.travel": quantity_table(
            Estimate.exact(1.0, "1", kind="measured", source=given), 1.0, given, "measured where it runs"
        ),
    }
