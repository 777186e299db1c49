"""An emulated PowerShield on a port of its own."""

from __future__ import annotations

from tinykit.bench.meters.powershield import EmulatedShield
from tinykit.bench.meters.server import QUEUE_BYTES, MeterServer, Profile


class PowerShieldServer(MeterServer):
    """A `MeterServer` whose meter drops samples itself, and says so, while its host is behind."""

    def __init__(self, meter: EmulatedShield, profile: Profile, port: str) -> None:
        super().__init__(meter, profile, port)
        self.meter = meter

    def _attend(self, now_s: float) -> None:
        self.meter.host_keeps_up = len(self._queue) < QUEUE_BYTES
