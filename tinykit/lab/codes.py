"""Codes on several digital lines, over time: which one held how long, without the glitches of a change.

A firmware sets its lines one after the other, so a change of several bits shows other codes for a while.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tinykit.errors import RecordingError
from tinykit.lab.phase_map import PhaseMap
from tinykit.meters.trace import Block, Trace

GlitchKind = Literal["skew", "spike", "short"]
"""Lines that changed one by one; a code that came back to where it was; neither, so a phase too short."""
GLITCHES: tuple[GlitchKind, ...] = ("skew", "spike", "short")


@dataclass(frozen=True)
class CodeRun:
    """The lines showed ``code`` from sample ``start`` to ``stop - 1``; ``unsure`` samples lost before it."""

    code: int
    start: int
    stop: int
    unsure: int = 0

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class Glitches:
    """How many there were of each kind, and how many samples they took together."""

    counts: tuple[tuple[GlitchKind, int], ...] = ()
    samples: int = 0

    def count(self, kind: GlitchKind) -> int:
        """How many of ``kind``."""
        return dict(self.counts).get(kind, 0)


class CodeReader:
    """Runs of equal codes from blocks in order; any cut into blocks gives the same."""

    def __init__(self, bits: Sequence[int], *, is_active_high: bool = True) -> None:
        """``bits[i]`` is the meter's line (0 to 7) that is bit i of the code."""
        levels = np.arange(256) if is_active_high else ~np.arange(256)
        codes = np.zeros(256, np.uint8)
        for i, line in enumerate(bits):
            codes |= (((levels >> line) & 1) << i).astype(np.uint8)
        self._codes = codes
        self._open: CodeRun | None = None

    def feed(self, block: Block) -> list[CodeRun]:
        """The runs that end in ``block``. Raises ValueError where it has no digital lines."""
        if block.digital is None:
            raise ValueError("the trace has no digital lines")
        if not len(block):
            return []
        codes = self._codes[block.digital]
        starts = [0, *(np.flatnonzero(codes[1:] != codes[:-1]) + 1).tolist()]
        ended: list[CodeRun] = []
        for start, stop in zip(starts, [*starts[1:], len(codes)], strict=True):
            code, begin, end = int(codes[start]), block.first_index + start, block.first_index + stop
            last = self._open
            if last is not None and last.code == code:
                self._open = CodeRun(code, last.start, end, last.unsure)
                continue
            if last is not None:
                ended.append(last)
            # What was lost between two codes is the later one's: it may have begun in any of those samples.
            unsure = 0 if last is None else begin - last.stop
            self._open = CodeRun(code, begin - unsure, end, unsure)
        return ended

    def finish(self) -> list[CodeRun]:
        """The run that the recording's end cut off."""
        last, self._open = self._open, None
        return [] if last is None else [last]


def line_numbers(trace: Trace, lines: Sequence[str]) -> tuple[int, ...]:
    """The numbers of ``lines`` in the trace. Raises RecordingError, code MARKER_LINE."""
    for line in lines:
        if line not in trace.digital_lines:
            raise RecordingError(
                f"The recording has no line {line}.",
                hint=f"its lines: {', '.join(trace.digital_lines) or 'none'}; 'lines' in the map names them.",
                code="MARKER_LINE",
            )
    return tuple(trace.digital_lines.index(line) for line in lines)


def read_codes(trace: Trace, coding: PhaseMap) -> tuple[tuple[CodeRun, ...], Glitches]:
    """The codes of ``trace`` from its first sample to its last, glitches taken out, and those.

    Raises RecordingError, code MARKER_LINE.
    """
    reader = CodeReader(line_numbers(trace, coding.lines), is_active_high=coding.is_active_high)
    shortest = max(1, round(coding.debounce_s * trace.sample_rate_hz))

    def runs() -> Iterator[CodeRun]:
        for block in trace.blocks():
            yield from reader.feed(block)
        yield from reader.finish()

    return settle(runs(), shortest)


def settle(runs: Iterable[CodeRun], shortest: int) -> tuple[tuple[CodeRun, ...], Glitches]:
    """Join to ``runs`` what lasts less than ``shortest`` samples.

    Between two codes it is the later one's, whose change had begun; before the same code again it is that
    one's, and no second occurrence of it. Neighbours with one code become one run.
    """
    kept: list[CodeRun] = []
    waiting: list[CodeRun] = []
    counts: Counter[GlitchKind] = Counter()
    samples = 0
    for run in runs:
        if len(run) < shortest:
            waiting.append(run)
            continue
        if waiting and kept:
            counts[_kind(kept[-1].code, waiting, run.code)] += 1
        samples += sum(len(one) for one in waiting)
        start = waiting[0].start if waiting else run.start
        unsure = sum(one.unsure for one in waiting) + run.unsure
        waiting = []
        if kept and kept[-1].code == run.code:
            kept[-1] = CodeRun(run.code, kept[-1].start, run.stop, kept[-1].unsure)
        else:
            kept.append(CodeRun(run.code, start, run.stop, unsure))
    if waiting and kept:
        kept[-1] = CodeRun(kept[-1].code, kept[-1].start, waiting[-1].stop, kept[-1].unsure)
        samples += sum(len(one) for one in waiting)
    return tuple(kept), Glitches(tuple(sorted(counts.items())), samples)


def _kind(before: int, between: Sequence[CodeRun], after: int) -> GlitchKind:
    if before == after:
        return "spike"
    changing = before ^ after
    # On the way from one code to the other, no line moves but those that change.
    return "skew" if all((run.code ^ before) & ~changing == 0 for run in between) else "short"
