"""Serving an emulated board: its serial line joined to a host's port, its clock to the wall's or to the work.

``real``: virtual time never runs ahead of the wall's; where the emulation is too slow it falls behind, and
says so. ``fast``: as fast as it can; time stands still while the board waits for the host and nothing
else, and a host that does not read holds the board up, so that nothing is lost. A meter that streams needs
time to go on: meanwhile it passes as on the wall.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from tinykit.bench.host_port import HostPort
from tinykit.bench.machine import Machine
from tinykit.bench.rig import Rig
from tinykit.bench.serve_job import ServeJob

QUANTUM_S = 0.001
# Bytes taken from the host ahead of the line, as a serial adapter would.
AHEAD_BYTES = 4096
_SLIP_S = 0.01
_HURRY_S = 0.02
_GIVE_UP_S = 1.0
_LOOK_S = 0.01
_LEAST_S = 0.0002
# A meter's samples go out so often, and so much time at most passes between.
_STREAM_S = 0.005
_STREAM_MOST_S = 0.02
_GOLDEN = 0.6180339887498949

Report = Callable[[Mapping[str, object]], None]
# Waits: file numbers to read, to write, and at most so many seconds (None: without end).
Wait = Callable[[list[int], list[int], float | None], None]


class Service:
    """One board on one port. `turn` is called again and again."""

    def __init__(
        self,
        machine: Machine,
        port: HostPort,
        job: ServeJob,
        wait: Wait,
        report: Report,
        rig: Rig | None = None,
    ) -> None:
        self._machine = machine
        self._port = port
        self._is_real = job.pace == "real"
        self._awaits_host = job.awaits_host
        self._wait = wait
        self._report = report
        self._clock_hz = machine.board.clock_hz
        self._outgoing = b""
        self._start_s = time.monotonic()
        self._start_cycle = machine.cycles()
        self._worst_slip_s = self._waited_s = 0.0
        self._reported_s = 0.0
        self._has_failed = False
        self._rig = rig
        self._is_held = rig is not None
        self._turned_s = time.monotonic()
        self._phase = 0.0
        self._full_since_s = time.monotonic()
        if rig is not None:
            machine.listeners.append(rig.timeline)
            machine.pin_listeners.append(rig.pins)

    @property
    def time_s(self) -> float:
        """The virtual time."""
        return self._machine.cycles() / self._clock_hz

    @property
    def quiet_s(self) -> float:
        """The virtual time at which the board last ended to send."""
        return self._machine.chip.uart.quiet_since / self._clock_hz

    def restart(self) -> None:
        """Reset the board."""
        self._run()
        self._machine.reset()
        self._outgoing = b""
        self._has_failed = False

    def advance(self, seconds: float) -> None:
        """Let virtual time pass, whatever the pace: for a board that waits at pace ``fast``.

        What the board says meanwhile is heard by who listens now, and by nobody who comes after.
        """
        self._hear()
        if self._is_real:
            self._run()
        self._machine.run_to(self._machine.cycles() + round(seconds * self._clock_hz))
        if not self._awaits_host:
            self._speak()

    def turn(self) -> None:
        """Hear the host, run for a while, let the host hear, wait for what is next."""
        if self._rig is not None:
            self._attend(self._rig)
            if self._is_real and self._rig.is_streaming:
                self._stay_late()
        self._hear()
        if self._awaits_host:
            self._awaits_host = not self._port.is_open
            if self._awaits_host:
                self._wait(self._port.watched(), [], _LOOK_S)
                return
            self._start_s = time.monotonic()
        if self._outgoing:
            self._speak()
        if not self._outgoing or self._is_real:
            self._run()
            self._speak()
        if self._machine.fault is not None and not self._has_failed:
            fault = self._machine.fault.error(self._machine.image, self._machine.board)
            self._report({"fault": {"code": fault.code, "message": fault.message, "hint": fault.hint}})
            # The first of them is the firmware's to speak of too.
            self._has_failed = not self._machine.enter_fault_handler()
        reads = self._port.watched() if self._has_room() else []
        writes = self._port.writable() if self._outgoing else []
        if self._rig is not None:
            self._rig.feed(self._machine.cycles())
            reads, writes = [*reads, *self._rig.watched()], [*writes, *self._rig.writable()]
        self._wait(reads, writes, self._patience())

    def _attend(self, rig: Rig) -> None:
        """Hear the meter's host; the board follows its supply."""
        machine = self._machine
        rig.hear(machine.cycles())
        is_held = not rig.is_powered
        if is_held != self._is_held or rig.mishaps.take_reset():
            rig.timeline.supply(machine.cycles(), on=not is_held)
            machine.reset()
            self._is_held, self._outgoing, self._has_failed = is_held, b"", False

    def _has_room(self) -> bool:
        return self._machine.chip.uart.on_the_line < AHEAD_BYTES

    def _hear(self) -> None:
        if self._is_real and self._waits((self._wall_cycle() - self._machine.cycles()) / self._clock_hz):
            return
        if self._has_room() and (data := self._port.read()):
            if self._is_held:
                return
            if self._is_real and self._machine.is_at_rest:
                self._machine.run_to(self._wall_cycle())
            self._machine.chip.uart.receive(data)

    def _waits(self, behind_s: float) -> bool:
        """A meter in time loses what its host does not read; one that is late can wait for it, a while."""
        if self._rig is None or not self._rig.is_full:
            self._full_since_s = time.monotonic()
            return False
        return behind_s >= _HURRY_S and time.monotonic() - self._full_since_s < _GIVE_UP_S

    def _stay_late(self) -> None:
        """While a meter streams, nothing is caught up: it would send faster than a meter ever does."""
        late_s = (self._wall_cycle() - self._machine.cycles()) / self._clock_hz - _HURRY_S
        if late_s > 0:
            self._start_s += late_s
            self._waited_s += late_s

    def _wall_cycle(self) -> int:
        return self._start_cycle + int((time.monotonic() - self._start_s) * self._clock_hz)

    def _run(self) -> None:
        machine, quantum = self._machine, int(QUANTUM_S * self._clock_hz)
        here = machine.cycles()
        if self._rig is not None and not self._is_real:
            self._run_metered(self._rig, here)
            return
        if self._is_held:
            machine.pass_time(self._wall_cycle())
            return
        ahead = here + quantum
        if machine.is_at_rest and (event := machine.next_event()) is not None:
            ahead = event + quantum
        if self._is_real:
            goal = self._wall_cycle()
            behind_s = (goal - here) / self._clock_hz
            self._note_slip(behind_s + self._waited_s)
            if self._waits(behind_s):
                return
            is_still = machine.fault is not None or (machine.is_at_rest and event is None)
            machine.run_to(goal if is_still else min(goal, ahead))
            return
        machine.run_to(ahead, frozen=True)
        # The last bytes are still leaving when the firmware rests: time goes on for them.
        if machine.is_at_rest and (last := machine.chip.uart.last_sent()) is not None:
            machine.run_to(last)

    def _run_metered(self, rig: Rig, here: int) -> None:
        """At pace fast, a little at a time: what the meter's host has not read holds everything up."""
        machine, now_s = self._machine, time.monotonic()
        passed_s, self._turned_s = min(now_s - self._turned_s, _STREAM_MOST_S), now_s
        if rig.is_full:
            return
        wall = here + int(passed_s * self._clock_hz) if rig.is_streaming else here
        if self._is_held:
            machine.pass_time(wall)
        elif machine.fault is not None or (machine.is_at_rest and self._next() is None):
            machine.run_to(wall)
        else:
            # Of no rhythm: a slow meter's samples must not end at the same place of each slice.
            self._phase = (self._phase + _GOLDEN) % 1.0
            goal = here + int((0.5 + self._phase) * _STREAM_S * self._clock_hz)
            machine.run_to(goal, frozen=True)
            if machine.is_at_rest and (last := machine.chip.uart.last_sent()) is not None:
                machine.run_to(min(last, goal))

    def _next(self) -> int | None:
        """At rest: when something happens without the host, its last byte's leaving included."""
        times = (self._machine.next_event(), self._machine.chip.uart.last_sent())
        return min((cycle for cycle in times if cycle is not None), default=None)

    def _note_slip(self, behind_s: float) -> None:
        now = time.monotonic()
        if (
            self._machine.is_at_rest
            or self._machine.fault is not None
            or behind_s < max(_SLIP_S, 1.1 * self._worst_slip_s)
        ):
            return
        self._worst_slip_s = behind_s
        if now - self._reported_s >= 1:
            self._reported_s = now
            self._report({"slip": {"behind_s": behind_s}})

    def _speak(self) -> None:
        machine = self._machine
        self._outgoing += machine.chip.uart.take(None if machine.fault else machine.cycles())
        if self._outgoing:
            written = self._port.write(self._outgoing)
            # A real line does not wait for a host that does not listen.
            self._outgoing = b"" if self._is_real else self._outgoing[written:]

    @property
    def _rig_look_s(self) -> float:
        return _STREAM_S if self._rig is not None and self._rig.is_streaming else _LOOK_S

    def _patience(self) -> float | None:
        """For how long nothing will happen unless the host does something."""
        machine = self._machine
        look = None if self._port.watched() else _LOOK_S
        if self._rig is not None:
            look = self._rig_look_s
            if self._is_held or self._rig.is_full:
                return look
        if machine.fault is not None or (self._outgoing and not self._is_real):
            return look
        now = None if machine.is_at_rest else machine.cycles()
        due = (machine.chip.uart.next_sent(), machine.next_event() if now is None else now)
        times = [cycle for cycle in due if cycle is not None]
        if not times:
            return QUANTUM_S if machine.is_polling else look
        if not self._is_real:
            return 0
        # Not at once: in a quantum's time there is more to do in one go.
        pause = QUANTUM_S if not machine.is_at_rest else _LEAST_S
        wall_s = self._start_s + (min(times) - self._start_cycle) / self._clock_hz
        left_s = max(wall_s + pause - time.monotonic(), 0)
        return left_s if self._rig is None else min(left_s, self._rig_look_s)
