"""An emulated PPK2 on ports of its own."""

from __future__ import annotations

import time

from tinykit.bench.host_port import open_port
from tinykit.bench.meters.ppk2 import EmulatedPpk2
from tinykit.bench.meters.server import QUEUE_BYTES, MeterServer, Profile

_FALL_S = 0.25
_PACKET_BYTES = 64


class Ppk2Server(MeterServer):
    """A `MeterServer` with two ports; ``port`` and ``shell`` are what a host opens.

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
        super().__init__(meter, profile, measure_at)
        self.meter, self._queue_bytes = meter, queue_bytes
        self._shell = open_port(shell_at)
        self.port, self.shell = self.url, self._shell.url
        self._left_s = time.monotonic()
        self._owed = 0  # bytes that are still to come of a packet that is lost

    def _attend(self, now_s: float) -> None:
        if self._port.is_open:
            self._left_s = now_s
        elif now_s - self._left_s > _FALL_S:
            self.meter.host_left()
        # A shell says again what is typed; that is all that this one can do.
        if data := self._shell.read():
            self._shell.write(data)

    def _keep(self, data: bytes) -> None:
        gone = min(self._owed, len(data))
        data, self._owed = data[gone:], self._owed - gone
        excess = max(len(data) + len(self._queue) - self._queue_bytes, 0)
        lost = -(-excess // _PACKET_BYTES) * _PACKET_BYTES
        self._queue += data[: max(len(data) - lost, 0)]
        self._owed += max(lost - len(data), 0)

    def _close(self) -> None:
        super()._close()
        self._shell.close()
