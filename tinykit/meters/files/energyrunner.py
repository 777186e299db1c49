"""EnergyRunner's ``trace1-energy.bin``: 0xF1, the rate as float32 LE, then float32 LE µJ a sample.

The falling edges lie beside it in ``trace1-timestamps.json``: seconds, to three decimals.
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import numpy as np

from tinykit.meters.importing import Importer, ImportOptions, check_memory, refused, sha256_file
from tinykit.meters.trace import Block, ByteArray, Instrument, Provenance, Trace, TraceWarning, array_trace

_MAGIC = b"\xf1"
_HEAD = 5
_SAMPLES, _EDGES = "-energy.bin", "-timestamps.json"
_MAX_EDGES = 100_000
_MAX_RATE_HZ = 1e7
_HINT = "take the trace as EnergyRunner wrote it."


def _load(path: Path, options: ImportOptions) -> Trace:
    size_bytes = path.stat().st_size - _HEAD
    if size_bytes < 4 or size_bytes % 4:
        raise refused(path, "it does not hold whole samples of 4 bytes", _HINT, code="ENERGYRUNNER_FORMAT")
    check_memory(path, 4 * size_bytes, options)
    raw = path.read_bytes()
    rate_hz = float(struct.unpack("<f", raw[1:_HEAD])[0])
    if not math.isfinite(rate_hz) or not 0 < rate_hz <= _MAX_RATE_HZ:
        raise refused(path, f"{rate_hz:g} samples a second cannot be", _HINT, code="ENERGYRUNNER_FORMAT")
    energy_j = np.frombuffer(raw, "<f4", offset=_HEAD).astype(np.float64) * 1e-6
    if not np.isfinite(energy_j).all():
        raise refused(path, "some samples are no numbers", _HINT, code="ENERGYRUNNER_FORMAT")
    digital, warnings = _edges(path, rate_hz, len(energy_j))
    return array_trace(
        rate_hz,
        Instrument("energyrunner", "as EnergyRunner used", "", "", "none"),
        options.supply(),
        Block(0, energy_j=energy_j, digital=digital),
        provenance=Provenance(path.name, sha256_file(path)),
        digital_lines=() if digital is None else ("D7",),
        warnings=warnings,
    )


def _edges(path: Path, rate_hz: float, length: int) -> tuple[ByteArray | None, tuple[TraceWarning, ...]]:
    """The line: high, and low for the sample in which an edge fell."""
    beside = path.with_name(path.name.removesuffix(_SAMPLES) + _EDGES)
    if not path.name.endswith(_SAMPLES) or not beside.is_file():
        return None, (TraceWarning("MARKERS_MISSING", f"{beside.name} is not beside it: no edges."),)
    if beside.stat().st_size > 100 * _MAX_EDGES:
        raise refused(beside, "this is too large for a list of edges", _HINT, code="ENERGYRUNNER_FORMAT")
    try:
        times = json.loads(beside.read_bytes())
        samples = [int(float(time_s) * rate_hz + 0.5) for time_s in times]
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise refused(beside, "this is no list of times in s", _HINT, code="ENERGYRUNNER_FORMAT") from error
    if any(not 0 <= sample < length for sample in samples) or samples != sorted(samples):
        raise refused(
            beside,
            "edges lie outside the trace, or are out of order",
            "do the two files belong together?",
            code="ENERGYRUNNER_EDGES",
        )
    digital = np.ones(length, np.uint8)
    digital[samples] = 0
    return digital, ()


IMPORTER = Importer(
    name="energyrunner",
    description="-energy.bin of EnergyRunner",
    accepts=lambda path, head: path.suffix.lower() == ".bin" and head.startswith(_MAGIC),
    load=_load,
    tails=(_SAMPLES, _EDGES),
)
