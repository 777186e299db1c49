"""Nordic's Power Profiler Kit II: our own driver.

Commands have no frame and no answer, but for the calibration text; the sample rate is fixed. The meter never
measures the voltage. VOUT falls when the host closes the port: power and measurement share one session.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, replace

from tinykit.errors import MeterError, UsageError
from tinykit.meters.meter import Capabilities, MeterSettings, MeterSetup
from tinykit.meters.port import Port
from tinykit.meters.ppk2_calibration import Calibration, is_complete, parse_calibration
from tinykit.meters.ppk2_decoder import Ppk2Decoder
from tinykit.meters.ppk2_spikes import SpikeFilter
from tinykit.meters.trace import Instrument

_START, _STOP, _CALIBRATION = b"\x06", b"\x07", b"\x19"
_POWER, _VOLTAGE, _MODE = b"\x0c", b"\x0d", b"\x11"
_LOW_V, _HIGH_V = 0.8, 5.0
_MODES = {"ammeter": b"\x01", "source": b"\x02"}
_BAUD = 115200  # a CDC port does not care; Nordic's app opens it like this
# What is under way after a stop arrives within some ms; a stream that goes on longer was not stopped.
_QUIET_S, _DRAIN_S, _ANSWER_S = 0.1, 2.0, 1.0
_ANSWER_BYTES = 1 << 16
# A terminal keeps 4 KiB, which is 10 ms of samples; without any wait every USB packet would be a read.
_GATHER_S = 0.004
_TRIES = 2


class Ppk2Port:
    """An open PPK2; see :class:`tinykit.meters.meter.OpenMeter`."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._calibration: Calibration | None = None
        self._serial = _usb_serial(port.name)

    def identify(self) -> Instrument:
        """Read the calibration. Raises MeterError, codes METER_CALIBRATION_MISSING, _BAD, METER_GONE."""
        for tries_left in reversed(range(_TRIES)):
            self.stop()
            self._port.write(_CALIBRATION)
            try:
                self._calibration = parse_calibration(self._answer())
                break
            except MeterError:
                if not tries_left:
                    raise
        return self._instrument(self._known())

    def configure(self, settings: MeterSettings) -> MeterSetup:
        """Set mode and voltage (to the millivolt); an ammeter's is sent too, as Nordic's app does."""
        PPK2.check(settings)
        calibration = self._known()
        voltage_mv = round((settings.voltage_v or 0.0) * 1000)
        settings = replace(settings, voltage_v=voltage_mv / 1000)
        self._port.write(_MODE + _MODES[settings.mode])
        self._port.write(_VOLTAGE + voltage_mv.to_bytes(2, "big"))
        return MeterSetup(PPK2.name, self._instrument(calibration), settings, calibration.text)

    def power(self, on: bool) -> None:
        """Switch VOUT, or in ammeter mode connect the target through."""
        self._port.write(_POWER + (b"\x01" if on else b"\x00"))

    def start(self) -> None:
        """Throw away what is left of an earlier stream, then stream."""
        self.stop()
        self._port.write(_START)

    def read(self, timeout_s: float = 0.1) -> bytes:
        """Bytes as received."""
        return self._port.read(timeout_s)

    def stop(self) -> bytes:
        """Stop, and take what was under way. Raises MeterError, code METER_BUSY, if it streams on."""
        self._port.write(_STOP)
        received, t_end_s = bytearray(), time.monotonic() + _DRAIN_S
        while more := self._port.read(_QUIET_S):
            received += more
            if time.monotonic() > t_end_s:
                raise MeterError(
                    f"The meter on '{self._port.name}' does not stop sending.",
                    hint="plug it out and in again.",
                    code="METER_BUSY",
                )
        return bytes(received)

    def close(self) -> None:
        """Stop if it can still be reached, and let the port go: VOUT falls within half a second."""
        with contextlib.suppress(MeterError):  # it may be gone, and closing is all that is left to do
            self._port.write(_STOP)
        self._port.close()

    def _answer(self) -> bytes:
        """Collect until the last line, silence, or more than any calibration is long."""
        received = b""
        while len(received) < _ANSWER_BYTES and (more := self._port.read(_ANSWER_S)):
            received += more
            if is_complete(received):
                break
        return received

    def _known(self) -> Calibration:
        if self._calibration is None:
            self.identify()
        assert self._calibration is not None
        return self._calibration

    def _instrument(self, calibration: Calibration) -> Instrument:
        return Instrument(
            kind=PPK2.name,
            model=PPK2.title,
            serial=self._serial,
            firmware=f"not told by the meter (HW {calibration.hw or 'neither'})",
            calibration=f"the meter's own constants, Calibrated: {calibration.calibrated or 'not told'}",
        )


