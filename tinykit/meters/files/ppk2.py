"""``.ppk2`` (version 2) of Nordic's Power Profiler: a zip with ``session.raw`` and ``metadata.json``.

A record is float32 LE µA and uint16 BE of eight pairs of bits, pair n for Dn: 01 low, 10 high, 11 both.
The app writes what is below 0.2 µA as 0 and a lost sample as exactly 0.2 µA with all lines low, and below
100 kS/s the output of a first-order filter instead of averages (source of the app, 2026-03).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tinykit.meters.importing import MAX_RUNS, Importer, ImportOptions, refused, runs, sha256_file
from tinykit.meters.trace import INVALID, Block, Gap, Instrument, Provenance, Trace, TraceWarning
from tinykit.meters.zip_member import ZipMember, open_archive, open_member

FULL_RATE_HZ = 100_000.0
_RECORD = np.dtype([("current_ua", "<f4"), ("lines", ">u2")])
_LOST_UA = np.float32(0.2)
_ALL_LOW = 0x5555
_MAX_RAW_BYTES = 64 * 1024**3  # 30 hours at full rate; read piece by piece
_MAX_METADATA_BYTES = 1 << 20
# A window of 1000 time constants of the app's filter loses less than 0.1 % of its charge at the edges.
_FILTER_WINDOW = 1000
_DAMAGED = "open it in Nordic's Power Profiler and save it again."

Lines = Literal["nordic", "plain", "none"]


@dataclass(frozen=True)
class _Scan:
    lost: NDArray[np.int64]  # (k, 2): start, stop
    clamped: int
    invalid: int
    mixed: int
    lines: Lines


def _load(path: Path, options: ImportOptions) -> Trace:
    with open_archive(path) as archive:
        rate_hz = _rate(path, archive.read(_metadata(archive, path)))
        member = open_member(archive, path, "session.raw", _MAX_RAW_BYTES)
    if member.size == 0 or member.size % _RECORD.itemsize:
        raise refused(
            path,
            f"session.raw has {member.size} bytes, which are not whole samples of {_RECORD.itemsize}",
            _DAMAGED,
            code="PPK2_SIZE",
        )
    scan = _scan(path, member)
    return Trace(
        sample_rate_hz=rate_hz,
        quantity="current",
        length=member.size // _RECORD.itemsize,
        instrument=Instrument("ppk2", "Nordic PPK2", "", "", "none"),
        supply=options.supply(),
        provenance=Provenance(path.name, sha256_file(path)),
        read=lambda start, stop: _read(member, scan, start, stop),
        digital_lines=() if scan.lines == "none" else tuple(f"D{line}" for line in range(8)),
        gaps=tuple(Gap(int(a), int(b - a), "the app lost these samples") for a, b in scan.lost),
        warnings=tuple(_warnings(scan, rate_hz, member.size // _RECORD.itemsize)),
        min_window_s=_FILTER_WINDOW / rate_hz if rate_hz < FULL_RATE_HZ else 0.0,
    )


def _metadata(archive: Any, path: Path) -> str:
    return open_member(archive, path, "metadata.json", _MAX_METADATA_BYTES).name


def _rate(path: Path, raw: bytes) -> float:
    try:
        document = json.loads(raw)
        version, rate = document["formatVersion"], document["metadata"]["samplesPerSecond"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise refused(
            path, "metadata.json does not say the sample rate", _DAMAGED, code="PPK2_METADATA"
        ) from error
    if version != 2:
        raise refused(path, f"format version {str(version)[:20]}; 2 is known", _DAMAGED, code="PPK2_VERSION")
    is_number = isinstance(rate, int | float) and not isinstance(rate, bool)
    if not is_number or not math.isfinite(rate) or not 0 < rate <= FULL_RATE_HZ:
        raise refused(path, f"{str(rate)[:20]} samples a second", _DAMAGED, code="PPK2_METADATA")
    return float(rate)


def _records(pieces: Iterable[bytes]) -> Iterator[NDArray[Any]]:
    rest = b""
    for piece in pieces:
        data = rest + piece
        whole = len(data) // _RECORD.itemsize
        if whole:
            yield np.frombuffer(data, _RECORD, whole)
        rest = data[whole * _RECORD.itemsize :]


def _lost(records: NDArray[Any]) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = (records["current_ua"] == _LOST_UA) & (records["lines"] == _ALL_LOW)
    return mask


def _scan(path: Path, member: ZipMember) -> _Scan:
    spans: list[NDArray[np.int64]] = []
    at = clamped = invalid = mixed = found = odd = 0
    plain = True
    for records in _records(member.scan()):
        here = runs(_lost(records)) + at
        spans.append(here)
        found += len(here)
        if found > MAX_RUNS:
            raise refused(
                path,
                f"samples are missing in more than {MAX_RUNS:,} places",
                "record again on a USB port that keeps up.",
                code="PPK2_LOSSES",
            )
        clamped += int((records["current_ua"] == 0).sum())
        invalid += int((~np.isfinite(records["current_ua"])).sum())
        lines = records["lines"].astype(np.uint16)
        high, low = (lines >> 1) & 0x5555, lines & 0x5555
        odd += int(((high | low) != 0x5555).sum())
        mixed += int(((high & low) != 0).sum())
        plain = plain and bool((lines & 0xFF == 0).all())
        at += len(records)
    kind: Lines = "nordic" if not odd else "plain" if plain else "none"
    return _Scan(_joined(np.concatenate(spans)), clamped, invalid, mixed, kind)


def _joined(spans: NDArray[np.int64]) -> NDArray[np.int64]:
    """Runs that a piece's end had cut, whole again."""
    if not len(spans):
        return spans
    begins = np.concatenate(([True], spans[1:, 0] != spans[:-1, 1]))
    starts = np.flatnonzero(begins)
    stops = np.concatenate((starts[1:], [len(spans)])) - 1
    return np.column_stack((spans[starts, 0], spans[stops, 1]))


