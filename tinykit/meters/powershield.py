"""ST's meters that speak PowerShield: X-NUCLEO-LPM01A, STLINK-V3PWR (ST UM2269; the mlcommons/tiny runner).

They supply the target themselves and tell neither voltage nor time: the voltage is the one that was set (±1 %
by ST), the time is the number of the sample. Without a wish they give energy samples, or current where they
cannot, at 1 kHz: what MLPerf Tiny measures with. Edges on D7 are only known to come in ASCII, so up to 5 kHz.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tinykit.errors import UsageError
from tinykit.meters.meter import Capabilities, Decoder, MeterSettings, MeterSetup, OpenMeter
from tinykit.meters.powershield_ascii import AsciiDecoder
from tinykit.meters.powershield_binary import LPM01A_FRAMES, V3PWR_FRAMES, BinaryDecoder
from tinykit.meters.trace import Quantity

RATES_HZ = (
    *(1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0),
    *(1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5),
)
USUAL_RATE_HZ = 1e3
MAX_ASCII_HZ = 5e3
MAX_ENERGY_HZ = 1e4
MAX_CURRENT_A = 0.05
"""EEMBC's figure; UM2269 states 10 mA. The shield switches off above."""


@dataclass(frozen=True)
class Shield:
    """One model and its dialect. ``take`` and ``give_back`` are the commands around everything else."""

    name: str
    title: str
    capabilities: Capabilities
    take: str
    give_back: str
    binary_format: str
    event_command: str
    min_firmware: tuple[int, ...]
    frames: Mapping[int, int]

    def open(self, port: str) -> OpenMeter:
        """Open ``port``. Raises MeterError, code METER_PORT."""
        from tinykit.meters.powershield_client import OpenShield

        return OpenShield(self, port)

    def complete(self, settings: MeterSettings) -> MeterSettings:
        """``settings`` with rate and quantity filled in. Raises UsageError for what the shield cannot do."""
        settings.check(self.title, self.capabilities)
        rate_hz = settings.rate_hz or USUAL_RATE_HZ
        quantity = settings.quantity or self._usual_quantity(rate_hz)
        if quantity == "energy" and rate_hz > MAX_ENERGY_HZ:
            raise UsageError(
                f"{self.title} gives energy samples up to {MAX_ENERGY_HZ:g} Hz, not at {rate_hz:g} Hz.",
                hint="ask for current, or for fewer samples.",
                code="METER_SETTING",
            )
        return replace(settings, rate_hz=rate_hz, quantity=quantity)

    def _usual_quantity(self, rate_hz: float) -> Quantity:
        return "energy" if self.capabilities.integrates and rate_hz <= MAX_ENERGY_HZ else "current"

    def decoder(self, setup: MeterSetup) -> Decoder:
        """A decoder of what the shield sends after ``start``."""
        settings = self.complete(setup.settings)
        assert settings.rate_hz is not None
        assert settings.quantity is not None
        if settings.rate_hz <= MAX_ASCII_HZ:
            return AsciiDecoder(settings.rate_hz, settings.quantity)
        return BinaryDecoder(settings.rate_hz, settings.quantity, self.frames)


LPM01A = Shield(
    name="lpm01a",
    title="ST X-NUCLEO-LPM01A",
    capabilities=Capabilities(
        rates_hz=RATES_HZ,
        quantities=("energy", "current"),
        modes=("source",),
        supply_v=(1.8, 3.3),
        digital_lines=("D7",),
        measures_voltage=False,
        switches_power=True,
        needs_voltage=True,
        max_lines_hz=MAX_ASCII_HZ,
        sees="falls",
        max_current_a=MAX_CURRENT_A,
    ),
    take="htc",
    give_back="hrc",
    binary_format="bin_hexa",
    event_command="eventsrc d7 fal",
    min_firmware=(1, 0, 6),
    frames=LPM01A_FRAMES,
)
V3PWR = Shield(
    name="stlink-v3pwr",
    title="ST STLINK-V3PWR",
    capabilities=replace(
        LPM01A.capabilities,
        quantities=("current",),
        supply_v=(1.6, 3.6),
        digital_lines=(),
        max_current_a=None,
    ),
    take="power_monitor",
    give_back="",
    binary_format="bin_hex",
    event_command="",
    min_firmware=(),
    frames=V3PWR_FRAMES,
)
METERS = (LPM01A, V3PWR)
