"""Figures that others printed, computed again from rows of the catalogue, each with its source.

A row that was mistyped, or a unit that was misread, shows here.
"""

from __future__ import annotations

import pytest

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.published import find_published
from tinykit.estimate import Estimate, total

CATALOG = Catalog.load()


def nominal(key: str) -> float:
    return CATALOG.find(key).nominal


def estimate(key: str, unit: str | None = None) -> Estimate:
    return CATALOG.find(key).estimate(unit)


COMPONENTS = ("power_supply", "transport", "casing", "processing", "pcb", "others", "training", "ui")


def footprint_kg(sensor: str) -> float:
    """Prakash et al. 2023: components plus use stage; grams in, kilograms out."""
    parts = [nominal(f"tinyml.component.{name}") for name in (*COMPONENTS, f"sensing.{sensor}")]
    return (sum(parts) + nominal("tinyml.use_stage.3y")) / 1e3


def test_tinyml_footprint_of_keyword_spotting():
    assert footprint_kg("kws") == pytest.approx(2.66, abs=0.005)
    assert footprint_kg("kws") * 1e3 == pytest.approx(nominal("tinyml.kws.typical"), abs=5)


def test_tinyml_footprint_of_image_classification_has_the_cameras_0_77():
    assert nominal("tinyml.component.sensing.camera") == pytest.approx(770)
    assert footprint_kg("camera") == pytest.approx(3.41, abs=0.005)
    assert footprint_kg("camera") * 1e3 == pytest.approx(nominal("tinyml.ic.typical"), abs=5)


def test_tinyml_use_stage_is_0_4_percent():
    assert nominal("tinyml.use_stage.3y") == pytest.approx(11.4)
    assert nominal("tinyml.use_stage.3y") / (footprint_kg("kws") * 1e3) == pytest.approx(0.004, abs=0.0005)


def test_the_footprint_as_an_estimate_holds_every_component_once():
    keys = [*(f"tinyml.component.{name}" for name in COMPONENTS), "tinyml.component.sensing.kws"]
    node = total([*(estimate(key) for key in keys), estimate("tinyml.use_stage.3y")])
    low, high = node.interval()
    assert 1_500 < low < footprint_kg("kws") * 1e3 < high < 6_000
    assert node.kind == "published"


def network_j_per_byte(kind: str, per: str, rate_bytes_per_s: float) -> float:
    """Malmodin 2020: (base + slope · rate) / rate, for one line or user on its own."""
    names = {"fixed": ("access", "core"), "mobile4g": ("ran", "core")}[kind]
    assert CATALOG.find(f"power.{kind}.core.base").unit == f"W/{per}"
    base = sum(nominal(f"power.{kind}.{name}.base") for name in names)
    slope = sum(nominal(f"power.{kind}.{name}.slope") for name in names)
    return base / rate_bytes_per_s + slope


def test_the_power_model_is_18_w_a_line_and_1_2_w_a_user():
    assert nominal("power.fixed.access.base") + nominal("power.fixed.core.base") == pytest.approx(18.0)
    assert nominal("power.mobile4g.ran.base") + nominal("power.mobile4g.core.base") == pytest.approx(1.2)


def test_a_fixed_line_at_40_megabit_takes_0_0011_kwh_per_gigabyte():
    per_byte = network_j_per_byte("fixed", "line", 40e6 / 8)
    assert per_byte / 3.6e-3 == pytest.approx(0.0011, abs=5e-5)
    assert per_byte == pytest.approx(CATALOG.find("avg.fixed.malmodin2020").low * 3.6e-3, rel=0.02)


@pytest.mark.parametrize(("kind", "row"), [("fixed", "fixed"), ("mobile4g", "mobile")])
def test_the_marginal_network_is_the_power_models_slope(kind, row):
    slope = network_j_per_byte(kind, {"fixed": "line", "mobile4g": "user"}[kind], 1e30)
    assert slope == pytest.approx(nominal(f"marginal.{row}.malmodin2020"), rel=0.02)


