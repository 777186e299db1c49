"""A serial line in memory, with faults wherever a test wants them, and a clock of its own.

`DamagedLine` is what pyserial's port would be, with a `StandIn` at its other end. Time passes only by bytes,
by the board's work and by waiting, so that a stall of a minute takes no time at all.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass

import numpy as np
from running.stand_in import Quirks, StandIn, a_model, a_workload, truth

from tinykit.errors import TinykitError
from tinykit.running.serial.connect import session_on
from tinykit.running.serial.exchange import Patience
from tinykit.running.serial.link import Link

KINDS = ("loss", "duplication", "flip", "stall", "reset")
# What a board's own clock may be off the truth without anybody being able to tell: see strict.clocks_agree.
CLOCK_SLACK_S, CLOCK_SLACK_SHARE = 0.1, 0.05
MOST_CALLS = 400_000
MOST_SECONDS = 1800.0
NAMED = frozenset(
    {
        "BOARD_SILENT",
        "BOARD_RESET",
        "BOARD_REFUSED",
        "BOARD_FAULT",
        "REPLY_DAMAGED",
        "PORT_LOST",
        "BOARD_OTHER_MODEL",
        "EXTENSION_VERSION",
        "INPUT_TOO_BIG",
    }
)


@dataclass(frozen=True)
class Fault:
    """At byte ``at`` of a direction (host to board, or back): ``size`` bytes lost or doubled, bit ``size`` of
    the byte flipped, or ``size`` tenths of a second of stall; a reset takes the board down for as long."""

    kind: str
    to_board: bool
    at: int
    size: int


class Hang(AssertionError):
    """The client went on for longer than any board is worth."""


class DamagedLine:
    """The port. ``chunk`` is how many bytes a read gives at most."""

    def __init__(self, board: StandIn, faults: list[Fault], *, baud: int = 115_200, chunk: int = 64) -> None:
        self.now = 0.0
        self.board = board
        board.clock = lambda: self.now
        board.work = self._pass
        board.start()
        self.timeout = 0.02
        self._byte_s = 10.0 / baud
        self._chunk = chunk
        self._faults = {way: sorted(f.at for f in faults if f.to_board is way) for way in (True, False)}
        self._by_place = {(f.to_board, f.at): f for f in faults}
        self._counts = {True: 0, False: 0}
        self._incoming: deque[tuple[float, int]] = deque()
        self._calls = 0
        self._free_at = 0.0

    def _pass(self, seconds: float) -> None:
        self.now += seconds
        if self.now > MOST_SECONDS:
            raise Hang(f"{self.now:.0f} virtual seconds")

    def _call(self) -> None:
        self._calls += 1
        if self._calls > MOST_CALLS:
            raise Hang(f"{self._calls} calls")

    def write(self, data: bytes) -> int:
        self._call()
        for byte in self._damaged(data, to_board=True):
            self._pass(self._byte_s)
            self._from_board(self.board.hear(bytes([byte])))
        return len(data)

    def _damaged(self, data: bytes, *, to_board: bool) -> bytes:
        """What arrives of ``data``. A stall or a reset acts on the spot."""
        out = bytearray()
        skip = 0
        for byte in data:
            place = self._counts[to_board]
            self._counts[to_board] += 1
            fault = self._by_place.get((to_board, place))
            if skip:
                skip -= 1
                continue
            if fault is None:
                out.append(byte)
            elif fault.kind == "loss":
                skip = fault.size - 1
            elif fault.kind == "duplication":
                out += bytes([byte]) * 2
                if fault.size > 2:  # a stretch of what was just sent comes again
                    out += out[-fault.size :]
            elif fault.kind == "flip":
                out.append(byte ^ (1 << fault.size % 8))
            elif fault.kind == "stall":
                self._pass(fault.size / 10)
                out.append(byte)
            else:
                self._reset(fault.size / 10)
                if not to_board:
                    return bytes(out)
        return bytes(out)

    def _reset(self, down_s: float) -> None:
        self.board.start()
        self.board.t_boot = self.now + down_s
        for byte in self.board.banner():
            self._queue(byte, self.now + down_s)

    def _queue(self, byte: int, earliest: float) -> None:
        self._free_at = max(self._free_at, earliest) + self._byte_s
        self._incoming.append((self._free_at, byte))

    def _from_board(self, data: bytes) -> None:
        for byte in self._damaged(data, to_board=False) if data else b"":
            self._queue(byte, self.now)

    @property
    def in_waiting(self) -> int:
        return min(self._chunk, sum(1 for t, _ in list(self._incoming)[: self._chunk] if t <= self.now))

    def read(self, size: int) -> bytes:
        self._call()
        if size == 0:
            return b""
        if not self._incoming or self._incoming[0][0] > self.now:
            limit = self.now + self.timeout
            self._pass(max(0.0, min(self._incoming[0][0] if self._incoming else limit, limit) - self.now))
            self._from_board(self.board.idle())
        got = bytearray()
        while self._incoming and self._incoming[0][0] <= self.now and len(got) < min(size, self._chunk):
            got.append(self._incoming.popleft()[1])
        return bytes(got)

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Case:
    """A session: whose firmware, how it keeps state, how big its input is, and the line's faults."""

    extension: bool
    stateful: bool
    size: int
    chunk: int
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Outcome:
    """``code`` is "" where the session gave a result (then it was right); ``damaged``: a fault was met."""

    code: str
    damaged: bool
    virtual_s: float


