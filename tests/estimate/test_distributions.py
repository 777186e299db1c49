import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from tinykit.estimate.distributions import (
    lognormal_moments,
    quantile,
    sample,
    student_t_cdf,
    student_t_quantile,
)

ORACLES = [
    ("normal", {}, scipy.stats.norm()),
    ("t", {"dof": 3.0}, scipy.stats.t(3)),
    ("rectangular", {}, scipy.stats.uniform(-math.sqrt(3), 2 * math.sqrt(3))),
    ("triangular", {"shape": 0.0}, scipy.stats.triang(0.0)),
    ("triangular", {"shape": 0.3}, scipy.stats.triang(0.3)),
    ("triangular", {"shape": 1.0}, scipy.stats.triang(1.0)),
    ("lognormal", {"shape": 0.8}, scipy.stats.lognorm(0.8)),
]


def standardised_quantile(oracle, distribution, p):
    if distribution in ("triangular", "lognormal"):
        return (oracle.ppf(p) - oracle.mean()) / oracle.std()
    return oracle.ppf(p)


@pytest.mark.parametrize(("distribution", "parameters", "oracle"), ORACLES)
@pytest.mark.parametrize("p", [0.001, 0.025, 0.3, 0.5, 0.9, 0.975, 0.9999])
def test_quantiles_agree_with_scipy(distribution, parameters, oracle, p):
    expected = standardised_quantile(oracle, distribution, p)
    assert quantile(distribution, p, **parameters) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("distribution", "parameters", "oracle"), ORACLES)
def test_samples_follow_the_quantiles(distribution, parameters, oracle):
    draws = sample(distribution, np.random.default_rng(1), 100_000, **parameters)
    for p in (0.05, 0.5, 0.95):
        share = np.mean(draws <= quantile(distribution, p, **parameters))
        assert share == pytest.approx(p, abs=0.005)


@given(p=st.floats(1e-6, 1 - 1e-6), dof=st.floats(0.5, 1e6))
def test_student_quantile_inverts_its_distribution(p, dof):
    assert student_t_cdf(student_t_quantile(p, dof), dof) == pytest.approx(p, rel=1e-7)


@given(p=st.floats(1e-5, 1 - 1e-5), dof=st.floats(0.6, 1e5))
def test_student_quantile_agrees_with_scipy(p, dof):
    assert student_t_quantile(p, dof) == pytest.approx(scipy.stats.t.ppf(p, dof), rel=1e-6, abs=1e-7)


def test_infinite_degrees_of_freedom_are_normal():
    assert student_t_quantile(0.975, math.inf) == pytest.approx(1.959963984540054)


@given(st.floats(1e4, 1e300), st.floats(0.5001, 0.99999))
def test_students_t_runs_into_the_normal_distribution(dof, p):
    # Welch and Satterthwaite give such degrees of freedom where the type A part is next to nothing.
    normal = student_t_quantile(p, math.inf)
    wider = (normal**3 + normal) / (4.0 * dof)
    assert student_t_quantile(p, dof) == pytest.approx(normal + wider, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(("p", "dof"), [(0.0, 5), (1.0, 5), (0.5, 0), (0.5, -1), (0.5, math.nan)])
def test_what_has_no_quantile_is_refused(p, dof):
    with pytest.raises(ValueError, match="student_t_quantile"):
        student_t_quantile(p, dof)


@given(st.floats(0, 2), st.floats(0.01, 2))
def test_a_lognormal_of_two_halves_has_the_moments_that_integration_gives(below, above):
    z = np.linspace(-12, 12, 200_001)
    values = np.exp(z * np.where(z > 0, above, below))
    density = scipy.stats.norm.pdf(z)
    mean = np.trapezoid(values * density, z)
    sd = math.sqrt(np.trapezoid((values - mean) ** 2 * density, z))
    assert lognormal_moments(above, below) == pytest.approx((mean, sd), rel=1e-5)
    for p, shape in ((0.025, below), (0.5, above), (0.975, above)):
        raw = quantile("lognormal", p, shape=above, shape_low=below) * sd + mean
        assert raw == pytest.approx(math.exp(shape * scipy.stats.norm.ppf(p)), rel=1e-4)


def test_samples_of_two_halves_follow_the_quantiles():
    halves = {"shape": 1.2, "shape_low": 0.3}
    draws = sample("lognormal", np.random.default_rng(1), 100_000, **halves)
    for p in (0.05, 0.5, 0.95):
        assert np.mean(draws <= quantile("lognormal", p, **halves)) == pytest.approx(p, abs=0.005)
