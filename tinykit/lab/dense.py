"""A trace in pieces of equal length without holes: what was lost is NaN. For pictures and exports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tinykit.meters.trace import INVALID, Block, ByteArray, FloatArray, Trace

PIECE = 1 << 18


@dataclass(frozen=True)
class Piece:
    """Samples ``first`` to ``first + n - 1``, all (n,). ``values`` is A, W or J as the trace's quantity says.

    ``power_w`` is what they mean in watts; NaN, and lines low, where nothing is known. ``voltage_v`` is NaN
    where neither the meter nor the user says it.
    """

    first: int
    values: FloatArray
    power_w: FloatArray
    voltage_v: FloatArray
    digital: ByteArray

    def __len__(self) -> int:
        return len(self.values)


def dense(trace: Trace, start: int = 0, stop: int | None = None, *, size: int = PIECE) -> Iterator[Piece]:
    """Samples [start, stop) in pieces of ``size``; the last one may be shorter."""
    start = max(start, 0)
    stop = trace.length if stop is None else min(stop, trace.length)
    piece, first = _empty(trace, start, min(size, stop - start)), start
    for block in trace.blocks(start, stop):
        while block.first_index >= first + len(piece):
            yield piece
            first += len(piece)
            piece = _empty(trace, first, min(size, stop - first))
        while True:
            part = block.cut(first, first + len(piece))
            _fill(trace, piece, part)
            if block.end_index <= first + len(piece):
                break
            yield piece
            first += len(piece)
            piece = _empty(trace, first, min(size, stop - first))
    while len(piece):
        yield piece
        first += len(piece)
        piece = _empty(trace, first, min(size, stop - first))


def _empty(trace: Trace, first: int, n: int) -> Piece:
    n = max(n, 0)
    volts = np.nan if trace.supply is None or trace.supply.voltage_v is None else trace.supply.voltage_v
    return Piece(first, np.full(n, np.nan), np.full(n, np.nan), np.full(n, volts), np.zeros(n, np.uint8))


def _fill(trace: Trace, piece: Piece, part: Block) -> None:
    at = slice(part.first_index - piece.first, part.end_index - piece.first)
    piece.values[at] = part.values
    if part.flags is not None:
        piece.values[at][(part.flags & INVALID) != 0] = np.nan
    if part.voltage_v is not None:
        piece.voltage_v[at] = part.voltage_v
    if part.digital is not None:
        piece.digital[at] = part.digital
    if trace.quantity == "current":
        piece.power_w[at] = piece.values[at] * piece.voltage_v[at]
    elif trace.quantity == "power":
        piece.power_w[at] = piece.values[at]
    else:
        piece.power_w[at] = piece.values[at] * trace.sample_rate_hz
