"""An emulated meter on its own port and the wall clock, with a programmed current, to try clients with."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tinykit.bench.host_port import CHUNK_BYTES, open_port
from tinykit.bench.meters.powershield import EmulatedShield
from tinykit.bench.meters.ppk2 import EmulatedPpk2

Profile = Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.uint8]]]
"""Times in s since the server began, (n,) → the target's true current in A and its lines, (n,) each."""

_STEP_S = 0.002
QUEUE_BYTES = 1 << 16
"""What a meter keeps for a host that does not read."""


class MeterServer:
    """Serves ``meter`` on ``port``, "pty:LINK" or "tcp:HOST:PORT", while it is entered; ``url`` opens it.

    A kind of meter says in :meth:`_attend` and :meth:`_keep` what it does with a host that is gone or slow.
    """

    def __init__(self, meter: EmulatedPpk2 | EmulatedShield, profile: Profile, port: str) -> None:
        self._source, self._profile = meter, profile
        self._over = threading.Event()
        self._port = open_port(port)
        self.url = self._port.url
        self._queue = bytearray()
        self._thread = threading.Thread(target=self._serve, name="emulated meter", daemon=True)

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
        began_s, fed = time.monotonic(), 0
        try:
            while not self._over.is_set():
                self._wait()
                now_s = time.monotonic()
                self._source.receive(self._port.read())
                self._attend(now_s)
                due = int((now_s - began_s) * self._source.base_hz)
                times_s = np.arange(fed, due) / self._source.base_hz
                self._keep(self._source.feed(*self._profile(times_s)))
                fed = due
                self._send()
        finally:
            self._close()

    def _wait(self) -> None:
        """For the next turn; with bytes left to send only until there is room: a port keeps few."""
        if room := self._port.writable() if self._queue else []:
            select.select([], room, [], _STEP_S)
        else:
            self._over.wait(_STEP_S)

    def _attend(self, now_s: float) -> None:
        """Once a turn, before the meter measures."""

    def _keep(self, data: bytes) -> None:
        """Take what the meter sends into the queue."""
        self._queue += data

    def _send(self) -> None:
        while self._port.is_open and self._queue:
            sent = self._port.write(bytes(self._queue[:CHUNK_BYTES]))
            if not sent:
                return
            del self._queue[:sent]

    def _close(self) -> None:
        self._port.close()
