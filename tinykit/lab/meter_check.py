"""``tinykit meter check``: open terminals, then known resistors, and what the meter shows of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from tinykit.errors import MeterError, UsageError
from tinykit.lab.calibration import datasheet
from tinykit.lab.check_fit import CheckFit, Point, Volts, fit_check
from tinykit.lab.emulation import find_emulation
from tinykit.meters.meter import Meter, MeterPort, MeterSettings, MeterSetup, OpenMeter
from tinykit.meters.registry import find_meter
from tinykit.meters.trace import RANGE_SWITCH, SATURATED, Block
from tinykit.progress import SILENT, Progress

_PIECES = 10
_STEADY = 0.9
_SETTLE_S = 0.2
_MOST_OPEN = 0.5
_MOST_ERROR = 0.4
"""No meter is so far off: something else than what was said is connected."""


@dataclass(frozen=True)
class Resistor:
    """``tolerance`` is relative, a bound; None ohm stands for open terminals."""

    ohm: float
    tolerance: float


@dataclass(frozen=True)
class Shown:
    """What a multimeter shows across the load, in V; ``tolerance`` is its error's bound, relative."""

    volts: float
    tolerance: float


Ask = Callable[[Resistor | None], Shown]
"""Called before each step, when the load must be connected: None for open terminals."""


def check_meter(
    port: MeterPort,
    voltage_v: float,
    resistors: Sequence[Resistor],
    ask: Ask,
    *,
    seconds: float = 2.0,
    source: str = "",
    progress: Progress = SILENT,
) -> CheckFit:
    """Check the meter at ``port`` at the output ``voltage_v``: open terminals, then each resistor.

    ``ask`` lets the user connect, and gives what a multimeter shows across the load (at open terminals: at
    the output). Raises UsageError where the meter supplies nothing or no resistor is given, MeterError
    (CHECK_UNSTEADY, CHECK_SATURATED, CHECK_LOADED, CHECK_ABSURD) for a point that cannot be.
    """
    meter = find_meter(port.meter)
    settings = MeterSettings("source", voltage_v, quantity="current")
    settings.check(meter.title, meter.capabilities)
    if "source" not in meter.capabilities.modes or not resistors:
        raise UsageError(
            f"{meter.title} is checked with known resistors at its own output.",
            hint="give --resistor, as 1k:0.1%, one for each range at least.",
            code="CHECK_LOADS",
        )
    with closing(meter.open(port.port)) as device:
        device.identify()
        setup = device.configure(settings)
        if meter.capabilities.switches_power:
            device.power(True)
        points, volts = _points(meter, device, setup, resistors, ask, seconds, progress)
    _refuse_absurd(points)
    name = f"{port.meter}#{setup.instrument.serial or 'unknown'}"
    emulated = setup.instrument.emulated or find_emulation(port.port) is not None
    stamp = "SIMULATED: an emulated meter; " if emulated else ""
    when = time.strftime("%Y-%m-%d")
    text = f"{stamp}tinykit meter check, {when}, {len(resistors)} resistors{f'; {source}' if source else ''}"
    return fit_check(name, port.meter, points, volts, datasheet(port.meter, name), text)


def _points(
    meter: Meter,
    device: OpenMeter,
    setup: MeterSetup,
    resistors: Sequence[Resistor],
    ask: Ask,
    seconds: float,
    progress: Progress,
) -> tuple[list[Point], Volts | None]:
    shown = ask(None)
    points = [_point("open terminals", 0.0, 0.0, _listen(meter, device, setup, seconds, progress))]
    set_v = setup.settings.voltage_v or 0.0
    volts = Volts(set_v, shown.volts, shown.volts * shown.tolerance / np.sqrt(3.0)) if set_v else None
    for resistor in resistors:
        shown = ask(resistor)
        true_a = shown.volts / resistor.ohm
        u_a = true_a * float(np.hypot(resistor.tolerance, shown.tolerance)) / np.sqrt(3.0)
        blocks = _listen(meter, device, setup, seconds, progress)
        points.append(_point(f"{resistor.ohm:g} ohm", true_a, float(u_a), blocks))
    return points, volts


def _refuse_absurd(points: Sequence[Point]) -> None:
    least_a = min(point.true_a for point in points if point.true_a)
    for point in points:
        if not point.true_a and abs(point.measured_a) > _MOST_OPEN * least_a:
            raise MeterError(
                f"At {point.name} the meter shows {point.measured_a:.3g} A.",
                hint="take everything off its output, a board too.",
                code="CHECK_LOADED",
            )
        if point.true_a and abs(point.measured_a / point.true_a - 1) > _MOST_ERROR:
            raise MeterError(
                f"At {point.name} the meter shows {point.measured_a:.3g} A for {point.true_a:.3g} A.",
                hint="is it that resistor, and is it connected; does its voltage hold?",
                code="CHECK_ABSURD",
            )


def _listen(
    meter: Meter, device: OpenMeter, setup: MeterSetup, seconds: float, progress: Progress
) -> list[Block]:
    """What comes in ``seconds``, the load's settling left out."""
    progress.start("Listening to the meter")
    decoder = meter.decoder(setup)
    device.start()
    blocks: list[Block] = []
    try:
        end = time.monotonic() + seconds + _SETTLE_S
        while time.monotonic() < end:
            blocks += decoder.feed(device.read(0.05))
    finally:
        blocks += decoder.feed(device.stop())
    blocks += decoder.finish()
    progress.finish(f"{sum(len(block) for block in blocks):,} samples")
    rate_hz = setup.settings.rate_hz or meter.capabilities.rates_hz[-1]
    first = int(_SETTLE_S * rate_hz)
    return [block.cut(first, block.end_index) for block in blocks if block.end_index > first]


def _point(name: str, true_a: float, u_true_a: float, blocks: Sequence[Block]) -> Point:
    if sum(len(block) for block in blocks) < 10 * _PIECES:
        raise MeterError(
            f"The meter sent too little at {name}.", hint="is its output on?", code="METER_SILENT"
        )
    values = np.concatenate([block.values for block in blocks])
    flags = np.concatenate([_array(block.flags, len(block)) for block in blocks])
    ranges = np.concatenate([_array(block.range_, len(block)) for block in blocks])
    if (flags & SATURATED).any():
        raise MeterError(
            f"The meter is at its end at {name}.", hint="take a larger resistor.", code="CHECK_SATURATED"
        )
    has_ranges = any(block.range_ is not None for block in blocks)
    most = int(np.bincount(ranges).argmax())
    kept = (ranges == most) & ((flags & RANGE_SWITCH) == 0) & np.isfinite(values)
    if kept.mean() < _STEADY:
        raise MeterError(
            f"At {name} the meter shows no steady current: {1 - kept.mean():.0%} of it lies in other ranges.",
            hint="take another resistor, well inside a range, and check its contacts.",
            code="CHECK_UNSTEADY",
        )
    means = [float(part.mean()) for part in np.array_split(values[kept], _PIECES)]
    u_a = float(np.std(means, ddof=1) / np.sqrt(_PIECES))
    return Point(name, most if has_ranges else None, true_a, u_true_a, float(np.mean(means)), u_a)


def _array(series: object, n: int) -> np.ndarray:
    return np.zeros(n, np.uint8) if series is None else np.asarray(series)