@dataclass(frozen=True)
class Ppk2:
    """The kind; see :class:`tinykit.meters.meter.Meter`."""

    name: str = "ppk2"
    title: str = "Nordic Power Profiler Kit II"
    capabilities: Capabilities = Capabilities(  # noqa: RUF009 - frozen
        rates_hz=(100_000.0,),
        quantities=("current",),
        modes=("source", "ammeter"),
        supply_v=(_LOW_V, _HIGH_V),
        digital_lines=tuple(f"D{n}" for n in range(8)),
        measures_voltage=False,
        switches_power=True,
        needs_voltage=True,
        loss_unit=64,
        max_current_a=1.0,
    )

    def check(self, settings: MeterSettings) -> None:
        """Raise UsageError for settings that it does not have; the voltage's limits hold in both modes."""
        settings.check("The PPK2", self.capabilities)
        if settings.voltage_v is not None and not _LOW_V <= settings.voltage_v <= _HIGH_V:
            raise UsageError(
                f"The PPK2 cannot measure a rail of {settings.voltage_v:g} V.",
                hint=f"its rails have {_LOW_V:g} to {_HIGH_V:g} V.",
                code="METER_SETTING",
            )

    def open(self, port: str) -> Ppk2Port:
        """Open ``port``. Raises MeterError, code METER_PORT; UsageError without a port."""
        if not port:
            ports = find_ports()
            raise UsageError(
                "The PPK2's port is not given.",
                hint=f"found: {', '.join(ports)}." if ports else "write ppk2:/dev/ttyACM0; none was found.",
                code="METER_SYNTAX",
            )
        return Ppk2Port(Port(port, _BAUD, _GATHER_S))

    def new_filter(self) -> SpikeFilter:
        """Nordic's spike filter, which its app has on."""
        return SpikeFilter()

    def decoder(self, setup: MeterSetup) -> Ppk2Decoder:
        """A decoder with the recording's calibration and voltage."""
        if setup.settings.voltage_v is None:
            raise UsageError(
                "A PPK2 recording cannot be decoded without its voltage.",
                hint="give the rail's voltage.",
                code="VOLTAGE_MISSING",
            )
        calibration = parse_calibration(setup.identification.encode("latin-1", "replace"))
        return Ppk2Decoder(calibration, setup.settings.voltage_v)


def find_ports() -> tuple[str, ...]:
    """Measuring ports of the PPK2s plugged in; the second port of each (its shell) is left out."""
    from serial.tools import list_ports

    found = [port for port in list_ports.comports() if (port.vid, port.pid) == (0x1915, 0xC00A)]
    # Since firmware 1.2 there are two: the interface whose number ends in 1 measures, the other is a shell.
    measuring = [port for port in found if (port.location or "").endswith("1")]
    return tuple(sorted(port.device for port in measuring or found))


def _usb_serial(name: str) -> str:
    from serial.tools import list_ports

    device = os.path.realpath(name)  # /dev/serial/by-id/… are links
    serials = [port.serial_number for port in list_ports.comports() if port.device in (name, device)]
    return (serials[0] or "") if serials else ""


PPK2 = METER = Ppk2()
