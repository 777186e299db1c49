"""The device's own phases, measured by pins, in the place of published figures: ``--radio SESSION``.

A phase of a session (``tinykit measure --on markers``) is joules an occurrence; its name says which key it
is. What the session has no phase of stays as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from tinykit.comparison.edge import accept, as_a_board, board_name
from tinykit.comparison.lines.run import SIMULATED
from tinykit.comparison.scenario import Given
from tinykit.comparison.writeback import quantity_table
from tinykit.errors import InputError
from tinykit.estimate import Estimate
from tinykit.lab.ledger import Ledger, PhaseLine
from tinykit.lab.manifest import manifest_sha256
from tinykit.lab.store import StoredSession

ENERGIES: Mapping[str, str] = {
    "sense": "device.sense_j",
    "preprocess": "edge.preprocess_j",
    "compress": "device.compress_j",
    "boot": "device.boot_j",
    "radio": "radio.connection_j",
    "tail": "radio.tail_j",
}
"""Phases, and the joules of an occurrence that each is."""
POWERS: Mapping[str, str] = {"sleep": "device.sleep_w", "associated": "radio.associated_w"}
DURATIONS: Mapping[str, str] = {"boot": "device.boot_s", "radio": "radio.connection_s"}
_SAME = {
    "sensing": "sense",
    "preprocessing": "preprocess",
    "wake": "boot",
    "connect": "radio",
    "send": "radio",
    "transmit": "radio",
    "jpeg": "compress",
}
_INSIDE = "inside the measured phase"


def session_device(session: StoredSession, accepted: Collection[str] = ()) -> dict[str, Given]:
    """Keys of a scenario from the phases of ``session``.

    Raises InputError: RADIO_PHASES where it has no phase that is meant, EDGE_VERDICT where its verdict
    forbids the numbers.
    """
    broken = accept(session, accepted, "--radio")
    found = dict(_phases(session.ledger)) if session.ledger is not None else {}
    if not found:
        raise InputError(
            f"--radio {session.folder}: it has no phase that a comparison knows.",
            hint=f"measure --on markers, with phases named {', '.join((*ENERGIES, *POWERS))}.",
            code="RADIO_PHASES",
        )
    board = board_name(session)
    given = f"session {session.folder.name}, session.json {manifest_sha256(session.folder)[:12]}"
    keys: dict[str, Given] = {
        "device.source": f"{given}, in {session.folder}",
        "device.stamp": SIMULATED if session.known.simulated else "none",
        "device.accepted": ", ".join(broken) or "none",
        "device.name": board,
    }
    for name, line in found.items():
        for key, figure in _figures(name, line):
            one = as_a_board(figure, board, name) if session.known.simulated else figure
            keys[key] = quantity_table(one, one.value, given, _note(line, session.ledger))
    if "radio" in found:
        keys["radio.name"] = board
        # The phase is the radio's alone: whoever connects from deep sleep boots beside it.
        keys["radio.holds_boot"] = "no"
        if "tail" not in found:
            keys["radio.tail_j"] = _nothing("J", given)
    if "sleep" in found:
        keys["radio.floor_w"] = _nothing("W", given)
    return keys


def _phases(ledger: Ledger) -> Iterator[tuple[str, PhaseLine]]:
    for line in ledger.lines:
        plain = line.name.lower().replace("-", "").replace("_", "").replace(" ", "")
        name = _SAME.get(plain, plain)
        if line.count and name in (*ENERGIES, *POWERS):
            yield name, line


def _figures(name: str, line: PhaseLine) -> Iterator[tuple[str, Estimate]]:
    for table, figure in ((ENERGIES, line.energy_j), (POWERS, line.power_w)):
        if name in table and figure is not None:
            yield table[name], figure
    if name in DURATIONS and line.duration_s is not None:
        # Its edges are doubted in another shape than the energy's, under the same name.
        own = {
            f"{known}.duration" if known.endswith(".edges") else known: one
            for known, one in line.duration_s.influences.items()
        }
        yield DURATIONS[name], replace(line.duration_s, influences=own)


def _note(line: PhaseLine, ledger: Ledger | None) -> str:
    cycles = ledger.cycles if ledger is not None else 0
    if cycles and line.count != cycles:
        return f"phase {line.name}, {line.count} times in {cycles} cycles: an occurrence's"
    return f"phase {line.name}"


def _nothing(unit: str, given: str) -> Given:
    return quantity_table(Estimate.exact(0.0, unit, kind="measured", source=given), 0.0, given, _INSIDE)
