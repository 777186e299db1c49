"""An emulated PowerShield on a port of its own, on the wall clock, with a programmed current."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tinykit.bench.host_port import CHUNK_BYTES, open_port
from tinykit.bench.meters.powershield import EmulatedShield

Profile = Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.uint8]]]
"""Times in s since the server began, (n,) → the target's true current in A and D7's level, both (n,)."""

_STEP_S = 0.002
QUEUE_BYTES = 1 << 16
"""What the shield keeps for a host that does not read; beyond it, it drops samples and says so."""


class PowerShieldServer:
    """Serves ``meter`` on ``port``, "pty:LINK" or "tcp:HOST:PORT", while it is entered; ``url`` opens it."""

    def __init__(self, meter: EmulatedShield, profile: Profile, port: str) -> None:
        self.meter, self._profile = meter, profile
        self._over = threading.Event()
        self._port = open_port(port)
        self.url = self._port.url
        self._queue = bytearray()
        self._thread = threading.Thread(target=self._serve, name="emulated PowerShield", daemon=True)

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving; a host that still has the port open sees it hang up."""
        self.unplug()

    def unplug(self) -> None:
        """Take the meter away at once."""
        self._over.set()
        self._thread.join()

    def _serve(self) -> None:
        began_s, fed = time.monotonic(), 0
        try:
            while not self._over.wait(_STEP_S):
                self.meter.receive(self._port.read())
                due = int((time.monotonic() - began_s) * self.meter.base_hz)
                self.meter.host_keeps_up = len(self._queue) < QUEUE_BYTES
                self._queue += self.meter.feed(*self._profile(np.arange(fed, due) / self.meter.base_hz))
                fed = due
                self._send()
        finally:
            self._port.close()

    def _send(self) -> None:
        while self._port.is_open and self._queue:
            sent = self._port.write(bytes(self._queue[:CHUNK_BYTES]))
            if not sent:
                return
            del self._queue[:sent]
