"""A meter's bytes on disk within a second of arriving, whatever happens next; live power beside it."""

from __future__ import annotations

import json
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tinykit.errors import MeterError, OutputError, RecordingError
from tinykit.lab.emulator_clock import CLOCK, ClockCopy, EmulatorClock
from tinykit.lab.serial_log import SERIAL_LOG, SerialLog
from tinykit.meters.meter import Arrival, Meter, MeterSetup, OpenMeter
from tinykit.meters.recorded import recorded_trace
from tinykit.meters.registry import find_meter
from tinykit.meters.trace import Block, Trace

RAW = "raw"
BYTES, ARRIVALS, SETUP, EVENTS = "meter.bin", "arrivals.bin", "setup.json", "events.jsonl"
FILES = tuple(f"{RAW}/{name}" for name in (BYTES, ARRIVALS, SETUP, EVENTS))
_PERHAPS = (f"{RAW}/{CLOCK}", SERIAL_LOG)
SYNC_S = 0.5
_ARRIVAL = struct.Struct("<dq")
LIVE_S = 1.0
_LOOK_S = 0.2
_SILENCE_S = 5.0


@dataclass(frozen=True)
class Event:
    """Something the session did, by ``t_host_s`` (time.monotonic()): ``what`` with its ``facts``."""

    t_host_s: float
    what: str
    facts: dict[str, Any]


class Recorder:
    """Records an open, configured meter into ``folder``/raw in a thread of its own.

    Everything is written as it comes; another thread pushes it to the disk every ``SYNC_S``, so that a busy
    disk does not keep the meter waiting, which would lose samples. Use it in a ``with``; an error
    of the meter or of the disk ends the recording, and is raised by `check` and `stop`. A meter that is
    emulated and not on the wall's time (``keeps_time``) tells nothing by when its bytes arrive, unless the
    emulator declares its own time in the file ``clock``. ``log`` is pushed to the disk with the rest.
    ``look`` is shown each block as it comes, in the recorder's thread.
    """

    def __init__(
        self,
        folder: Path,
        meter: Meter,
        device: OpenMeter,
        setup: MeterSetup,
        *,
        keeps_time: bool = True,
        clock: Path | None = None,
        log: SerialLog | None = None,
        look: Callable[[Block], None] | None = None,
    ) -> None:
        """Raise OutputError where ``folder`` does not take the files."""
        self._device = device
        self._keeps_time = keeps_time or clock is not None
        self._log = log
        self._look = look
        self._decoder = meter.decoder(setup)
        self._supply_v = setup.settings.voltage_v
        self._rate_hz = setup.settings.rate_hz or meter.capabilities.rates_hz[-1]
        self._failure: Exception | None = None
        self._ending = threading.Event()
        self._live: float | None = None
        self._sum_w, self._count, self._since_s = 0.0, 0, time.monotonic()
        self._unseen, self._looked_s = bytearray(), time.monotonic()
        self._heard_s = time.monotonic()
        self._silence_s = max(_SILENCE_S, 20 / self._rate_hz)
        self._lock = threading.Lock()
        raw = folder / RAW
        try:
            raw.mkdir(parents=True, exist_ok=True)
            document = {"schema": "tinykit.meter_setup", "schema_version": 1, **setup.to_dict()}
            (raw / SETUP).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
            self._bytes = (raw / BYTES).open("xb")
            self._arrivals = (raw / ARRIVALS).open("xb")
            self._events = (raw / EVENTS).open("x", encoding="utf-8")
            self._clock = None if clock is None else ClockCopy(clock, raw / CLOCK)
        except OSError as error:
            raise _unwritable(folder, error) from error
        self._folder = folder
        self._thread = threading.Thread(target=self._record, name="tinykit-recorder", daemon=True)
        self._syncer = threading.Thread(target=self._sync_now_and_then, name="tinykit-sync", daemon=True)

    def __enter__(self) -> Recorder:
        self._device.start()
        self._heard_s = time.monotonic()
        self._thread.start()
        self._syncer.start()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._end()

    @property
    def live_w(self) -> float | None:
        """Mean power over the last whole second, None before there is one."""
        return self._live

    def event(self, what: str, **facts: Any) -> None:
        """Write down that ``what`` happens now."""
        line = json.dumps({"t_host_s": time.monotonic(), "what": what, **facts})
        try:
            with self._lock:
                self._events.write(line + "\n")
                self._events.flush()
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def check(self) -> None:
        """Raise what ended the recording before its time.

        MeterError, OutputError for a full disk, or what driver, ``look`` or ``log`` raised by its own fault.
        """
        has_ended = self._thread.ident is not None and not self._thread.is_alive()
        if self._failure is not None:
            raise self._failure
        if self._log is not None:
            self._log.check()
        if has_ended and not self._ending.is_set():
            raise MeterError(
                "The recording has ended by itself.",
                hint="measure again; tinykit session recover saves what was recorded until now.",
                code="RECORDER_ENDED",
            )
        if self._thread.is_alive() and time.monotonic() - self._heard_s > self._silence_s:
            raise MeterError(
                f"The meter has sent nothing for {self._silence_s:.0f} s.",
                hint="it has stopped by itself: for an overcurrent, say; see what it shows.",
                code="METER_SILENT",
            )

    def stop(self) -> None:
        """End the recording in order, and raise what `check` would."""
        self._end()
        self.check()

    def _end(self) -> None:
        if self._ending.is_set():
            return
        self._ending.set()
        for thread in (self._thread, self._syncer):
            if thread.is_alive():
                thread.join(timeout=10.0)
        copied = () if self._clock is None else (self._clock,)
        closing = (file.close for file in (self._bytes, self._arrivals, self._events, *copied))
        for last in (self._sync, *closing):
            try:
                last()
            except Exception as error:
                self._fail(error)

    def _fail(self, error: Exception) -> None:
        """Keep what ended the recording, for `check` and `stop` to raise: no thread ends in silence."""
        if self._failure is None:
            self._failure = _unwritable(self._folder, error) if isinstance(error, OSError) else error

    def _record(self) -> None:
        size = 0
        try:
            while not self._ending.is_set() and self._failure is None:
                size = self._keep(self._device.read(0.1), size)
            self._keep(self._device.stop(), size)
        except Exception as error:
            self._fail(error)

    def _keep(self, data: bytes, size: int) -> int:
        if not data:
            return size
        self._heard_s = time.monotonic()
        self._bytes.write(data)
        self._bytes.flush()
        size += len(data)
        if self._keeps_time:
            self._arrivals.write(_ARRIVAL.pack(time.monotonic(), size))
            self._arrivals.flush()
        self._watch(data)
        return size

    def _sync_now_and_then(self) -> None:
        try:
            while not self._ending.wait(SYNC_S):
                self._sync()
        except Exception as error:
            self._fail(error)

    def _sync(self) -> None:
        for file in (self._bytes, self._arrivals, self._events):
            os.fsync(file.fileno())
        if self._clock is not None:
            self._clock.sync()
        if self._log is not None:
            self._log.sync()

    def _watch(self, data: bytes) -> None:
        """Decode for the live power, now and then: what comes in a few milliseconds costs as much as this.

        Nothing is kept of it: the session's numbers come from the files.
        """
        self._unseen += data
        now = time.monotonic()
        if now - self._looked_s < _LOOK_S:
            return
        blocks = self._decoder.feed(bytes(self._unseen))
        self._looked_s, self._unseen = now, bytearray()
        if self._look is not None:
            for block in blocks:
                self._look(block)
        values = np.concatenate([block.values for block in blocks]) if blocks else np.zeros(0)
        values = values[~np.isnan(values)]
        if not len(values):
            return
        power = float(values.sum())
        if blocks[0].current_a is not None:
            power *= self._supply_v or 0.0
        elif blocks[0].energy_j is not None:
            power *= self._rate_hz
        self._sum_w, self._count = self._sum_w + power, self._count + len(values)
        if now - self._since_s >= LIVE_S:
            self._live = self._sum_w / self._count
            self._sum_w, self._count, self._since_s = 0.0, 0, now


