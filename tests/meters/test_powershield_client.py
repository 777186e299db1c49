"""Our PowerShield client on ports: the emulated shield, and one that misbehaves."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tinykit.bench.meters import powershield_model as emulated
from tinykit.bench.meters.powershield import EmulatedShield
from tinykit.bench.meters.powershield_model import ShieldErrors, ShieldFaults
from tinykit.bench.meters.powershield_server import PowerShieldServer
from tinykit.errors import MeterError, UsageError
from tinykit.meters import MeterSettings, MeterSetup, find_meter, powershield_client, recorded_trace
from tinykit.meters.powershield_shell import shell_number

AT_3V = MeterSettings(voltage_v=3.0)


def active(times_s):
    phase_s = times_s % 0.1
    return np.where(phase_s < 0.05, 10e-3, 1e-3), (phase_s >= 1e-3).astype(np.uint8)


@contextlib.contextmanager
def shield(tmp_path: Path, meter: EmulatedShield, name: str = "lpm01a") -> Iterator:
    with PowerShieldServer(meter, active, f"pty:{tmp_path / 'meter'}") as server:
        opened = find_meter(name).open(server.url)
        try:
            yield opened
        finally:
            opened.close()


def record(opened, seconds: float) -> bytes:
    opened.start()
    raw, until_s = b"", time.monotonic() + seconds
    while time.monotonic() < until_s:
        raw += opened.read(0.05)
    return raw + opened.stop()


def decode(setup: MeterSetup, raw: bytes):
    decoder = find_meter(setup.meter).decoder(setup)
    return decoder, decoder.feed(raw) + decoder.finish()


@pytest.mark.parametrize(
    ("name", "model", "settings", "quantity"),
    [
        ("lpm01a", emulated.LPM01A, AT_3V, "energy"),
        (
            "lpm01a",
            emulated.LPM01A,
            MeterSettings(voltage_v=1.8, rate_hz=5000, quantity="current"),
            "current",
        ),
        ("lpm01a", emulated.LPM01A, MeterSettings(voltage_v=3.3, rate_hz=1e5), "current"),
        ("lpm01a", emulated.LPM01A, MeterSettings(voltage_v=3.3, rate_hz=1e4), "energy"),
        ("stlink-v3pwr", emulated.V3PWR, MeterSettings(voltage_v=1.6, rate_hz=1e3), "current"),
        ("stlink-v3pwr", emulated.V3PWR, MeterSettings(voltage_v=3.6, rate_hz=5e4), "current"),
    ],
)
def test_a_whole_recording(tmp_path, name, model, settings, quantity):
    meter = EmulatedShield(model)
    with shield(tmp_path, meter, name) as opened:
        assert opened.identify().firmware == "1.0.6"
        setup = opened.configure(settings)
        assert (setup.settings.quantity, setup.settings.voltage_v) == (quantity, settings.voltage_v)
        opened.power(True)
        assert meter.output_v == pytest.approx(settings.voltage_v)
        began_s = time.monotonic()
        raw = record(opened, 0.6)
        most_s = time.monotonic() - began_s + 0.1
        assert opened.read(0.0) == b""
        opened.power(False)
        assert not meter.output_on
    assert meter.taken == (name != "lpm01a")
    decoder, blocks = decode(MeterSetup.from_dict(setup.to_dict()), raw)
    assert not decoder.gaps
    assert not decoder.warnings
    values = np.concatenate([block.values for block in blocks])
    rate_hz = setup.settings.rate_hz
    assert 0.2 < decoder.length / rate_hz < most_s
    scale = settings.voltage_v / rate_hz if quantity == "energy" else 1.0
    assert np.median(np.unique(values)[[0, -1]]) == pytest.approx(5.5e-3 * scale, rel=2e-3)


def test_events_of_d7_are_where_the_line_fell(tmp_path):
    with shield(tmp_path, EmulatedShield()) as opened:
        setup = opened.configure(AT_3V)
        opened.power(True)
        raw = record(opened, 0.6)
    _, blocks = decode(setup, raw)
    digital = np.concatenate([block.digital for block in blocks])
    falls = np.flatnonzero(digital == 0)
    assert len(falls) >= 5
    assert np.abs(np.diff(falls) - 100).max() <= 1


def test_power_may_be_switched_while_it_samples(tmp_path):
    with shield(tmp_path, EmulatedShield()) as opened:
        setup = opened.configure(AT_3V)
        opened.power(True)
        opened.start()
        time.sleep(0.2)
        opened.power(False)
        time.sleep(0.2)
        raw = opened.read(0.1) + opened.stop()
    decoder, blocks = decode(setup, raw)
    energy_j = np.concatenate([block.values for block in blocks])
    assert energy_j[:50].min() > 0
    assert energy_j[-50:].max() == 0
    assert decoder.length == len(energy_j)


def test_the_setup_says_what_was_chosen_for_the_user(tmp_path):
    with shield(tmp_path, EmulatedShield(errors=ShieldErrors(voltage_gain=0.998))) as opened:
        setup = opened.configure(AT_3V)
    assert (setup.settings.rate_hz, setup.settings.quantity) == (1000.0, "energy")
    assert setup.identification == "volt get 2994-03"
    assert setup.settings.supply().kind == "set"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (MeterSettings(), "VOLTAGE_MISSING"),
        (MeterSettings(voltage_v=5.0), "METER_SETTING"),
        (MeterSettings(voltage_v=3.0, rate_hz=3000), "METER_SETTING"),
        (MeterSettings(voltage_v=3.0, rate_hz=1e5, quantity="energy"), "METER_SETTING"),
        (MeterSettings(voltage_v=3.0, mode="ammeter"), "METER_SETTING"),
    ],
)
def test_what_a_shield_cannot_do_is_refused_before_it_is_sent(tmp_path, settings, code):
    meter = EmulatedShield()
    with shield(tmp_path, meter) as opened:
        with pytest.raises(UsageError) as caught:
            opened.configure(settings)
        assert caught.value.code == code
    assert not meter.taken


def test_firmware_without_pwr_off_is_found_first(tmp_path):
    meter = EmulatedShield(firmware="1.0.5")
    with shield(tmp_path, meter) as opened:
        with pytest.raises(MeterError, match=r"1\.0\.6") as caught:
            opened.identify()
        assert caught.value.code == "METER_FIRMWARE"
        assert meter.taken
    assert not meter.taken


@pytest.mark.timeout(60)
def test_a_silent_shield_never_hangs(tmp_path):
    with shield(tmp_path, EmulatedShield(faults=ShieldFaults(silent=True))) as opened:
        with pytest.raises(MeterError) as caught:
            opened.identify()
        assert caught.value.code == "METER_SILENT"


@pytest.mark.parametrize("has_detail", [True, False])
def test_an_error_is_told_with_its_detail_if_there_is_one(tmp_path, has_detail, monkeypatch):
    meter = EmulatedShield(faults=ShieldFaults(error_detail=has_detail))
    monkeypatch.setattr(meter, "_do_acqmode", lambda mode: emulated.choice(mode, "stat"))
    with shield(tmp_path, meter) as opened:
        with pytest.raises(MeterError) as caught:
            opened.configure(AT_3V)
        assert caught.value.code == "METER_REFUSED"
        assert "acqmode dyn" in caught.value.message
        assert ("one of: stat" in caught.value.message) == has_detail
    assert not meter.taken


def test_a_rail_that_is_fed_by_something_else_is_found(tmp_path):
    with shield(tmp_path, EmulatedShield(errors=ShieldErrors(voltage_gain=1.1))) as opened:
        with pytest.raises(MeterError) as caught:
            opened.configure(AT_3V)
        assert caught.value.code == "METER_VOLTAGE"


@pytest.mark.parametrize(
    "stale", [b"6409-07\r\n64", b"\r\nPowerShield > ack htc\r\n\r\n\xf0\xf3\x00", b"\xff" * 5000]
)
def test_what_an_earlier_program_left_behind_does_no_harm(tmp_path, stale):
    with shield(tmp_path, EmulatedShield(faults=ShieldFaults(stale=stale))) as opened:
        setup = opened.configure(AT_3V)
        opened.power(True)
        raw = record(opened, 0.3)
    assert raw.startswith(b"\r\nTimeStamp: 000s 000ms")
    assert not decode(setup, raw)[0].warnings


def test_a_shield_that_still_samples_is_stopped_first(tmp_path):
    meter = EmulatedShield()
    for line in (b"htc", b"acqtime inf", b"freq 5k", b"pwr on", b"start"):
        meter.receive(line + b"\n")
    with shield(tmp_path, meter) as opened:
        assert opened.identify().serial == "540619864-1110659081-4784204"
        assert not meter.sampling


def test_a_shield_that_forgets_to_complete_does_not_hang_the_stop(tmp_path, monkeypatch):
    monkeypatch.setattr(powershield_client, "_STOP_S", 0.5)
    with shield(tmp_path, EmulatedShield(faults=ShieldFaults(mute_stop=True))) as opened:
        setup = opened.configure(AT_3V)
        opened.power(True)
        raw = record(opened, 0.3)
    decoder, _ = decode(setup, raw)
    assert decoder.length >= 200
    assert [warning.code for warning in decoder.warnings] == ["SHIELD_NO_END"]


def test_an_overcurrent_ends_the_recording_and_is_told(tmp_path):
    meter = EmulatedShield()
    hot = lambda t: (np.full(len(t), 0.08), np.ones(len(t), np.uint8))  # noqa: E731
    with PowerShieldServer(meter, hot, f"pty:{tmp_path / 'meter'}") as server:
        opened = find_meter("lpm01a").open(server.url)
        setup = opened.configure(AT_3V)
        opened.power(True)
        raw = record(opened, 0.3)
        opened.close()
    decoder, _ = decode(setup, raw)
    assert [warning.code for warning in decoder.warnings] == ["SHIELD_OVERCURRENT"]


def test_pulled_out_while_it_samples(tmp_path):
    with PowerShieldServer(EmulatedShield(), active, f"pty:{tmp_path / 'meter'}") as server:
        opened = find_meter("lpm01a").open(server.url)
        opened.configure(AT_3V)
        opened.power(True)
        opened.start()
        assert opened.read(0.5)
        server.unplug()
        with pytest.raises(MeterError) as caught:
            for _ in range(20):
                opened.read(0.05)
        assert caught.value.code == "METER_GONE"
        opened.stop()
        opened.close()


def test_a_port_that_is_not_there():
    with pytest.raises(MeterError) as caught:
        find_meter("lpm01a").open("/dev/no-such-shield")
    assert caught.value.code == "METER_PORT"


def test_numbers_of_the_shield():
    assert shell_number("3292-03") == 3.292
    assert shell_number("12") == 12
    with pytest.raises(ValueError, match="number"):
        shell_number("volt")


@pytest.mark.parametrize(("rate_hz", "lines"), [(1e3, ("D7",)), (5e3, ("D7",)), (1e4, ()), (1e5, ())])
def test_a_recording_has_the_line_only_where_the_shield_sends_it(tmp_path, rate_hz, lines):
    settings = MeterSettings(voltage_v=3.0, rate_hz=rate_hz)
    with shield(tmp_path, EmulatedShield()) as opened:
        setup = opened.configure(settings)
        opened.power(True)
        path = tmp_path / "meter.raw"
        path.write_bytes(record(opened, 0.3))
    trace = recorded_trace(path, find_meter("lpm01a"), setup)
    assert trace.digital_lines == lines
    assert trace.supply.kind == "set"
    assert sum(len(block) for block in trace.blocks()) == trace.length
    whole = np.concatenate([block.values for block in trace.blocks()])
    half = np.concatenate([block.values for block in trace.blocks(trace.length // 2)])
    assert np.array_equal(whole[trace.length // 2 :], half)
    assert find_meter("lpm01a").capabilities.sees == "falls"


@pytest.mark.timeout(60)
def test_a_port_whose_other_end_takes_nothing_never_hangs():
    controller, terminal = os.openpty()
    opened = find_meter("lpm01a").open(os.ttyname(terminal))
    with pytest.raises(MeterError) as caught:
        opened.identify()
    assert caught.value.code == "METER_SILENT"
    with contextlib.suppress(BlockingIOError):
        while True:  # until the terminal is full
            os.write(opened._port._serial.fd, b"x" * 4096)
    opened.close()
    os.close(controller)
    os.close(terminal)
