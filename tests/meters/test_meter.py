"""METER:PORT, settings against capabilities, the registry, and setups as JSON."""

import dataclasses
import json
from types import SimpleNamespace

import pytest

from tinykit.errors import InputError, UsageError
from tinykit.meters import (
    Instrument,
    MeterPort,
    MeterSettings,
    MeterSetup,
    find_meter,
    meters,
    parse_meter,
)

CAPABILITIES = find_meter("ppk2").capabilities


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ppk2:/dev/ttyACM0", MeterPort("ppk2", "/dev/ttyACM0")),
        ("lpm01a:socket://127.0.0.1:5000", MeterPort("lpm01a", "socket://127.0.0.1:5000")),
        ("ppk2:COM3", MeterPort("ppk2", "COM3")),
        ("rapl", MeterPort("rapl", "")),
    ],
)
def test_meter_and_port(text, expected):
    assert parse_meter(text) == expected


@pytest.mark.parametrize("text", ["", ":", ":/dev/ttyACM0", "C:\\ports\\3"])
def test_a_port_without_a_meter_is_refused(text):
    with pytest.raises(UsageError) as caught:
        parse_meter(text)
    assert caught.value.code == "METER_SYNTAX"


def test_the_meters_are_found_by_scanning():
    names = [meter.name for meter in meters()]
    assert {"ppk2", "lpm01a", "stlink-v3pwr", "rapl"} <= set(names)
    assert names == sorted(names)
    assert all(find_meter(name).name == name for name in names)


def test_other_peoples_meters_are_plugged_in(monkeypatch):
    mine = dataclasses.replace(find_meter("ppk2"), name="mine")
    entry = SimpleNamespace(load=lambda: mine)
    found = {"tinykit.meters": [entry]}
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: found.get(group, []))
    assert find_meter("mine") is mine
    assert find_meter("ppk2").name == "ppk2"


def test_an_unknown_meter_is_named_with_those_there_are():
    with pytest.raises(UsageError, match="'ppk3'") as caught:
        find_meter("ppk3")
    assert caught.value.code == "METER_UNKNOWN"
    assert "ppk2" in caught.value.hint


@pytest.mark.parametrize(
    ("settings", "code", "says"),
    [
        (MeterSettings(voltage_v=5.1), "METER_SETTING", "5.1 V"),
        (MeterSettings(voltage_v=0.7), "METER_SETTING", "0.7 V"),
        (MeterSettings(voltage_v=-1.0, mode="ammeter"), "METER_SETTING", "-1"),
        (MeterSettings(voltage_v=float("nan")), "METER_SETTING", "nan"),
        (MeterSettings(voltage_v=3.0, rate_hz=1000.0), "METER_SETTING", "1000 Hz"),
        (MeterSettings(voltage_v=3.0, quantity="energy"), "METER_SETTING", "energy"),
        (MeterSettings(), "VOLTAGE_MISSING", "voltage"),
    ],
)
def test_what_a_meter_cannot_do_is_refused(settings, code, says):
    with pytest.raises(UsageError, match=says) as caught:
        settings.check("the PPK2", CAPABILITIES)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        (MeterSettings(voltage_v=3.3), "set"),
        (MeterSettings("ammeter", 3.3, "multimeter"), "measured"),
        (MeterSettings("ammeter", 3.3), "assumed"),
    ],
)
def test_who_says_the_voltage(settings, kind):
    settings.check("the PPK2", CAPABILITIES)
    assert settings.supply().kind == kind


def test_no_voltage_is_no_supply():
    assert MeterSettings().supply() is None


def test_a_setup_survives_json():
    setup = MeterSetup(
        "ppk2",
        Instrument("ppk2", "m", "s", "f", "c", True),
        MeterSettings(voltage_v=3.3, rail="VDD"),
        "END\n",
    )
    assert MeterSetup.from_dict(json.loads(json.dumps(setup.to_dict()))) == setup


@pytest.mark.parametrize("damage", [{"instrument": {}}, {"settings": {"hop": 1}}, {"settings": None}])
def test_an_edited_setup_is_refused(damage):
    data = MeterSetup("ppk2", Instrument("ppk2", "m", "s", "f", "c"), MeterSettings()).to_dict()
    with pytest.raises(InputError) as caught:
        MeterSetup.from_dict(data | damage)
    assert caught.value.code == "METER_SETUP"
