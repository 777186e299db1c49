"""CSV: one row a sample, units in the headers, no row where a sample was lost. Our own importer reads it."""

from __future__ import annotations

import numpy as np

from tinykit.lab.dense import Piece, dense
from tinykit.lab.export import Export, ExportJob
from tinykit.lab.stamp import STAMP
from tinykit.meters.trace import Trace

_VALUE = {"current": "current_A", "power": "power_W", "energy": "power_W"}


def _write(job: ExportJob) -> str:
    trace = job.analysis.trace
    headers = _headers(trace, job.session.known.simulated)
    rows = 0
    with job.path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(headers) + "\n")
        job.progress.start("Writing CSV", job.stop - job.start)
        for piece in dense(trace, job.start, job.stop):
            cells = _cells(trace, piece)
            kept = cells[~np.isnan(cells[:, 1])]
            end = ",\n" if job.session.known.simulated else "\n"
            formats = [f"%.{_decimals(trace.sample_rate_hz)}f", *(["%.9g"] * (cells.shape[1] - 1))]
            np.savetxt(file, kept, fmt=formats, delimiter=",", newline=end)
            rows += len(kept)
            job.progress.advance(len(piece))
        job.progress.finish(f"{rows:,} rows")
    lost = job.stop - job.start - rows
    return f"{rows:,} rows" + (f"; {lost:,} lost samples have none" if lost else "")


def _headers(trace: Trace, simulated: bool) -> list[str]:
    volts = ["voltage_V"] if trace.quantity == "current" and trace.supply is not None else []
    stamp = [STAMP] if simulated else []
    return ["time_s", _VALUE[trace.quantity], *volts, *trace.digital_lines, *stamp]


def _cells(trace: Trace, piece: Piece) -> np.ndarray:
    times = (piece.first + np.arange(len(piece))) / trace.sample_rate_hz
    columns = [times, piece.power_w if trace.quantity == "energy" else piece.values]
    if trace.quantity == "current" and trace.supply is not None:
        columns.append(piece.voltage_v)
    columns += [((piece.digital >> i) & 1).astype(np.float64) for i in range(len(trace.digital_lines))]
    return np.column_stack(columns)


def _decimals(rate_hz: float) -> int:
    """So many that a sample's number comes back from its time."""
    return max(6, int(np.ceil(np.log10(rate_hz))) + 2)


EXPORT = Export("csv", ".csv", "CSV, one row a sample, units in the headers", _write)