def _warnings(scan: _Scan, rate_hz: float, length: int) -> Iterator[TraceWarning]:
    if rate_hz < FULL_RATE_HZ:
        yield TraceWarning(
            "DECIMATED",
            f"{rate_hz:g} samples a second of the app's are a first-order filter's output, not averages: "
            "energy inside a window is wrong by the filter's tail.",
        )
    if scan.clamped:
        share = 100 * scan.clamped / length
        yield TraceWarning(
            "PPK2_CLAMPED", f"{share:.3g} % of the samples were below 0.2 µA and are stored as 0."
        )
    if scan.invalid:
        yield TraceWarning("NOT_A_NUMBER", f"{scan.invalid} samples are no numbers.")
    if scan.lines == "plain":
        yield TraceWarning(
            "PPK2_LINES_PLAIN", "The lines are plain bits, not pairs: another program wrote this."
        )
    elif scan.lines == "none":
        yield TraceWarning("PPK2_LINES_UNREADABLE", "The lines are no pairs of Nordic's, and are left out.")
    elif scan.mixed:
        yield TraceWarning(
            "LINES_MIXED", f"{scan.mixed} samples hold a line both high and low; taken as high."
        )


def _read(member: ZipMember, scan: _Scan, start: int, stop: int) -> Iterator[Block]:
    at = start
    for records in _records(member.read(start * _RECORD.itemsize)):
        taken = records[: stop - at]
        # Edges of what is there between lost runs: even places begin, odd ones end.
        edges = runs(~_lost(taken)) if len(scan.lost) else np.array([[0, len(taken)]])
        for low, high in edges.tolist():
            yield _block(at + low, taken[low:high], scan.lines)
        at += len(records)
        if at >= stop:
            return


def _block(first_index: int, records: NDArray[Any], lines: Lines) -> Block:
    current_a = records["current_ua"].astype(np.float64) * 1e-6
    finite = np.isfinite(current_a)
    flags = None if finite.all() else np.where(finite, 0, INVALID).astype(np.uint8)
    current_a[~finite] = np.nan
    words = records["lines"].astype(np.uint16)
    digital = None
    if lines == "nordic":
        digital = _HIGH_BITS[words >> 8] << 4 | _HIGH_BITS[words & 0xFF]
    elif lines == "plain":
        digital = (words >> 8).astype(np.uint8)
    return Block(first_index, current_a=current_a, digital=digital, flags=flags)


def _high_bits() -> NDArray[np.uint8]:
    byte = np.arange(256)
    bits = (byte[:, np.newaxis] >> np.array([1, 3, 5, 7]) & 1) << np.arange(4)
    return np.asarray(bits.sum(axis=1), np.uint8)


_HIGH_BITS = _high_bits()
"""Four pairs to four bits: bit 1 of a pair says that the line was high."""

IMPORTER = Importer(
    name="ppk2",
    description=".ppk2 of Nordic's Power Profiler",
    accepts=lambda path, head: (
        path.suffix.lower() == ".ppk2" or (head[:2] == b"PK" and b"session.raw" in head)
    ),
    load=_load,
)