def recorded_files(folder: Path) -> tuple[str, ...]:
    """The names of what a recording left in ``folder``, for its manifest."""
    return tuple(name for name in (*FILES, *_PERHAPS) if (folder / name).is_file())


def read_recording(folder: Path) -> tuple[Trace, MeterSetup, tuple[Event, ...]]:
    """The trace that `Recorder` left in ``folder``, cut off or not, and what the session wrote down.

    Raises RecordingError: RECORDING_SETUP where the setup is not sound, and what `recorded_trace` raises.
    """
    raw = folder / RAW
    try:
        document = json.loads((raw / SETUP).read_text(encoding="utf-8"))
        if document.pop("schema") != "tinykit.meter_setup" or document.pop("schema_version") != 1:
            raise ValueError("it is not a meter's setup of version 1")
        setup = MeterSetup.from_dict(document)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordingError(
            f"{raw / SETUP} is refused: {error}.",
            hint="without it the meter's bytes cannot be read; take the folder from its backup.",
            code="RECORDING_SETUP",
        ) from error
    meter, arrivals = find_meter(setup.meter), tuple(_read_arrivals(raw))
    if not (raw / CLOCK).is_file():
        trace = recorded_trace(raw / BYTES, meter, setup, arrivals)
        return trace, setup, tuple(_read_events(raw))
    clock = None
    with suppress(ValueError):  # cut off before it said anything: then nobody knows the time
        clock = EmulatorClock(raw / CLOCK)
    trace = recorded_trace(raw / BYTES, meter, setup, () if clock is None else clock.own(arrivals))
    events = tuple(_read_events(raw))
    if clock is not None:
        # The trace is on the emulator's time; what the host noted must be, too, to be found in it.
        events = tuple(replace(one, t_host_s=clock.own_s(one.t_host_s)) for one in events)
    return trace, setup, events


def _read_arrivals(raw: Path) -> Iterator[Arrival]:
    data = (raw / ARRIVALS).read_bytes() if (raw / ARRIVALS).is_file() else b""
    whole = len(data) // _ARRIVAL.size * _ARRIVAL.size  # a session that was killed ends anywhere
    for t_host_s, size in _ARRIVAL.iter_unpack(data[:whole]):
        yield Arrival(t_host_s, size)


def _read_events(raw: Path) -> Iterator[Event]:
    text = (raw / EVENTS).read_text(encoding="utf-8", errors="replace") if (raw / EVENTS).is_file() else ""
    for line in text.splitlines():
        try:
            entry = json.loads(line)
            yield Event(float(entry.pop("t_host_s")), str(entry.pop("what")), entry)
        except (ValueError, KeyError, TypeError, AttributeError):
            return  # the line that was being written when the session was killed


def _unwritable(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"The session in {folder} cannot be written: {error.strerror or error}.",
        hint="make room on the disk; tinykit session recover saves what was recorded until now.",
    )
