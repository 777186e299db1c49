"""What a meter's lines do while a recording runs: how many windows or cycles so far, which lines move."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinykit.lab.codes import CodeReader, CodeRun
from tinykit.lab.external import Marks
from tinykit.lab.windows import DEBOUNCE_S
from tinykit.meters.trace import Block


class LineWatch:
    """Fed with blocks in order from one thread, asked from another. It only says when to end.

    What is counted here is counted again from the recording. ``done`` is the number of whole windows, or of
    whole cycles where there are phases; ``samples`` how many have passed, lost ones included.
    """

    def __init__(self, marks: Marks, lines: Sequence[str], rate_hz: float) -> None:
        """``lines`` are the meter's, all that ``marks`` names among them."""
        coding = marks.phases
        self._marks, self._lines = marks, tuple(lines)
        named = (marks.marker,) if coding is None else coding.lines
        self._bits = tuple(lines.index(name) for name in named)
        active_high = marks.level != "low" if coding is None else coding.is_active_high
        self._reader = CodeReader(self._bits, is_active_high=active_high)
        debounce_s = DEBOUNCE_S if coding is None else coding.debounce_s
        self._shortest = max(1, int(debounce_s * rate_hz))
        self._first: int | None = None
        self._moved = 0
        self._begun = -1
        self._last = ""
        self._skipped = 0
        self.done = 0
        self.samples = 0

    @property
    def moved(self) -> tuple[str, ...]:
        """The lines that have changed their level."""
        return tuple(name for i, name in enumerate(self._lines) if self._moved >> i & 1)

    @property
    def has_moved(self) -> bool:
        """Whether one of the lines that count has."""
        return any(self._moved >> bit & 1 for bit in self._bits)

    def feed(self, block: Block) -> None:
        """The next samples."""
        if block.digital is None or not len(block):
            return
        if self._first is None:
            self._first = int(block.digital[0])
        self._moved |= int(np.bitwise_or.reduce(block.digital ^ np.uint8(self._first)))
        for run in self._reader.feed(block):
            self._note(run)
        self.samples = block.end_index

    def _note(self, run: CodeRun) -> None:
        if len(run) < self._shortest and self._marks.level != "pulses":
            return
        coding = self._marks.phases
        if coding is None:
            self._count_windows(run)
            return
        name = coding.name(run.code)
        if name == coding.cycle and self._last not in ("", name):
            self._begun += 1
            self.done = max(self._begun, 0)
        self._last = name

    def _count_windows(self, run: CodeRun) -> None:
        # The first run is one that the recording's beginning cut.
        is_first, self._last = not self._last, "a run"
        if not run.code or (is_first and self._marks.level != "pulses"):
            return
        self._skipped += 1
        whole = self._skipped - self._marks.skip
        self.done = max(whole // 2 if self._marks.level == "pulses" else whole, 0)
