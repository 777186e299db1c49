"""Electricity by zone: the user's own row goes before ours; a zone that there is not is refused helpfully."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.choose import zones
from tinykit.comparison.resolve import resolve
from tinykit.comparison.scenario import Given, Scenario
from tinykit.errors import InputError

ROWS = """key,value,unit,source
grid.KOR.average,180,gCO2e/kWh,our supplier
water.KOR.average,1,L/kWh,our supplier
grid.KOR.marginal.combined,100,gCO2e/kWh,our study
grid.KOR.marginal.operating,300,gCO2e/kWh,our study
server.jetson-orin.floor,4,W,our meter
"""
KWH_J = 3.6e6


@pytest.fixture
def own(tmp_path: Path) -> Catalog:
    file = tmp_path / "mine.csv"
    file.write_text(ROWS, encoding="utf-8")
    return Catalog.load(file)


def nominal(catalog: Catalog, key: str, **words: Given) -> float:
    scenario = Scenario({"grid.device": "KR", **words})
    value = resolve(scenario, catalog, scenario.words())[key].nominal
    assert value is not None
    return value


def test_a_zone_of_the_users_own_catalogue_goes_before_ours(own: Catalog) -> None:
    assert nominal(own, "grid.device_g_per_j") == pytest.approx(180 / KWH_J)
    assert nominal(Catalog.load(), "grid.device_g_per_j") == pytest.approx(417.06 / KWH_J, rel=0.05)
    assert nominal(own, "grid.device_l_per_j") == pytest.approx(1 / KWH_J)


def test_so_does_a_margin_and_a_floor_that_nobody_published(own: Catalog) -> None:
    assert nominal(own, "grid.device_g_per_j", stance="consequential") == pytest.approx(200 / KWH_J)
    assert nominal(Catalog.load(), "grid.device_g_per_j", stance="consequential") == pytest.approx(
        445 / KWH_J
    )
    assert nominal(own, "gateway.floor_w") == pytest.approx(4.0)


def test_a_margin_is_missing_here_not_in_the_world() -> None:
    scenario = Scenario({"grid.device": "DE", "stance": "consequential"})
    why = resolve(scenario, Catalog.load(), scenario.words())["grid.device_g_per_j"].why
    assert why is not None and why.startswith("the catalogue has no margin of DEU")


def test_all_places_in_one_zone_share_one_influence(own: Catalog) -> None:
    scenario = Scenario({f"grid.{place}": "KR" for place in ("device", "network", "cloud")})
    for catalog in (own, Catalog.load()):
        found = resolve(scenario, catalog, scenario.words())
        names = {tuple(found[f"grid.{place}_g_per_j"].estimate.influences) for place in ("device", "cloud")}  # type: ignore[union-attr]
        assert len(names) == 1 and all(len(one) == 1 for one in names)
        assert np.isclose(found["grid.device_g_per_j"].nominal, found["grid.network_g_per_j"].nominal)  # type: ignore[arg-type]


def test_what_ecologits_fills_in_or_has_as_zero_is_a_gap() -> None:
    catalog = Catalog.load()
    scenario = Scenario({"grid.device": "CAF", "grid.cloud": "VN"})
    found = resolve(scenario, catalog, scenario.words())
    assert found["grid.device_g_per_j"].nominal is None
    assert "which no electricity is" in found["grid.device_g_per_j"].why
    assert found["grid.cloud_g_per_j"].nominal
    assert found["grid.cloud_l_per_j"].why == "nobody has VNM's water: ecologits puts the world's there"


def test_no_such_zone_names_the_option_what_is_near_and_what_a_zone_is() -> None:
    with pytest.raises(InputError) as caught:
        zones("XQ")
    assert caught.value.code == "GRID_ZONE"
    assert caught.value.message == "--grid: there is no zone 'XQ'."
    assert "Did you mean" not in caught.value.hint and "ISO 3166" in caught.value.hint
    with pytest.raises(InputError) as caught:
        zones("worlt")
    assert "Did you mean WORLD" in caught.value.hint


def test_a_zone_out_of_a_file_is_refused_with_that_file_named() -> None:
    scenario = Scenario({"grid.cloud": "XQ"}, "ours.toml")
    with pytest.raises(InputError) as caught:
        resolve(scenario, Catalog.load(), scenario.words())
    assert caught.value.message.startswith("ours.toml") and "'XQ'" in caught.value.message


def test_a_far_guess_is_told_where_all_are_listed_and_nothing_that_is_as_far() -> None:
    with pytest.raises(InputError) as caught:
        Scenario().but({"zzz": 1})
    assert caught.value.hint == "docs/reference/scenario.md lists all."
    with pytest.raises(InputError) as caught:
        Scenario().but({"service.payload_byte": 1})
    assert "Did you mean service.payload_bytes" in caught.value.hint
    with pytest.raises(InputError) as caught:
        Catalog.load().find("zzz")
    assert caught.value.hint == "tinykit catalog list shows all keys."
