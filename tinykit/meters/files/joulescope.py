"""Joulescope ``.jls`` version 2, through pyjls (extra ``joulescope``): current, voltage, power and gpi lines.

Signals may start at different samples and have different rates: they meet on the file's UTC map. A dropped
sample is NaN. A file that was not closed is refused before pyjls sees it: pyjls would repair it in place.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinykit.errors import MissingExtraError
from tinykit.meters.importing import MAX_RUNS, Importer, ImportOptions, refused, runs, sha256_file
from tinykit.meters.trace import (
    Block,
    ByteArray,
    FloatArray,
    Gap,
    Instrument,
    Provenance,
    Supply,
    Trace,
    TraceWarning,
)

_V2, _V1 = b"jlsfmt\r\n \n \x1a  ", b"\xd3tagfmt \r\n"
_CHUNK = 1 << 20
_TICKS_A_SECOND = 1 << 30  # JLS time64
_F32, _F64, _U1 = 0x2004, 0x4004, 0x0103
_LINES = ("gpi[0]", "gpi[1]", "gpi[2]", "gpi[3]", "trigger_in")


@dataclass(frozen=True)
class _Signal:
    """A fixed-rate signal: sample k was taken at ``start_s + k / rate_hz``, from the file's first UTC."""

    number: int
    name: str
    rate_hz: float
    length: int
    data_type: int
    start_s: float


@dataclass(frozen=True)
class _Plan:
    """``main`` sets the clock; the others are read where it is. ``skip`` of its samples have no partner."""

    main: _Signal
    voltage: _Signal | None
    lines: tuple[_Signal, ...]
    skip: int
    length: int


def _load(path: Path, options: ImportOptions) -> Trace:
    _check_closed(path)
    try:
        import pyjls
    except ImportError as error:
        raise MissingExtraError("pyjls, which reads .jls files,", "joulescope") from error
    with _opened(path, pyjls) as reader:
        signals = _signals(path, reader)
        plan = _plan(path, signals)
        sources = [source for number, source in sorted(reader.sources.items()) if number]
        dropped = _dropped(path, reader, plan)
    source = sources[0] if sources else None
    return Trace(
        sample_rate_hz=plan.main.rate_hz,
        quantity="power" if plan.main.name == "power" else "current",
        length=plan.length,
        instrument=Instrument(
            "joulescope",
            str(source.model) if source else "Joulescope",
            str(source.serial_number) if source else "",
            str(source.version) if source else "",
            "none in the file",
        ),
        supply=Supply(None, "measured", "the file", options.rail) if plan.voltage else options.supply(),
        provenance=Provenance(path.name, sha256_file(path)),
        read=lambda start, stop: _read(path, plan, start, stop),
        digital_lines=tuple(line.name for line in plan.lines),
        gaps=tuple(Gap(int(a), int(b - a), "dropped on the way to the host") for a, b in dropped),
        warnings=tuple(_warnings(plan)),
    )


def _check_closed(path: Path) -> None:
    """Raise RecordingError, JLS_V1 or JLS_UNFINISHED. Bytes 16–23 of a closed file are its length."""
    with path.open("rb") as file:
        head = file.read(32)
    if head.startswith(_V1):
        raise refused(
            path,
            "this is version 1 of the format, and 2 is read",
            "open it in a Joulescope UI of 2023 or later, and export it as .jls.",
            code="JLS_V1",
        )
    if not head.startswith(_V2) or len(head) < 32:
        raise refused(path, "this is no .jls file", "take the original file.", code="JLS_DAMAGED")
    if struct.unpack("<Q", head[16:24])[0] != path.stat().st_size:
        raise refused(
            path,
            "the file was cut, or not closed when it was recorded",
            "open a copy of it in the Joulescope UI, which repairs it in place.",
            code="JLS_UNFINISHED",
        )


@contextlib.contextmanager
def _opened(path: Path, pyjls: Any) -> Iterator[Any]:
    try:
        with pyjls.Reader(str(path)) as reader:
            yield reader
    except (RuntimeError, ValueError, UnicodeDecodeError) as error:
        raise refused(
            path, f"it cannot be read: {error}", "take the original file.", code="JLS_DAMAGED"
        ) from error


def _signals(path: Path, reader: Any) -> dict[str, _Signal]:
    known = {"current", "voltage", "power", *_LINES}
    starts: dict[str, int] = {}
    found: dict[str, Any] = {}
    for number, signal in sorted(reader.signals.items()):
        if signal.name not in known or signal.signal_type != 0 or not signal.length or not signal.sample_rate:
            continue
        if signal.name in found:
            raise refused(
                path,
                f"two signals are called '{signal.name}'",
                "export the signals of one instrument.",
                code="JLS_SIGNALS",
            )
        found[signal.name] = (number, signal)
        # Without any UTC entry pyjls makes up one of sample 0 at time 0.
        if any(timestamp for _, timestamp in reader.time_map_get(number)):
            starts[signal.name] = int(reader.sample_id_to_timestamp(number, 0))
    if len(found) > 1 and len(starts) < len(found):
        raise refused(
            path,
            "its signals have no UTC times, and nothing else says how they lie beside each other",
            "record with a current Joulescope UI or driver.",
            code="JLS_NO_UTC",
        )
    origin = min(starts.values(), default=0)
    return {
        name: _Signal(
            number,
            name,
            float(signal.sample_rate),
            int(signal.length),
            int(signal.data_type) & 0xFFFF,
            (starts.get(name, origin) - origin) / _TICKS_A_SECOND,
        )
        for name, (number, signal) in found.items()
    }


