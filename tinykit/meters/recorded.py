"""A recording's raw bytes on disk as a ``Trace``: scanned once, then decoded again where it is looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tinykit.errors import RecordingError
from tinykit.meters.clock import MAX_DRIFT, ClockFit, fit_clock
from tinykit.meters.meter import Arrival, Decoder, Filtering, HostTimed, Meter, MeterSetup
from tinykit.meters.trace import Block, Gap, Provenance, Trace, TraceWarning

CHUNK_BYTES = 1 << 20
# Up to here samples may come as text, which is longer at higher powers: samples do not follow bytes.
_SLOW_HZ = 2e4
_LOOK_S = 0.05
_CHECKPOINT_BYTES = 1 << 24


@dataclass(frozen=True)
class _Checkpoint:
    """Before the byte at ``offset`` there were ``length`` periods; ``decoder`` goes on from there."""

    offset: int
    length: int
    decoder: Decoder


@dataclass(frozen=True)
class _Scan:
    decoder: Decoder
    checkpoints: tuple[_Checkpoint, ...]
    sha256: str
    sizes: tuple[int, ...]
    received: tuple[int, ...]


def recorded_trace(path: Path, meter: Meter, setup: MeterSetup, arrivals: Sequence[Arrival] = ()) -> Trace:
    """The trace of raw bytes in ``path`` that a meter of this kind and ``setup`` sent.

    ``arrivals`` say when the bytes came, in order: with them the trace knows when it began, and what vanished
    unseen. Memory stays bounded whatever the size of the file. Raises RecordingError, code RECORDING_MISSING
    or RECORDING_EMPTY.
    """
    capabilities, settings = meter.capabilities, setup.settings
    rate_hz = settings.rate_hz or capabilities.rates_hz[-1]
    arrivals = _thinned(arrivals, rate_hz)
    scan = _scan(path, meter.decoder(setup), [a.size_bytes for a in arrivals] if rate_hz <= _SLOW_HZ else [])
    if not scan.decoder.length:
        raise RecordingError(
            f"{path.name} holds no sample.", hint="was the meter started?", code="RECORDING_EMPTY"
        )
    host_timed = scan.decoder if isinstance(scan.decoder, HostTimed) else None
    fit = None if host_timed else _fit(scan, arrivals, rate_hz, meter.capabilities.loss_unit)
    t_start_host_s = host_timed.t_start_host_s if host_timed else fit.t_start_host_s if fit else None
    return Trace(
        sample_rate_hz=rate_hz,
        quantity=settings.quantity or capabilities.quantities[0],
        length=scan.decoder.length,
        instrument=setup.instrument,
        supply=settings.supply(),
        provenance=Provenance(path.name, scan.sha256),
        read=lambda start, stop: _read(path, scan.checkpoints, start, stop),
        digital_lines=capabilities.lines_at(rate_hz),
        gaps=tuple(scan.decoder.gaps),
        warnings=(*scan.decoder.warnings, *_clock_warnings(fit, rate_hz)),
        min_window_s=setup.min_window_s,
        t_start_host_s=t_start_host_s,
        lost_by_clock=0 if fit is None else fit.missing,
        new_filter=meter.new_filter if isinstance(meter, Filtering) else None,
        seen_rate_hz=None if fit is None else fit.rate_hz,
    )


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise RecordingError(
            f"{path.name} cannot be read: {error.strerror}.",
            hint="is the session's folder complete?",
            code="RECORDING_MISSING",
        ) from error


def _thinned(arrivals: Sequence[Arrival], rate_hz: float) -> Sequence[Arrival]:
    """Of a slow meter, one in ``_LOOK_S``: there the scan stops to count samples."""
    if rate_hz > _SLOW_HZ:
        return arrivals
    kept: list[Arrival] = []
    for arrival in arrivals:
        if not kept or arrival.t_host_s - kept[-1].t_host_s >= _LOOK_S:
            kept.append(arrival)
    return kept


def _chunks(file: BinaryIO, stops: Sequence[int]) -> Iterator[bytes]:
    """The file's bytes, none of the pieces over a stop."""
    at = 0
    for stop in (*stops, None):
        while stop is None or at < stop:
            chunk = file.read(CHUNK_BYTES if stop is None else min(CHUNK_BYTES, stop - at))
            if not chunk:
                break
            at += len(chunk)
            yield chunk


def _scan(path: Path, decoder: Decoder, stops: Sequence[int]) -> _Scan:
    digest = hashlib.sha256()
    checkpoints: list[_Checkpoint] = []
    sizes, received = [0], [0]
    with _open(path) as file:
        for chunk in _chunks(file, stops):
            if not checkpoints or sizes[-1] - checkpoints[-1].offset >= _CHECKPOINT_BYTES:
                checkpoints.append(_Checkpoint(sizes[-1], decoder.length, decoder.fork()))
            digest.update(chunk)
            decoder.feed(chunk)
            sizes.append(sizes[-1] + len(chunk))
            received.append(decoder.length - _lost(decoder.gaps))
    decoder.finish()
    return _Scan(decoder, tuple(checkpoints), digest.hexdigest(), tuple(sizes), tuple(received))


def _lost(gaps: Sequence[Gap]) -> int:
    return sum(gap.count for gap in gaps)


def _read(path: Path, checkpoints: Sequence[_Checkpoint], start: int, stop: int) -> Iterator[Block]:
    before = [point for point in checkpoints if point.length <= start]
    if not before or start >= stop:
        return
    decoder = before[-1].decoder.fork()
    with _open(path) as file:
        file.seek(before[-1].offset)
        while chunk := file.read(CHUNK_BYTES):
            for block in decoder.feed(chunk):
                if block.first_index >= stop:
                    return
                yield block
        yield from decoder.finish()


def _fit(scan: _Scan, arrivals: Sequence[Arrival], rate_hz: float, unit: int) -> ClockFit | None:
    """Arrivals count bytes; the scan knows samples at some bytes: of a slow meter at each arrival's.

    Between them both go along, which is exact where a sample is always as long.
    """
    t_host_s = np.array([arrival.t_host_s for arrival in arrivals], np.float64)
    size_bytes = np.array([arrival.size_bytes for arrival in arrivals], np.float64)
    received = np.interp(size_bytes, scan.sizes, scan.received)
    counts = np.cumsum([0, *(gap.count for gap in scan.decoder.gaps)])
    positions = np.array([gap.first_index for gap in scan.decoder.gaps], np.int64) - counts[:-1]
    return fit_clock(t_host_s, received + counts[np.searchsorted(positions, received)], rate_hz, unit)


def _clock_warnings(fit: ClockFit | None, rate_hz: float) -> Iterator[TraceWarning]:
    if fit is None:
        return
    if fit.jumps:
        when = ", ".join(f"{jump.t_host_s - fit.t_start_host_s:.0f} s" for jump in fit.jumps[:5])
        text = f"By the host's clock {fit.missing} samples vanished unseen, near {when} after the start."
        yield TraceWarning("LOST_BY_CLOCK", text)
    off = fit.rate_hz / rate_hz - 1
    if abs(off) > MAX_DRIFT:
        yield TraceWarning("RATE_OFF", f"{fit.rate_hz:.1f} samples came a second, and not {rate_hz:g}.")
