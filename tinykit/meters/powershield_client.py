"""A PowerShield on an open port: taken, set up, read, and always given back."""

from __future__ import annotations

import contextlib
import re
import time
from typing import TYPE_CHECKING

from tinykit.errors import MeterError, UsageError
from tinykit.meters.meter import MeterSettings, MeterSetup
from tinykit.meters.port import Port
from tinykit.meters.powershield_shell import Shell, shell_number
from tinykit.meters.trace import Instrument

if TYPE_CHECKING:
    from tinykit.meters.powershield import Shield

# USB CDC ignores the rate, and 921600 is what the shield's UART header speaks.
_BAUD = 921_600
_STOP_S = 5.0
_WAIT_S = 0.1
_DONE = b"Acquisition completed"
# ST assumes ±1 % of the output; further off, something else drives the rail or the setting did not take.
_VOLTAGE_TOLERANCE = 0.03


class OpenShield:
    """One shield. ``identify`` takes control of it; ``close`` gives it back whatever happened between."""

    def __init__(self, kind: Shield, port: str) -> None:
        self._kind = kind
        self._port = Port(port, _BAUD)
        self._shell = Shell(self._port)
        self._taken = self._sampling = False
        self._pending = self._tail = b""
        self._instrument: Instrument | None = None

    def identify(self) -> Instrument:
        """Take control, and ask for name and firmware. MeterError, METER_FIRMWARE where it is too old."""
        self._settle()
        # Before it answers, the shield may already have heard: hence given back even if this fails.
        self._taken = True
        self._shell.ask(self._kind.take)
        firmware = self._shell.ask("version")
        numbers = tuple(map(int, re.findall(r"\d+", firmware)))
        if numbers < self._kind.min_firmware:
            needed = ".".join(map(str, self._kind.min_firmware))
            raise MeterError(
                f"The shield's firmware is {firmware or 'unknown'}; 'pwr off' works from {needed} on.",
                hint="update it with ST's STSW-PWR-UPG, then try again.",
                code="METER_FIRMWARE",
            )
        serial = self._shell.ask("powershield")
        # The shield calibrates itself and has no certificate to show.
        self._instrument = Instrument(self._kind.name, self._kind.title, serial, firmware, "none")
        return self._instrument

    def configure(self, settings: MeterSettings) -> MeterSetup:
        """Set rate, quantity and voltage; the setup says what was chosen where ``settings`` did not."""
        from tinykit.meters.powershield import MAX_ASCII_HZ

        instrument = self._instrument or self.identify()
        settings = self._kind.complete(settings)
        assert settings.rate_hz is not None
        assert settings.voltage_v is not None
        is_ascii = settings.rate_hz <= MAX_ASCII_HZ
        rate = settings.rate_hz
        commands = [
            "acqmode dyn",
            "acqtime inf",
            "trigdelay 0",
            "trigsrc sw",
            self._kind.event_command if is_ascii else "",
            f"output {settings.quantity}" if self._kind.capabilities.integrates else "",
            f"format {'ascii_dec' if is_ascii else self._kind.binary_format}",
            f"freq {rate / 1000:g}k" if rate >= 1000 else f"freq {rate:g}",
            f"volt {settings.voltage_v * 1000:.0f}m",
        ]
        for command in filter(None, commands):
            self._shell.ask(command)
        return MeterSetup(self._kind.name, instrument, settings, self._check_voltage(settings.voltage_v))

    def _check_voltage(self, wanted_v: float) -> str:
        said = self._shell.ask("volt get")
        try:
            actual_v = shell_number(said)
        except ValueError:
            actual_v = 0.0
        if abs(actual_v - wanted_v) > _VOLTAGE_TOLERANCE * wanted_v:
            raise MeterError(
                f"The shield was set to {wanted_v:g} V and says '{said}'.",
                hint="is another supply, a debugger or a USB cable feeding the board? Only one may.",
                code="METER_VOLTAGE",
            )
        return f"volt get {said}"

    def power(self, on: bool) -> None:
        """Switch the output; while sampling, the answer's bytes stay part of the recording."""
        _, before, behind = self._shell.ask_raw("pwr on nostatus" if on else "pwr off")
        if self._sampling:
            self._pending += before + behind

    def start(self) -> None:
        """Begin to sample."""
        if self._instrument is None:
            raise UsageError("The shield is not set up.", hint="identify and configure it first.")
        self._shell.drain(0.02, 1.0)
        _, _, behind = self._shell.ask_raw("start")
        # The answer ends with an empty line, which may not have come yet and must not become a sample's half.
        deadline_s = time.monotonic() + 0.5
        while len(behind) < 2 and time.monotonic() < deadline_s:
            behind += self._port.read(0.05)
        self._pending, self._tail, self._sampling = behind.removeprefix(b"\r\n"), b"", True

    def read(self, timeout_s: float = 0.1) -> bytes:
        """Bytes as received; b"" for ever once the shield has ended the acquisition by itself."""
        data, self._pending = self._pending, b""
        if not data and self._sampling:
            data = self._port.read(timeout_s)
        self._watch(data)
        return data

    def stop(self) -> bytes:
        """End sampling. There is no ack: the shield says that it is done, or the recording shows that not."""
        data, self._pending = self._pending, b""
        self._watch(data)
        if not self._sampling:
            return data
        # What came so far must reach the recording, even if the shield goes away now.
        with contextlib.suppress(MeterError):
            self._shell.send("stop")
            deadline_s = time.monotonic() + _STOP_S
            while self._sampling and time.monotonic() < deadline_s:
                chunk = self._port.read(_WAIT_S)
                self._watch(chunk)
                data += chunk
        self._sampling = False
        return data

    def close(self) -> None:
        """Stop, give control back, let the port go; never raises, a shield that is gone included."""
        try:
            if self._sampling:
                self.stop()
            if self._taken and self._kind.give_back:
                with contextlib.suppress(MeterError):
                    self._shell.ask(self._kind.give_back, timeout_s=1.0)
        finally:
            self._taken = False
            self._port.close()

    def _watch(self, data: bytes) -> None:
        seen = self._tail + data
        if _DONE in seen:
            self._sampling = False
        self._tail = seen[-len(_DONE) :]

    def _settle(self) -> None:
        """Throw away what an unclean exit left behind; a shield that still samples is stopped."""
        if self._shell.drain(0.05, 0.2):
            self._shell.send("stop")
            self._shell.drain(0.2, 3.0)
