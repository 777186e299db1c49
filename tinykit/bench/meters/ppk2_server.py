"""An emulated PPK2 on ports of its own, on the wall clock, with a programmed current: to try clients with."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tinykit.bench.host_port import CHUNK_BYTES, HostPort, open_port
from tinykit.bench.meters.ppk2 import EmulatedPpk2

Profile = Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.uint8]]]
"""Times in s since the server began, (n,) → the target's true current in A and the lines D0-D7, both (n,)."""

_STEP_S = 0.002
_FALL_S = 0.25
QUEUE_BYTES = 1 << 16


class Ppk2Server:
    """Serves ``meter`` on two ports while it is entered; ``port`` and ``shell`` are what a host opens.

    ``measure_at`` and ``shell_at`` are ``pty:LINK`` or ``tcp:HOST:PORT``. VOUT falls 0.25 s after the host
    has closed the port. A host that is more than ``queue_bytes`` behind loses samples, by whole packets.
    """

    def __init__(
        self,
        meter: EmulatedPpk2,
        profile: Profile,
        measure_at: str,
        shell_at: str,
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:
        self.meter, self._profile, self._queue_bytes = meter, profile, queue_bytes
        self._over = threading.Event()
        self._measure = open_port(measure_at)
        self._shell = open_port(shell_at)
        self.port, self.shell = self._measure.url, self._shell.url
        self._queue = bytearray()
        self._thread = threading.Thread(target=self._serve, name="emulated ppk2", daemon=True)

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving; a host that still has a port open sees it hang up."""
        self.unplug()

    def unplug(self) -> None:
        """Take the meter away at once."""
        self._over.set()
        self._thread.join()

    def _serve(self) -> None:
        began_s = left_s = time.monotonic()
        fed = 0
        try:
            while not self._over.wait(_STEP_S):
                now_s = time.monotonic()
                self.meter.receive(self._measure.read())
                left_s = now_s if self._measure.is_open else left_s
                if now_s - left_s > _FALL_S:
                    self.meter.host_left()
                due = int((now_s - began_s) * self.meter.base_hz)
                self._send(self.meter.feed(*self._profile(np.arange(fed, due) / self.meter.base_hz)))
                fed = due
                _echo(self._shell)
        finally:
            self._measure.close()
            self._shell.close()

    def _send(self, data: bytes) -> None:
        room = max(self._queue_bytes - len(self._queue), 0)
        self._queue += data[: room - room % 64] if len(data) > room else data
        while self._measure.is_open and self._queue:
            sent = self._measure.write(bytes(self._queue[:CHUNK_BYTES]))
            if not sent:
                return
            del self._queue[:sent]


def _echo(shell: HostPort) -> None:
    """A shell says again what is typed; that is all that this one can do."""
    if data := shell.read():
        shell.write(data)