def test_eight_a100_take_8_mj_an_image():
    power, rate = (nominal(f"server.a100-pcie-x8.resnet50.offline.{one}") for one in ("power", "rate"))
    assert power == pytest.approx(2050, abs=1)
    assert rate == pytest.approx(256_083)
    assert power / rate * 1e3 == pytest.approx(8.00, abs=0.005)


def test_every_mlperf_energy_is_its_power_by_its_rate():
    checked = 0
    for row in CATALOG.category("inference"):
        model, _, system = row.key.rpartition(".")
        rate = f"server.{system}.{model}.rate"
        if rate in CATALOG:
            power = nominal(f"server.{system}.{model}.power")
            assert row.nominal == pytest.approx(power / nominal(rate), rel=1e-3), row.key
            checked += 1
    assert checked > 40


def test_one_always_on_a10_takes_184_j_at_one_request_a_second():
    """E(λ) = floor/λ + (load - floor)/λ_max, inside one replica."""
    floor, load = nominal("server.a10-x1.floor"), nominal("server.a10-x1.load")
    most = nominal("server.a10-x1.resnet50.offline.rate")
    assert floor / 1.0 + (load - floor) / most == pytest.approx(184, abs=0.5)
    assert floor / most + (load - floor) / most == pytest.approx(0.0273, abs=1e-4)


def test_a_network_of_0_0065_kwh_per_gigabyte_is_23_uj_per_byte():
    assert nominal("avg.fixed.carbontrust2021") * 1e6 == pytest.approx(23.4)


def test_esp32_connections_take_their_charge_at_five_volts():
    """Charge of the PPK2's windows times 5 V, as the notes of the rows have it."""
    for key, charge_mc in (("wake_dhcp", 204), ("wake_static_ip", 100), ("static_mqtt", 108.6)):
        assert nominal(f"wifi.esp32.{key}") == pytest.approx(charge_mc * 5e-3, rel=0.01)
    assert nominal("boot.esp32") == pytest.approx(16.6e-3)


def test_staying_associated_can_cost_half_of_reconnecting_every_minute():
    staying = nominal("wifi.esp32c3.associated.auto_light_sleep.dtim1") * 60
    assert staying / nominal("wifi.esp32.static_mqtt") == pytest.approx(0.5, abs=0.05)


def test_a_nbiot_connection_adds_up_from_its_states():
    """Setup, DRX, connected DRX and release as the state table has them."""
    states = ("setup", "drx", "cdrx")
    joules = sum(nominal(f"nbiot.state.{s}.power") * nominal(f"nbiot.state.{s}.time") for s in states)
    assert 0.3 < joules < 0.5
    assert nominal("nbiot.nrf9160.per_byte") == pytest.approx(
        (nominal("nbiot.nrf9160.400B_oneway_rai") - nominal("nbiot.nrf9160.200B_oneway_rai")) / 200
    )


def test_google_spends_1_43_on_host_and_1_12_on_idle():
    chips, host, idle = (nominal(f"google.{one}_share") for one in ("accelerator", "host", "idle_reserve"))
    assert (chips + host) / chips == pytest.approx(nominal("multiplier.host"), abs=0.005)
    assert (chips + host + idle) / (chips + host) == pytest.approx(
        nominal("multiplier.idle_reserve"), abs=0.005
    )


def test_the_h100s_embodied_carbon_disagrees_by_a_factor_of_3_5():
    assert nominal("gpu.h100.boavizta") / nominal("gpu.h100.nvidia_pcf") == pytest.approx(3.5, abs=0.05)


def test_water_in_korea_is_0_65_ul_per_joule():
    """On site 0.15 L/kWh, power of 1.15 by the grid's factor."""
    litres = nominal("wue.aws") + nominal("pue.aws") * nominal("wue.offsite.KOR")
    assert litres * 1e6 == pytest.approx(0.65, abs=0.01)


def test_the_visual_wake_word_takes_1_355_mj():
    assert find_published("mlperf:v1.2/NUCLEO_U575ZI_Q/vww").nominal_j * 1e3 == pytest.approx(1.355, abs=1e-3)
