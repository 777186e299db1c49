"""The processor's own energy counters, through Linux' powercap: a meter that is built into the host.

They cover packages and memory, and neither power supply nor board. They wrap, and change about once in a
millisecond (Intel's manual, vol. 3B, 15.10), in some processors far less often: that is found out first.
"""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass
from pathlib import Path

from tinykit.errors import MeterError, UsageError
from tinykit.meters.meter import UPDATES_A_WINDOW, Capabilities, MeterSettings, MeterSetup
from tinykit.meters.rapl_decoder import RaplDecoder, Zone
from tinykit.meters.trace import Instrument

ROOT = Path("/sys/class/powercap")
# A package's own counter, and the memory's, which no package holds. core and uncore are parts of their
# package; psys (the platform) and the intel-rapl-mmio folders would count all of it twice.
_WANTED = re.compile(r"package-\d+(-die-\d+)?|dram")
_CHANGES, _PATIENCE_S = 5, 1.0


class RaplCounters:
    """Open counters; see :class:`tinykit.meters.meter.OpenMeter`. Each reading is a line of text."""

    def __init__(self, root: Path) -> None:
        """Raise MeterError, code METER_PORT, where there are no counters or they may not be read."""
        self._root = root
        self._zones = _zones(root)
        self._files = [self._root / zone.folder / "energy_uj" for zone in self._zones]
        self._period_s = 1 / RAPL.capabilities.rates_hz[-1]
        self._due_s: float | None = None
        self._update_s = 0.0
        self._energies_uj()

    def identify(self) -> Instrument:
        """Name the counters, and find out how often they change (takes up to a second)."""
        self._update_s = self._find_update_s()
        names = ", ".join(zone.name for zone in self._zones)
        return Instrument(
            kind=RAPL.name, model=f"{RAPL.title}: {names}", serial="", firmware="", calibration="none"
        )

    def configure(self, settings: MeterSettings) -> MeterSetup:
        """Choose the rate. Raises UsageError for what counters have not: a voltage, a mode."""
        settings.check("The host's RAPL", RAPL.capabilities)
        self._period_s = 1 / (settings.rate_hz or RAPL.capabilities.rates_hz[-1])
        instrument = self.identify()
        text = "".join(f"{zone.name} {zone.wrap_uj} {zone.folder}\n" for zone in self._zones)
        return MeterSetup(RAPL.name, instrument, settings, text, UPDATES_A_WINDOW * self._update_s)

    def power(self, on: bool) -> None:
        """Raise UsageError: the host cannot switch itself."""
        raise UsageError("rapl switches nothing.", hint="leave the power on.", code="METER_SETTING")

    def start(self) -> None:
        """Begin with a reading now."""
        self._due_s = time.monotonic()

    def read(self, timeout_s: float = 0.1) -> bytes:
        """The next reading's line, when it is due; b"" if that is not within ``timeout_s``."""
        if self._due_s is None:
            return b""
        wait_s = self._due_s - time.monotonic()
        time.sleep(max(0.0, min(wait_s, timeout_s)))
        if wait_s > timeout_s:
            return b""
        self._due_s = max(self._due_s + self._period_s, time.monotonic())
        return self._line()

    def stop(self) -> bytes:
        """End with a reading now."""
        if self._due_s is None:
            return b""
        self._due_s = None
        return self._line()

    def close(self) -> None:
        """Nothing is held open."""
        self._due_s = None

    def _line(self) -> bytes:
        before_ns = time.monotonic_ns()
        energies = self._energies_uj()
        middle_ns = (before_ns + time.monotonic_ns()) // 2
        return f"{middle_ns} {' '.join(map(str, energies))}\n".encode()

    def _energies_uj(self) -> list[int]:
        try:
            return [int(file.read_text()) for file in self._files]
        except (OSError, ValueError) as error:
            raise MeterError(
                f"The processor's energy counters cannot be read: {error}.",
                hint="the kernel lets only root read them; sudo chmod a+r on the energy_uj files opens them.",
                code="METER_PORT",
            ) from error

    def _find_update_s(self) -> float:
        """The longest time between two changes, out of a few. Raises MeterError, code METER_SILENT."""
        changes: list[float] = []
        t_end_s = time.monotonic() + _PATIENCE_S
        last = self._energies_uj()
        while time.monotonic() < t_end_s and len(changes) <= _CHANGES:
            if (now := self._energies_uj()) != last:
                changes.append(time.monotonic())
                last = now
        if len(changes) < 2:
            raise MeterError(
                "The processor's energy counters do not move.",
                hint="a virtual machine may show counters that nothing feeds.",
                code="METER_SILENT",
            )
        return max(after - before for before, after in itertools.pairwise(changes))


@dataclass(frozen=True)
class Rapl:
    """The kind; see :class:`tinykit.meters.meter.Meter`."""

    name: str = "rapl"
    title: str = "Linux powercap (RAPL)"
    capabilities: Capabilities = Capabilities(  # noqa: RUF009 - frozen
        rates_hz=(1.0, 10.0, 100.0),
        quantities=("energy",),
        modes=(),
        supply_v=None,
        digital_lines=(),
        measures_voltage=False,
        switches_power=False,
        needs_voltage=False,
    )

    def open(self, port: str) -> RaplCounters:
        """Open the counters; ``port`` is the powercap folder, and "" the system's own."""
        return RaplCounters(Path(port) if port else ROOT)

    def decoder(self, setup: MeterSetup) -> RaplDecoder:
        """A decoder that knows where these counters wrap."""
        rows = [line.split(" ") for line in setup.identification.splitlines()]
        zones = [Zone(name, int(wrap_uj), folder) for name, wrap_uj, folder in rows]
        return RaplDecoder(zones, setup.settings.rate_hz or self.capabilities.rates_hz[-1])


def _zones(root: Path) -> list[Zone]:
    found = []
    for folder in sorted(root.glob("intel-rapl:*")):
        try:
            name = (folder / "name").read_text().strip()
            if _WANTED.fullmatch(name):
                found.append(Zone(name, int((folder / "max_energy_range_uj").read_text()), folder.name))
        except (OSError, ValueError):
            continue  # a zone that is no counter; if none is left, that is said
    if not found:
        raise MeterError(
            f"There are no energy counters under {root}.",
            hint="this needs Linux on a real Intel or AMD processor; virtual machines mostly hide them.",
            code="METER_PORT",
        )
    return found


RAPL = METER = Rapl()