def _plan(path: Path, signals: dict[str, _Signal]) -> _Plan:
    main = signals.get("current") if "current" in signals else signals.get("power")
    voltage = signals.get("voltage") if main is not None and main.name == "current" else None
    if main is not None and main.name == "current" and voltage is None and "power" in signals:
        main = signals["power"]
    if main is None or main.data_type not in (_F32, _F64):
        raise refused(
            path, "there is no current and no power in it", "record current and voltage.", code="JLS_SIGNALS"
        )
    if voltage is not None and (voltage.rate_hz != main.rate_hz or voltage.data_type not in (_F32, _F64)):
        raise refused(
            path, "current and voltage have different rates", "record both at one rate.", code="JLS_SIGNALS"
        )
    lines = tuple(signals[name] for name in _LINES if name in signals and signals[name].data_type == _U1)
    partners = [main, *([voltage] if voltage else []), *lines]
    first_s = max(one.start_s for one in partners)
    last_s = min(one.start_s + one.length / one.rate_hz for one in partners)
    # A signal that began a fraction of a sample later still belongs to the sample it began in.
    skip = max(0, int(np.ceil((first_s - main.start_s) * main.rate_hz - 0.5)))
    length = int(np.floor((last_s - main.start_s) * main.rate_hz + 0.5)) - skip
    if length <= 0:
        raise refused(path, "its signals do not overlap in time", "record them together.", code="JLS_SIGNALS")
    return _Plan(main, voltage, lines, skip, length)


def _warnings(plan: _Plan) -> Iterator[TraceWarning]:
    cut = plan.main.length - plan.length
    if cut:
        name = plan.main.name
        yield TraceWarning("SIGNALS_CUT", f"{cut} samples of {name} are left out: another signal is shorter.")


def _dropped(path: Path, reader: Any, plan: _Plan) -> NDArray[np.int64]:
    """Runs of samples, (k, 2), that are NaN in the current or in the voltage."""
    spans = [np.empty((0, 2), np.int64)]
    for start in range(0, plan.length, _CHUNK):
        values, voltage_v = _values(reader, plan, start, min(_CHUNK, plan.length - start))
        spans.append(runs(_is_missing(values, voltage_v)) + start)
        if sum(map(len, spans)) > MAX_RUNS:
            raise refused(
                path,
                "samples are missing everywhere",
                "record again on a USB port that keeps up.",
                code="JLS_LOSSES",
            )
    return np.concatenate(spans)


def _is_missing(values: FloatArray, voltage_v: FloatArray | None) -> NDArray[np.bool_]:
    return ~np.isfinite(values) if voltage_v is None else ~(np.isfinite(values) & np.isfinite(voltage_v))


def _values(reader: Any, plan: _Plan, start: int, count: int) -> tuple[FloatArray, FloatArray | None]:
    values = reader.fsr(plan.main.number, plan.skip + start, count).astype(np.float64)
    if plan.voltage is None:
        return values, None
    offset = round((plan.main.start_s - plan.voltage.start_s) * plan.main.rate_hz)
    first = min(max(plan.skip + start + offset, 0), plan.voltage.length - count)
    return values, reader.fsr(plan.voltage.number, first, count).astype(np.float64)


def _levels(reader: Any, plan: _Plan, start: int, count: int) -> ByteArray:
    """Bit n is line n, at each sample's own time."""
    bits = np.zeros(count, np.uint8)
    for place, line in enumerate(plan.lines):
        times_s = plan.main.start_s + (plan.skip + start + np.arange(count)) / plan.main.rate_hz
        wanted = np.rint((times_s - line.start_s) * line.rate_hz).astype(np.int64).clip(0, line.length - 1)
        # pyjls 0.17 returns wrong bits, or never returns, for some lines read from the middle of a byte.
        first = int(wanted[0]) // 8 * 8
        packed = reader.fsr(line.number, first, int(wanted[-1]) - first + 1)
        level = np.unpackbits(np.asarray(packed, np.uint8), bitorder="little")[wanted - first]
        bits |= level << place
    return bits


def _read(path: Path, plan: _Plan, start: int, stop: int) -> Iterator[Block]:
    import pyjls

    with _opened(path, pyjls) as reader:
        for first in range(start, stop, _CHUNK):
            count = min(_CHUNK, stop - first)
            values, voltage_v = _values(reader, plan, first, count)
            digital = _levels(reader, plan, first, count) if plan.lines else None
            is_power = plan.main.name == "power"
            block = Block(
                first,
                current_a=None if is_power else values,
                power_w=values if is_power else None,
                voltage_v=voltage_v,
                digital=digital,
            )
            for low, high in runs(~_is_missing(values, voltage_v)).tolist():
                yield block.cut(first + low, first + high)


IMPORTER = Importer(
    name="jls",
    description=".jls of a Joulescope",
    accepts=lambda path, head: path.suffix.lower() == ".jls" or head.startswith((_V1, _V2)),
    load=_load,
)
