"""Joulescope ``.jls`` version 2 by pyjls (extra ``joulescope``): samples, marker, windows as annotations.

Times are the session's own start, so that the Joulescope UI shows when it was.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from tinykit import __version__
from tinykit.errors import MissingExtraError, UsageError
from tinykit.lab.dense import dense
from tinykit.lab.export import Export, ExportJob
from tinykit.lab.stamp import STAMP
from tinykit.meters.trace import Trace

_TICKS_A_SECOND = 1 << 30
_EPOCH_UNIX_S = 1514764800  # JLS counts from 2018-01-01
_VALUE, _VOLTS, _MARKER = 1, 2, 3


def _write(job: ExportJob) -> str:
    try:
        import pyjls
    except ImportError as error:
        raise MissingExtraError("pyjls, which writes .jls files,", "joulescope") from error
    trace = job.analysis.trace
    if trace.sample_rate_hz != round(trace.sample_rate_hz):
        raise UsageError(
            f"A .jls file takes whole rates, not {trace.sample_rate_hz:g} samples a second.",
            hint="export CSV.",
            code="EXPORT_FORMAT",
        )
    with pyjls.Writer(str(job.path)) as writer:
        _define(writer, pyjls, job, trace)
        _annotate(writer, pyjls, job)
        _samples(writer, job, trace)
    return f"{len(job.analysis.windows)} windows as annotations on {_value_name(trace)}"


def _value_name(trace: Trace) -> str:
    return "current" if trace.quantity == "current" else "power"


def _has_voltage(trace: Trace) -> bool:
    return trace.quantity == "current" and trace.supply is not None


def _define(writer: Any, pyjls: Any, job: ExportJob, trace: Trace) -> None:
    stamp = f" {STAMP}" if job.session.known.simulated else ""
    instrument = trace.instrument
    writer.source_def(
        source_id=1,
        name=f"tinykit{stamp}",
        vendor="",
        model=f"{instrument.model}{stamp}",
        version=instrument.firmware,
        serial_number=instrument.serial,
    )
    rate, kinds = round(trace.sample_rate_hz), pyjls.DataType
    unit = "A" if trace.quantity == "current" else "W"
    signals = [(_VALUE, _value_name(trace), unit, kinds.F32)]
    signals += [(_VOLTS, "voltage", "V", kinds.F32)] if _has_voltage(trace) else []
    signals += [(_MARKER, "gpi[0]", "", kinds.U1)] if trace.digital_lines else []
    began = float(job.session.manifest.get("started_unix_s") or _EPOCH_UNIX_S) - _EPOCH_UNIX_S
    for number, name, units, kind in signals:
        writer.signal_def(
            signal_id=number, source_id=1, sample_rate=rate, name=name, units=units, data_type=kind
        )
        utc_s = began + job.start / trace.sample_rate_hz
        writer.utc(number, 0, int(utc_s * _TICKS_A_SECOND))
    facts = {"tinykit": __version__, "simulated": job.session.known.simulated}
    writer.user_data(0, json.dumps({**facts, "verdict": job.session.verdict.state}))


def _annotate(writer: Any, pyjls: Any, job: ExportJob) -> None:
    counts: dict[str, int] = {}
    for phase, window in zip(job.analysis.phases, job.analysis.windows, strict=False):
        counts[phase.kind] = counts.get(phase.kind, 0) + 1
        low, high = window.start - job.start, window.stop - job.start
        if low < 0 or window.stop > job.stop:
            continue
        name = f"{phase.kind} {counts[phase.kind]}"
        inferences = f", {phase.inferences} inferences" if phase.inferences else ""
        kind = pyjls.AnnotationType
        number = sum(counts.values())
        writer.annotation(_VALUE, low, math.nan, kind.TEXT, 0, f"{name}{inferences}")
        writer.annotation(_VALUE, low, math.nan, kind.VMARKER, 0, f"{number}a")
        writer.annotation(_VALUE, high, math.nan, kind.VMARKER, 0, f"{number}b")


def _samples(writer: Any, job: ExportJob, trace: Trace) -> None:
    line = job.session.line
    imported = job.session.manifest.get("import")
    if imported and imported.get("marker") in trace.digital_lines:
        line = trace.digital_lines.index(imported["marker"])
    job.progress.start("Writing .jls", job.stop - job.start)
    for piece in dense(trace, job.start, job.stop):
        at = piece.first - job.start
        values = piece.values if trace.quantity == "current" else piece.power_w
        writer.fsr_f32(_VALUE, at, values.astype(np.float32))
        if _has_voltage(trace):
            writer.fsr_f32(_VOLTS, at, piece.voltage_v.astype(np.float32))
        if trace.digital_lines:
            bits = (piece.digital >> line) & 1
            writer.fsr(_MARKER, at, np.packbits(bits, bitorder="little"))
        job.progress.advance(len(piece))
    job.progress.finish()


EXPORT = Export("jls", ".jls", "Joulescope's .jls, windows as annotations", _write)
