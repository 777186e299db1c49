"""Board and meter on one virtual clock: the machine's events in, the meter's bytes out, the truth aside.

Sample k of the meter lies at cycle ceil(k x cycles a second / samples a second), counted in integers.
"""

from __future__ import annotations

import json
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import numpy as np
from numpy.typing import NDArray

from tinykit.bench.clock_file import ClockFile
from tinykit.bench.host_port import CHUNK_BYTES, HostPort, open_port
from tinykit.bench.mishaps import Mishaps
from tinykit.bench.power import PowerModel, PowerTimeline, TrueStretch, TrueWindow
from tinykit.bench.rig_errors import draw_rig
from tinykit.bench.rig_job import RigJob
from tinykit.bench.wired import Marker, wire_meter
from tinykit.boards import Board
from tinykit.errors import OutputError

QUEUE_BYTES = 1 << 16
"""What the meter keeps for a host that does not read; at pace real it loses what is more."""
LEAST = 500
_BATCH = 10_000
_MICRO = 1_000_000
_DRIFT_S = 3600.0
_BURST_HZ = 100e3


class SampleGrid:
    """Where the meter's samples lie, in the board's cycles."""

    def __init__(self, cycles_hz: float, samples_hz: float) -> None:
        self._cycles, self._samples = round(cycles_hz * _MICRO), round(samples_hz * _MICRO)

    def count(self, cycle: int) -> int:
        """How many samples, from number 1 on, lie at or before ``cycle``."""
        return cycle * self._samples // self._cycles

    def cycles(self, first: int, last: int) -> NDArray[np.int64]:
        """The cycles of samples ``first`` to ``last``, both included; at most 10,000 of them at a time."""
        whole, left = divmod(first * self._cycles, self._samples)
        further = np.arange(last - first + 1, dtype=np.int64) * self._cycles + left
        cycles: NDArray[np.int64] = whole - (-further // self._samples)
        return cycles


class Rig:
    """The meter's side of one board; a context manager that closes port and files."""

    def __init__(self, job: RigJob, board: Board) -> None:
        """Raises what `open_port` raises; OutputError where the truth cannot be written."""
        errors = draw_rig(job.errors, job.seed)
        self._clock_hz = board.clock_hz * (1 + errors.board_clock)
        self._nominal_hz = board.clock_hz
        self._errors = errors
        self._meter = wire_meter(job)
        self._grid = SampleGrid(self._clock_hz, self._meter.base_hz)
        model = power_model(job, board, _BURST_HZ if errors.pulses else 0.0)
        self.timeline = PowerTimeline(model, self._clock_hz, self._note, self._note_stretch)
        self._first_pin = board.marker.pin
        self.mishaps = Mishaps(job.faults, self._clock_hz)
        self._skew = round(errors.skew_s * self._clock_hz)
        # A marker that the meter sees early is an edge of the future.
        self._lag = max(-self._skew, 0)
        self._edges: deque[tuple[int, bool]] = deque()
        self._codes: deque[tuple[int, int]] = deque()
        self._others = self._stretches = 0
        self._level, self._fed, self._smooth_a, self._windows = False, 0, 0.0, 0
        self._rail_v = self._began_s = 0.0
        self._queue = bytearray()
        self._left_s = time.monotonic()
        self._truth = _open_truth(job.truth)
        try:
            self._clock = ClockFile(job.clock)
            self.port: HostPort | None = open_port(job.port)
        except BaseException:
            self.close()
            raise
        self.url = self.port.url
        self.timeline.supply(0, False)

    @property
    def is_powered(self) -> bool:
        """The board has its supply."""
        if self.port is None or self.mishaps.rail_is_dead:
            return False
        return self._meter.rail_v > 0 or self.mishaps.is_fed

    @property
    def is_streaming(self) -> bool:
        """The meter sends samples to somebody: time must go on."""
        return self.port is not None and self._meter.is_streaming and self.port.is_open

    @property
    def is_full(self) -> bool:
        """The host has not read what there is: a bench that need not lose anything waits."""
        return self.port is not None and self.port.is_open and len(self._queue) >= QUEUE_BYTES

    def hear(self, cycle: int) -> None:
        """Take the host's commands."""
        if self.port is None:
            return
        now_s = time.monotonic()
        if data := self.port.read():
            self.feed(cycle, least=0)
            self._meter.receive(data)
            self.feed(cycle, least=0)
        if self.port.is_open:
            self._left_s = now_s
        elif now_s - self._left_s > self._meter.rail_lag_s:
            self._meter.host_left()

    def feed(self, cycle: int, least: int = LEAST) -> None:
        """Let the meter measure until ``cycle``, and send, if it has ``least`` samples to take until then."""
        last = self._grid.count(max(cycle - self._lag, 0))
        if last - self._fed < least:
            self.speak()
            return
        self._edges += self.mishaps.edges(self.timeline.take_edges())
        self._codes += self.timeline.take_lines()
        while True:
            upto = min(last, self._fed + _BATCH)
            self._measure(self._fed, upto)
            self._fed = upto
            if upto == last:
                break
        self._strike(cycle)
        self.speak()

    def _measure(self, first: int, last: int) -> None:
        if last == first:
            data = self._meter.feed(np.empty(0), Marker(np.empty(0, np.uint8), []))
        else:
            at = self._grid.cycles(first, last)
            self._rail_v = self._meter.rail_v or self._rail_v
            watts = self.timeline.means(at)
            amperes = self._smoothed(watts / self._rail_v if self._rail_v else np.zeros(len(watts)))
            drift = np.minimum(at[1:] / self._clock_hz / _DRIFT_S, 1.0) * self._errors.drift
            data = self._meter.feed(amperes * (1 + drift), self._marker(at[:-1]))
        room = len(data) if not self.is_full else 0
        self._meter.keeps_up(bool(room or not data))
        self._queue += data[:room]
        if not self.is_streaming:
            self._began_s = self._own_s(last)
        self._clock.queued(room, self._own_s(last) if data and self.is_streaming else None, self._began_s)

    def _own_s(self, sample: int) -> float:
        return int(self._grid.cycles(sample, sample)[0]) / self._nominal_hz

    def _smoothed(self, amperes: NDArray[np.float64]) -> NDArray[np.float64]:
        """The board's capacitor gives what the rail brings later: a low pass, sample by sample."""
        if not self._errors.decoupling_s:
            return amperes
        from_before = float(np.exp(-1.0 / (self._meter.base_hz * self._errors.decoupling_s)))
        out, last = np.empty_like(amperes), self._smooth_a
        for n, value in enumerate(amperes.tolist()):
            last = value + (last - value) * from_before
            out[n] = last
        self._smooth_a = last
        return out

    def _marker(self, at: NDArray[np.int64]) -> Marker:
        levels = np.full(len(at), self._level, np.uint8)
        falls: list[int] = []
        while self._edges and self._edges[0][0] + self._skew <= at[-1]:
            cycle, high = self._edges.popleft()
            place = int(np.searchsorted(at, cycle + self._skew))
            levels[place:] = high
            self._level = high
            if not high:
                falls.append(place)
        return Marker(levels | self._other_lines(at), falls)

    def _other_lines(self, at: NDArray[np.int64]) -> NDArray[np.uint8]:
        """D1 to D7, wired to the pins that follow the marker's."""
        levels = np.full(len(at), self._others, np.uint8)
        while self._codes and self._codes[0][0] + self._skew <= at[-1]:
            cycle, code = self._codes.popleft()
            self._others = code & ~1
            levels[int(np.searchsorted(at, cycle + self._skew)) :] = self._others
        return levels

    def pins(self, cycle: int, levels: int) -> None:
        """The board's pins have changed; see `tinykit.bench.listener`."""
        self.timeline.lines(cycle, levels >> self._first_pin & 0xFF)

    def _strike(self, cycle: int) -> None:
        due = self.mishaps.look(cycle, self.timeline, is_streaming=self.is_streaming)
        if due == "saturation" and (amperes := self._meter.overload()):
            self.timeline.load(cycle, amperes * self._rail_v)
        elif due == "unplugged" and self.port is not None:
            self.port.close()
            self.port = None

    def speak(self) -> None:
        """Send what the host takes."""
        if self.port is None:
            return
        while self._queue:
            t_host_s = time.monotonic()
            sent = self.port.write(bytes(self._queue[:CHUNK_BYTES]))
            if not sent:
                return
            del self._queue[:sent]
            self._clock.sent(sent, t_host_s)

    def watched(self) -> list[int]:
        """File numbers to wait on for the host."""
        return [] if self.port is None else self.port.watched()

    def writable(self) -> list[int]:
        """File numbers to wait on for room."""
        return self.port.writable() if self.port is not None and self._queue else []

    def _note(self, window: TrueWindow) -> None:
        self._write({"window": self._windows}, window)
        self._windows += 1

    def _note_stretch(self, stretch: TrueStretch) -> None:
        self._write({"stretch": self._stretches, "lines": stretch.lines}, stretch)
        self._stretches += 1

    def _write(self, what: dict[str, int], part: TrueWindow | TrueStretch) -> None:
        if self._truth is None:
            return
        lasted = {"start_s": part.start / self._clock_hz, "end_s": part.end / self._clock_hz}
        self._truth.write(json.dumps({**what, **lasted, "energy_j": part.energy_j}) + "\n")
        self._truth.flush()

    def close(self) -> None:
        """Take the port away, and end the file."""
        if getattr(self, "port", None) is not None:
            assert self.port is not None
            self.port.close()
            self.port = None
        if self._truth is not None:
            self._truth.close()
        if hasattr(self, "_clock"):
            self._clock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def power_model(job: RigJob, board: Board, burst_hz: float) -> PowerModel:
    """The board's states, as its file has them and ``job`` replaces them."""
    watts = {state.name: state.power_w for state in board.power.states} if board.power else {}
    watts |= dict(job.powers_w)
    return PowerModel(watts["active"], watts["idle"], watts["sleep"], watts["uart"], burst_hz)


def _open_truth(path: str) -> TextIO | None:
    if not path:
        return None
    try:
        return Path(path).open("w", encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"The truth cannot be written to {path}: {error.strerror}.", hint="name a file in another folder."
        ) from error
