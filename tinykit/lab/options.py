"""What a session is told: the options of ``tinykit measure``, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tinykit.errors import UsageError
from tinykit.lab.calibration import Calibration, datasheet, load_calibration_of
from tinykit.lab.capture import Plan
from tinykit.lab.emulation import Emulation
from tinykit.lab.profile import Profile
from tinykit.lab.verdict import LEAST_WINDOW_S
from tinykit.lab.windows import Method
from tinykit.meters.meter import Meter, MeterSettings, MeterSetup


@dataclass(frozen=True)
class MeasureOptions:
    """What to measure, and how. ``out`` is a new folder; ``line`` the digital line the marker is wired to.

    ``voltage_v`` is set at the meter's output (``mode`` "source") or is the rail's (``mode`` "ammeter"), in
    which case ``voltage_source`` says who measured it. ``seconds`` is a window's length. ``firmware`` is the
    image that was built and flashed.
    """

    out: Path
    inputs: Path | None = None
    windows: int = 5
    seconds: float = LEAST_WINDOW_S
    warmups: int = 3
    states: tuple[str, ...] = ("idle",)
    state_s: float = LEAST_WINDOW_S
    voltage_v: float | None = None
    voltage_source: str = ""
    mode: str = "source"
    rail: str = ""
    rate_hz: float | None = None
    calibration: Path | None = None
    line: int = 0
    notes: str = ""
    profile: Profile | None = None
    firmware: Path | None = None
    rig_check: bool = True
    windows_from: Method = "marker"

    def phases(self) -> Plan:
        """What the board will be told to do."""
        return Plan(self.windows, self.seconds, self.warmups, self.states, self.state_s, self.profile)

    def meter_settings(self) -> MeterSettings:
        """What the meter is told."""
        return MeterSettings(
            mode=cast(Any, self.mode),
            voltage_v=self.voltage_v,
            voltage_source=self.voltage_source,
            rail=self.rail,
            rate_hz=self.rate_hz,
        )


def calibration_of(
    meter: Meter, setup: MeterSetup, options: MeasureOptions, emulation: Emulation | None
) -> Calibration:
    """`choose_calibration` for a meter that is set up, before anything is recorded with it.

    Raises what that raises, and InputError, code CALIBRATION_UNIT, for offsets in a unit that does not fit.
    """
    chosen = choose_calibration(meter.name, setup.instrument.serial, options.calibration, emulation)
    settings = setup.settings
    chosen.check_fits(settings.quantity or meter.capabilities.quantities[0], settings.supply())
    return chosen


def planned_calibration(meter: Meter, options: MeasureOptions, emulation: Emulation | None) -> Calibration:
    """`calibration_of` for a meter not open yet: units are checked where it measures one thing only."""
    chosen = choose_calibration(meter.name, "", options.calibration, emulation)
    if len(meter.capabilities.quantities) == 1:
        chosen.check_fits(meter.capabilities.quantities[0], options.meter_settings().supply())
    return chosen


def choose_calibration(
    meter: str, serial: str, given: Path | None, emulation: Emulation | None
) -> Calibration:
    """What was given, else what the emulator declares, else the meter's data sheet.

    Raises UsageError, code CALIBRATION_MISSING, without any; InputError, code CALIBRATION_METER, for another
    meter's. An emulated instrument's serial number is not compared.
    """
    if given is not None:
        return load_calibration_of(given, meter, "" if emulation is not None else serial)
    if emulation is not None:
        return emulation.calibration
    known = datasheet(meter, f"{meter}#{serial or 'unknown'}")
    if known is None:
        raise UsageError(
            f"Nothing is known of the errors of meter '{meter}'.",
            hint="give --calibration FILE: a certificate's figures, or what tinykit meter check wrote.",
            code="CALIBRATION_MISSING",
        )
    return known
