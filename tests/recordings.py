"""Writers of other programs' recordings, from descriptions of their formats: for tests of importers."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

import numpy as np

RECORD = np.dtype([("current_ua", "<f4"), ("lines", ">u2")])


def nordic_lines(bits) -> np.ndarray:
    """Eight lines as pairs of bits: 01 low, 10 high."""
    bits = np.asarray(bits, np.uint16)
    words = np.zeros_like(bits)
    for line in range(8):
        words |= np.where(bits >> line & 1, 2, 1).astype(np.uint16) << (2 * line)
    return words


def ppk2_records(current_ua, bits=0) -> np.ndarray:
    """As the app writes samples: what is below 0.2 µA becomes 0."""
    records = np.zeros(len(current_ua), RECORD)
    current_ua = np.asarray(current_ua, np.float32)
    records["current_ua"] = np.where(current_ua < 0.2, 0, current_ua)
    records["lines"] = nordic_lines(np.broadcast_to(bits, len(current_ua)))
    return records


def lose(records: np.ndarray, start: int, count: int) -> np.ndarray:
    """As the app marks lost samples."""
    records["current_ua"][start : start + count] = np.float32(0.2)
    records["lines"][start : start + count] = 0x5555
    return records


def write_ppk2(
    path: Path,
    records,
    rate=100_000,
    *,
    version=2,
    metadata: str | None = None,
    compression=zipfile.ZIP_DEFLATED,
    extra: tuple[tuple[str, bytes], ...] = (),
) -> Path:
    said = {
        "metadata": {"samplesPerSecond": rate, "startSystemTime": 1700000000000},
        "formatVersion": version,
    }
    raw = records if isinstance(records, bytes) else records.tobytes()
    with zipfile.ZipFile(path, "w", compression, compresslevel=6) as archive:
        archive.writestr("session.raw", raw)
        archive.writestr("metadata.json", json.dumps(said) if metadata is None else metadata)
        archive.writestr("minimap.raw", json.dumps({"lastElementFoldCount": 0}))
        for name, data in extra:
            archive.writestr(name, data)
    return path


def write_ppk2_csv(path: Path, current_ua, bits=0, rate=100_000, groups="ticl") -> Path:
    """``groups``: t Timestamp(ms), i Current(uA), c D0-D7, l single lines; as the app's export has them."""
    bits = np.broadcast_to(bits, len(current_ua))
    header = [
        ("t", "Timestamp(ms)"),
        ("i", "Current(uA)"),
        ("c", "D0-D7"),
        ("l", ",".join(f"D{n}" for n in range(8))),
    ]
    lines = [",".join(name for group, name in header if group in groups)]
    for row, (value, word) in enumerate(zip(current_ua, bits, strict=True)):
        if np.isnan(value):
            continue
        levels = [str(int(word) >> line & 1) for line in range(8)]
        cells = {
            "t": f"{row * 1000 / rate:.3f}",
            "i": f"{value:.3f}",
            "c": "".join(levels),
            "l": ",".join(levels),
        }
        lines.append(",".join(cells[group] for group, _ in header if group in groups))
    path.write_text("\n".join(lines) + "\n")
    return path


def write_mlperf(path: Path, trials) -> Path:
    """``trials``: (energy in J a sample, event places, voltage)."""
    document = [
        {
            "power": {
                "samples": list(map(float, energy_j)),
                "timestamps": [[f"{n:02d}", int(place)] for n, place in enumerate(events)],
                "voltage": voltage,
            },
            "infer": {"iterations": 100, "warmups": 10},
        }
        for energy_j, events, voltage in trials
    ]
    path.write_text(json.dumps(document))
    return path


def write_energyrunner(folder: Path, energy_uj, edges_s, rate_hz=1000.0) -> Path:
    path = folder / "trace1-energy.bin"
    path.write_bytes(b"\xf1" + struct.pack("<f", rate_hz) + np.asarray(energy_uj, "<f4").tobytes())
    if edges_s is not None:
        (folder / "trace1-timestamps.json").write_text(json.dumps([round(edge, 3) for edge in edges_s]))
    return path


def all_samples(trace):
    """Numbers, values and digital lines of a whole trace."""
    blocks = list(trace.blocks())
    numbers = np.concatenate([np.arange(b.first_index, b.end_index) for b in blocks])
    digital = [b.digital for b in blocks if b.digital is not None]
    return numbers, np.concatenate([b.values for b in blocks]), np.concatenate(digital) if digital else None


def codes(trace) -> list[str]:
    return [warning.code for warning in trace.warnings]
