"""A long session folder of an emulated PPK2's own bytes, made faster than its time passes."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sessions import BOUND, V, setup_of

from tinykit.bench.meters.ppk2 import BASE_HZ, EmulatedPpk2
from tinykit.lab.analysis import Known, analyse
from tinykit.lab.finish import finish
from tinykit.lab.recorder import ARRIVALS, BYTES, EVENTS, FILES, RAW, SETUP
from tinykit.lab.start import START, Start, write_start

WINDOWS = 8
INFERENCES_HZ, ACTIVE_SHARE = 100, 0.8
IDLE_A, ACTIVE_A, BETWEEN_A = 20e-6, 12e-3, 3e-3
TRUE_J = V * (ACTIVE_A * ACTIVE_SHARE + BETWEEN_A * (1 - ACTIVE_SHARE)) / INFERENCES_HZ
_GUARD_S, _REST_S = 1.0, 10.0
_FIRST_S = 1000.0  # by the host's clock
_READ_SAMPLES = 800  # a read gathers some milliseconds
_ARRIVAL = struct.Struct("<dq")


@dataclass(frozen=True)
class Stretch:
    """``seconds`` with the marker high (``kind`` "idle" or "infer") or low ("")."""

    kind: str
    seconds: float

    @property
    def inferences(self) -> int:
        """How many run in it."""
        return round(self.seconds * INFERENCES_HZ) if self.kind == "infer" else 0


def make(folder: Path, seed: int, seconds: float) -> None:
    """Write a finished session of ``seconds``, as `measure` leaves it, into ``folder``.

    An inference is a stretch of 8 ms in one range and one of 2 ms in another.
    """
    raw = folder / RAW
    raw.mkdir(parents=True)
    emulated = EmulatedPpk2(seed=seed)
    setup = setup_of(emulated)
    document = {"schema": "tinykit.meter_setup", "schema_version": 1, **setup.to_dict()}
    (raw / SETUP).write_text(json.dumps(document), encoding="utf-8")
    known = Known(BOUND, f"long {seed}", True, _GUARD_S / 2, 1e-4, False, complete=True)
    facts = {"started_unix_s": 1.8e9, "tinykit": "soak", "marker_line": 0, "meter": setup.to_dict()}
    write_start(folder, Start(known, facts, 0))
    emulated.receive(b"\x0c\x01\x06")
    size = 0
    with (raw / BYTES).open("wb") as data, (raw / ARRIVALS).open("wb") as arrivals:
        events = []
        for stretch in _plan(seconds):
            for current_a, levels in _samples(stretch):
                sent = emulated.feed(current_a, levels)
                data.write(sent)
                arrivals.write(_arrivals(size, size + len(sent)))
                size += len(sent)
            done = {"kind": stretch.kind, "inferences": stretch.inferences, "board_s": stretch.seconds}
            if stretch.kind:
                events.append(json.dumps({"t_host_s": _host_s(size), "what": "done", **done}) + "\n")
    (raw / EVENTS).write_text("".join(events), encoding="utf-8")
    finish(folder, facts, known, analyse(folder, known), [*FILES, START])


def _plan(seconds: float) -> Iterator[Stretch]:
    window_s = round((seconds - 2 * _REST_S - (WINDOWS + 3) * _GUARD_S) / WINDOWS, 1)
    yield from (Stretch("", _GUARD_S), Stretch("idle", _REST_S), Stretch("", _GUARD_S))
    for _ in range(WINDOWS):
        yield from (Stretch("infer", window_s), Stretch("", _GUARD_S))
    yield from (Stretch("idle", _REST_S), Stretch("", _GUARD_S))


def _samples(stretch: Stretch) -> Iterator[tuple[NDArray[np.float64], NDArray[np.uint8]]]:
    """Current and lines, a second or less at a time."""
    left = round(stretch.seconds * BASE_HZ)
    phase = np.arange(BASE_HZ) * INFERENCES_HZ % BASE_HZ < ACTIVE_SHARE * BASE_HZ
    infer_a = np.where(phase, ACTIVE_A, BETWEEN_A)
    while left:
        n = min(left, BASE_HZ)
        current_a = infer_a[:n] if stretch.kind == "infer" else np.full(n, IDLE_A)
        yield current_a, np.full(n, bool(stretch.kind), np.uint8)
        left -= n


def _arrivals(begin: int, end: int) -> bytes:
    sizes = range(begin + 4 * _READ_SAMPLES, end + 1, 4 * _READ_SAMPLES)
    return b"".join(_ARRIVAL.pack(_host_s(size), size) for size in sizes)


def _host_s(size_bytes: int) -> float:
    return _FIRST_S + size_bytes / 4 / BASE_HZ
