"""Published boards: a reference names one result, or the error says how to name it."""

from __future__ import annotations

import csv

import pytest

from tinykit.comparison.published import find_published, published_references
from tinykit.errors import InputError
from tinykit.resources import measurements


def refused(reference: str) -> InputError:
    with pytest.raises(InputError) as caught:
        find_published(reference)
    return caught.value


def test_the_example_of_the_manual():
    board = find_published("mlperf:v1.3/NUCLEO_L4R5ZI-P/kws")
    assert board.nominal_j == pytest.approx(1430.6681e-6)
    low, high = board.energy.interval()
    assert low < board.nominal_j < high
    assert (high - low) / board.nominal_j == pytest.approx(0.10, rel=0.01)
    assert (board.energy.unit, board.energy.kind) == ("J", "published")
    assert "not an official MLPerf result" in board.energy.sources[0]
    assert board.latency_s == pytest.approx(0.0434, rel=1e-2)
    assert (board.supply_v, board.clock_mhz) == (3.0, 120.0)
    assert board.to_dict()["energy"]["unit"] == "J"


def test_one_system_has_one_monitor_error():
    boards = [find_published(f"mlperf:v1.3/NUCLEO_L4R5ZI-P/{task}").energy for task in ("kws", "vww")]
    assert boards[0].influences.keys() == boards[1].influences.keys()
    ratio = boards[0] / boards[1]
    assert ratio.u == pytest.approx(0.0, abs=1e-12)


def test_every_row_of_the_table_can_be_named():
    named = published_references(with_energy=False)
    with (measurements() / "published" / "mlperf_tiny.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(named) == len(set(named)) == len(rows) == 365
    measured = set(published_references())
    for reference, row in zip(named, rows, strict=True):
        if reference in measured:
            board = find_published(reference)
            assert (board.submitter, board.source_path) == (row["submitter"], row["source_path"])
            assert board.nominal_j == pytest.approx(float(row["energy_uJ_per_inf"]) * 1e-6)
        else:
            assert refused(reference).code == "PUBLISHED_NO_ENERGY"


def test_a_row_without_energy_offers_the_nearest_with_one():
    error = refused("mlperf:v1.2/NUCLEO_L4R5ZI_int8/kws")
    assert error.code == "PUBLISHED_NO_ENERGY"
    assert "nearest first: mlperf:v1.2/NUCLEO_L4R5ZI/kws," in error.hint
    for offered in error.hint.partition(": ")[2].rstrip(".").split(", "):
        assert find_published(offered).benchmark == "kws"


def test_several_submitters_have_to_be_told_apart():
    error = refused("mlperf:v1.1/NUCLEO_L4R5ZI/kws")
    assert error.code == "PUBLISHED_AMBIGUOUS"
    assert "mlperf:v1.1/NUCLEO_L4R5ZI/kws/STMicroelectronics" in error.hint
    assert "bosch (no energy)" in error.hint
    board = find_published("mlperf:v1.1/NUCLEO_L4R5ZI/kws/stmicroelectronics")
    assert board.reference == "mlperf:v1.1/NUCLEO_L4R5ZI/kws/STMicroelectronics"


def test_variants_have_to_be_told_apart():
    assert refused("mlperf:v0.7/pynq-z2/ic").code == "PUBLISHED_AMBIGUOUS"
    assert find_published("mlperf:v0.7/pynq-z2/ic/CNV-W1A1").nominal_j == pytest.approx(2530.45e-6)


def test_a_system_id_may_hold_a_slash():
    assert find_published("mlperf:v1.0/microtvm_native/NUCLEO_L4R5ZI/ad").system_id.count("/") == 1


@pytest.mark.parametrize(
    ("reference", "offered"),
    [
        ("mlperf:v1.4/NUCLEO_L4R5ZI-P/kws", "v1.3"),
        ("mlperf:v1.3/NUCLEO_L4R5ZI/kws", "NUCLEO_L4R5ZI-P"),
        ("mlperf:v1.3/NUCLEO_L4R5ZI-P/kwz", "kws"),
        ("mlperf:v1.1/NUCLEO_L4R5ZI/kws/Bosh", "bosch"),
        ("mlperf:v1.3/kws", "mlperf:ROUND/SYSTEM_ID/BENCHMARK"),
        ("mlperf:v1.0/microtvm_native/NUCLEO_L4R5ZI", "mlperf:ROUND/SYSTEM_ID/BENCHMARK"),
        ("mlperf:v1.3//kws", "mlperf:ROUND/SYSTEM_ID/BENCHMARK"),
        ("eembc:v1.3/NUCLEO_L4R5ZI-P/kws", "mlperf:ROUND/SYSTEM_ID/BENCHMARK"),
    ],
)
def test_what_names_nothing_is_refused_with_the_way_out(reference, offered):
    error = refused(reference)
    assert error.code == "PUBLISHED_REFERENCE"
    assert offered in error.hint
