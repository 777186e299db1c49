"""The check of an emulated meter at its port: its declared errors lie inside the bounds that come out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tinykit.bench.meters.powershield import EmulatedShield
from tinykit.bench.meters.powershield_model import ShieldErrors
from tinykit.bench.meters.powershield_server import PowerShieldServer
from tinykit.bench.meters.ppk2 import EmulatedPpk2, Ppk2Errors, Ppk2Faults
from tinykit.bench.meters.ppk2_server import Ppk2Server
from tinykit.errors import MeterError, UsageError
from tinykit.lab.meter_check import Resistor, Shown, check_meter
from tinykit.meters.meter import MeterPort

GAIN = (1.02, 0.97, 1.03, 0.96, 1.05)
OHMS = (100e3, 10e3, 1e3, 100.0, 39.0)
VOLTAGE_GAIN = 0.995
NO_FAULTS = Ppk2Faults()


class Bench:
    """A resistor that the test connects, across the meter's output."""

    def __init__(self, folder: Path, faults: Ppk2Faults = NO_FAULTS) -> None:
        errors = Ppk2Errors(gain=GAIN, voltage_gain=VOLTAGE_GAIN)
        self.meter = EmulatedPpk2(errors=errors, faults=faults)
        self.ohm: float | None = None
        self.server = Ppk2Server(
            self.meter, self._current, f"pty:{folder / 'meter'}", f"pty:{folder / 'shell'}"
        )

    def _current(self, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        amperes = 0.0 if self.ohm is None else self.meter.output_v / self.ohm
        return np.full(len(times_s), amperes), np.zeros(len(times_s), np.uint8)

    def ask(self, load: Resistor | None) -> Shown:
        self.ohm = None if load is None else load.ohm
        return Shown(3.0 * VOLTAGE_GAIN, 1e-3)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    one = Bench(tmp_path)
    with one.server:
        yield one


def test_declared_errors_lie_inside_the_bounds(bench: Bench) -> None:
    port = MeterPort("ppk2", bench.server.port)
    fit = check_meter(port, 3.0, [Resistor(ohm, 1e-3) for ohm in OHMS], bench.ask, seconds=0.3)
    assert fit.unchecked == ()
    assert fit.calibration.is_bound
    for range_, gain in enumerate(GAIN):
        term = fit.calibration.find("gain", range_)
        assert term is not None
        assert abs(gain - 1) <= term.width <= abs(gain - 1) + 0.015, range_
    voltage = fit.calibration.find("voltage")
    assert voltage is not None
    assert 1 - VOLTAGE_GAIN <= voltage.width <= 1 - VOLTAGE_GAIN + 2e-3


def test_a_converter_at_its_end_is_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Ppk2Faults(saturations=((0, 1_000_000),)))
    with bench.server, pytest.raises(MeterError) as refused:
        check_meter(MeterPort("ppk2", bench.server.port), 3.0, [Resistor(10.0, 1e-3)], bench.ask, seconds=0.2)
    assert refused.value.code == "CHECK_SATURATED"


def test_a_load_that_was_left_on_and_a_wrong_resistor_are_found(bench: Bench) -> None:
    port, loads = MeterPort("ppk2", bench.server.port), [Resistor(1e3, 1e-3)]

    def careless(load: Resistor | None) -> Shown:
        bench.ohm = 1e3
        return Shown(3.0, 1e-3)

    with pytest.raises(MeterError, match="open terminals") as left_on:
        check_meter(port, 3.0, loads, careless, seconds=0.2)
    assert left_on.value.code == "CHECK_LOADED"

    def mistaken(load: Resistor | None) -> Shown:
        bench.ohm = None if load is None else 10e3
        return Shown(3.0, 1e-3)

    with pytest.raises(MeterError, match="1000 ohm") as wrong:
        check_meter(port, 3.0, loads, mistaken, seconds=0.2)
    assert wrong.value.code == "CHECK_ABSURD"


def test_without_a_resistor_or_an_output_there_is_no_check() -> None:
    with pytest.raises(UsageError) as none:
        check_meter(MeterPort("ppk2", "nowhere"), 3.0, [], lambda _: Shown(3.0, 0.01))
    assert none.value.code == "CHECK_LOADS"
    with pytest.raises(UsageError):
        check_meter(MeterPort("rapl", ""), 3.0, [Resistor(1e3, 0.01)], lambda _: Shown(3.0, 0.01))


def test_a_meter_that_would_rather_count_joules_is_checked_in_amperes(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    shield = EmulatedShield(errors=ShieldErrors(gain=1.01, voltage_gain=VOLTAGE_GAIN))

    def current(times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        amperes = 0.0 if bench.ohm is None else shield.output_v / bench.ohm
        return np.full(len(times_s), amperes), np.ones(len(times_s), np.uint8)

    with PowerShieldServer(shield, current, f"pty:{tmp_path / 'shield'}") as server:
        port = MeterPort("lpm01a", server.url)
        fit = check_meter(port, 3.0, [Resistor(1e3, 1e-3), Resistor(100.0, 1e-3)], bench.ask, seconds=0.3)
    gain = fit.calibration.find("gain")
    assert gain is not None
    assert 0.01 <= gain.width <= 0.02
    assert fit.calibration.is_bound
