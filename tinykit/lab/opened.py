"""A rig that is ready: the meter open and configured, the board running, the marker under control."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from tinykit.boards import load_board
from tinykit.errors import UsageError
from tinykit.lab.calibration import Calibration
from tinykit.lab.capture import MarkedSession
from tinykit.lab.emulation import Emulation, find_emulation
from tinykit.lab.firmware import announced_hashes
from tinykit.lab.options import MeasureOptions, calibration_of
from tinykit.lab.recorder import Recorder
from tinykit.lab.serial_log import SerialLog
from tinykit.meters.meter import Meter, MeterPort, MeterSetup, OpenMeter
from tinykit.meters.registry import find_meter
from tinykit.progress import SILENT, Progress
from tinykit.running.runner import find_runner
from tinykit.running.targets import Target
from tinykit.running.workload import Workload


@dataclass(frozen=True)
class OpenRig:
    """What a session works with. ``emulation`` is None where the meter's port belongs to a real one.

    ``hashes`` are those that the firmware which was built can announce; empty where nobody says which it is.
    """

    workload: Workload
    meter: Meter
    device: OpenMeter
    setup: MeterSetup
    calibration: Calibration
    emulation: Emulation | None
    session: MarkedSession
    hashes: frozenset[str] = frozenset()

    def recorder(self, folder: Path, log: SerialLog | None = None) -> Recorder:
        """A recorder of the meter into ``folder``. Raises OutputError."""
        keeps_time = self.emulation is None or self.emulation.keeps_time
        clock = None if self.emulation is None else self.emulation.clock
        return Recorder(
            folder, self.meter, self.device, self.setup, keeps_time=keeps_time, clock=clock, log=log
        )

    @property
    def simulated(self) -> bool:
        """Whether any part of it is emulated."""
        emulated = self.emulation is not None or self.setup.instrument.emulated
        return emulated or self.session.device.simulated


@contextmanager
def open_rig(
    workload: Workload,
    target: Target,
    port: MeterPort,
    options: MeasureOptions,
    progress: Progress = SILENT,
) -> Iterator[OpenRig]:
    """Open meter and board, for the length of the ``with``.

    Raises DeviceError, MeterError, UsageError, InputError.
    """
    meter = find_meter(port.meter)
    emulation = find_emulation(port.port)
    hashes = frozenset[str]() if emulation is None else emulation.hashes
    if options.firmware is not None:
        hashes = announced_hashes(options.firmware)
    with closing(meter.open(port.port)) as device:
        setup = prepare_meter(meter, device, options, emulation)
        calibration = calibration_of(meter, setup, options, emulation)
        with find_runner(_at_its_speed(target, emulation)).open(workload, progress) as session:
            yield OpenRig(workload, meter, device, setup, calibration, emulation, _marked(session), hashes)


def _at_its_speed(target: Target, emulation: Emulation | None) -> Target:
    """Where nobody gave a baud: what the emulator says, else the board file's for its energy build."""
    if target.baud is not None:
        return target
    if emulation is not None and emulation.baud is not None:
        return replace(target, baud=emulation.baud)
    return replace(target, baud=load_board(target.board).uart.energy_baud) if target.board else target


def prepare_meter(
    meter: Meter, device: OpenMeter, options: MeasureOptions, emulation: Emulation | None
) -> MeterSetup:
    """Identify and configure an open meter, and switch its output on. Raises MeterError, UsageError."""
    device.identify()
    settings = options.meter_settings()
    settings.check(meter.title, meter.capabilities)
    setup = device.configure(settings)
    if meter.capabilities.switches_power:
        device.power(True)
    if emulation is not None and emulation.meter:
        # The bytes are a real meter's, and its driver cannot know.
        return replace(setup, instrument=replace(setup.instrument, emulated=True))
    return setup


def _marked(session: Any) -> MarkedSession:
    if not session.device.capabilities.has_marker or not hasattr(session, "arm"):
        raise UsageError(
            f"{session.device.ran_on} has no marker pin that tinykit can drive.",
            hint="measure a board that carries tinykit's firmware.",
            code="NOT_CAPABLE",
        )
    return cast(MarkedSession, session)
