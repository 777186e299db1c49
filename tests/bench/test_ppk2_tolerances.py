"""The emulated PPK2's declared tolerances: drawn as declared, and in a form that a measurement reads."""

import numpy as np
import pytest

from tinykit.bench.meters.ppk2 import EmulatedPpk2
from tinykit.bench.meters.ppk2_tolerances import Ppk2Tolerances
from tinykit.lab.calibration import parse_calibration


@pytest.mark.parametrize("shape", ["normal", "rectangular"])
def test_errors_are_drawn_as_they_are_declared(shape):
    tolerances = Ppk2Tolerances(shape, gain=(0.01, 0.02, 0.03, 0.04, 0.05))
    drawn = [tolerances.draw(seed) for seed in range(3000)]
    factor = 1.0 if shape == "normal" else 1 / np.sqrt(3)
    gains = np.array([errors.gain for errors in drawn]) - 1
    np.testing.assert_allclose(gains.std(axis=0), factor * np.array(tolerances.gain), rtol=0.06)
    assert abs(gains.mean(axis=0)).max() < 0.003
    assert abs(np.corrcoef(gains.T) - np.eye(5)).max() < 0.08
    offsets_a = np.array([errors.offset_a for errors in drawn])
    np.testing.assert_allclose(offsets_a.std(axis=0), factor * np.array(tolerances.offset_a), rtol=0.06)
    assert np.std([e.voltage_gain for e in drawn]) == pytest.approx(factor * 0.003, rel=0.06)
    assert np.std([e.clock_ppm for e in drawn]) == pytest.approx(factor * 50, rel=0.06)
    if shape == "rectangular":
        assert (abs(gains) <= tolerances.gain).all()


def test_the_same_seed_gives_the_same_meter():
    assert Ppk2Tolerances().draw(7) == Ppk2Tolerances().draw(7)
    assert Ppk2Tolerances().draw(7) != Ppk2Tolerances().draw(8)


@pytest.mark.parametrize("shape", ["normal", "rectangular"])
def test_a_measurement_can_read_the_declaration(shape):
    tolerances = Ppk2Tolerances(shape)
    calibration = parse_calibration(tolerances.to_calibration("ppk2#emulated"))
    assert calibration.is_bound
    assert calibration.instrument == "ppk2#emulated"
    assert calibration.find("gain", 3).width == tolerances.gain[3]
    assert calibration.find("offset", 0).width == tolerances.offset_a[0]
    assert calibration.find("voltage").shape == shape
    assert calibration.find("timebase").width == 50e-6


def test_a_fast_clock_takes_more_samples():
    errors = Ppk2Tolerances(timebase=1e-3).draw(3)
    assert EmulatedPpk2(errors=errors).base_hz == pytest.approx(1e5 * (1 + errors.clock_ppm * 1e-6))
    assert EmulatedPpk2(errors=errors).base_hz != 1e5