class WrongResultError(AssertionError):
    """The one thing that must never be."""


def play(case: Case) -> Outcome:
    """Run one session. Raises WrongResultError for a wrong result, Hang for none, else any defect."""
    model = a_model(case.size, (4, 4) if case.extension else (4,), stateful=case.stateful)
    board = StandIn(model, Quirks(extension=case.extension), latency_s=0.01)
    line = DamagedLine(board, list(case.faults), chunk=case.chunk)
    link = Link(line, "line", 115_200, clock=lambda: line.now)
    x = np.random.default_rng(case.size).integers(-128, 128, (2, case.size)).astype(np.int8)
    try:
        with session_on(link, a_workload(model), patience=Patience(0.5, 0.03, 10.0)) as session:
            found = session.infer((x,))
            _judge(case, model, x, found.outputs)
            window = session.window(40, 2)
            off = abs(window.duration_s - 0.4)
            if off > CLOCK_SLACK_S + CLOCK_SLACK_SHARE * 0.4:
                raise WrongResultError(f"a window of {window.duration_s} s for 0.4 s: {case}")
    except TinykitError as error:
        if error.code not in NAMED:
            raise
        return Outcome(error.code, True, line.now)
    return Outcome("", _was_damaged(case, line), line.now)


def _was_damaged(case: Case, line: DamagedLine) -> bool:
    return any(fault.at < line._counts[fault.to_board] for fault in case.faults)


def _judge(case: Case, model: object, x: np.ndarray, outputs: tuple[np.ndarray, ...]) -> None:
    for got, wanted in zip(outputs, truth(model, x), strict=True):
        if case.extension:
            right = bool((got == wanted).all())
        else:
            right = bool((np.abs(got - (wanted.astype(int) + 128) / 256) < 1e-3).all())
        if not right:
            raise WrongResultError(f"{got.tolist()} for {wanted.tolist()}: {case}")


def lengths(case: Case) -> tuple[int, int]:
    """Bytes to and from the board in a session without faults."""
    clean = Case(case.extension, case.stateful, case.size, case.chunk, ())
    model = a_model(clean.size, (4, 4) if clean.extension else (4,), stateful=clean.stateful)
    line = DamagedLine(
        StandIn(model, Quirks(extension=clean.extension), latency_s=0.01), [], chunk=clean.chunk
    )
    link = Link(line, "line", 115_200, clock=lambda: line.now)
    x = np.zeros((2, clean.size), np.int8)
    with session_on(link, a_workload(model), patience=Patience(0.5, 0.03, 10.0)) as session:
        session.infer((x,))
        session.window(40, 2)
    return line._counts[True], line._counts[False]


def random_case(rng: random.Random, most_faults: int = 3) -> Case:
    """A session with one to ``most_faults`` faults, anywhere in it."""
    extension = rng.random() < 0.6
    base = Case(
        extension, extension and rng.random() < 0.5, rng.choice((8, 40, 700)), rng.choice((1, 5, 64)), ()
    )
    to_board, back = lengths(base)
    faults = []
    for _ in range(rng.randint(1, most_faults)):
        way = rng.random() < 0.5
        kind = rng.choice(KINDS)
        size = rng.randint(1, 30) if kind in ("stall", "reset", "loss", "duplication") else rng.randint(0, 7)
        faults.append(Fault(kind, way, rng.randrange(to_board if way else back), size))
    return Case(base.extension, base.stateful, base.size, base.chunk, tuple(faults))
