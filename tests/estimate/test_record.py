import json
import math

import numpy as np
import pytest
import uncertainties
from hypothesis import assume, given
from hypothesis import strategies as st

from tinykit.estimate import Estimate, Influence, draw, propagate, summarise, total

VALUES = st.floats(0.5, 50.0)
RELATIVE = st.floats(1e-6, 0.05)


def measured(value, u, name, unit="J", dof=math.inf):
    return Estimate.normal(value, unit, u, name=name, kind="measured", source="test", dof=dof)


@given(a=VALUES, b=VALUES, c=VALUES, ra=RELATIVE, rb=RELATIVE, rc=RELATIVE)
def test_arithmetic_agrees_with_uncertainties_package(a, b, c, ra, rb, rc):
    """Shared influences in sums, differences, products and quotients, against another implementation."""
    ours = [measured(v, v * r, n) for v, r, n in ((a, ra, "a"), (b, rb, "b"), (c, rc, "c"))]
    theirs = [uncertainties.ufloat(v, v * r) for v, r in ((a, ra), (b, rb), (c, rc))]

    def formula(x, y, z):
        return (x + y) * z / (x + 2.0 * z) - x * 3.0 + 1.0 / y

    expected = formula(*theirs)
    x, y, z = ours
    ratio = ((x + y) * z / (x + 2.0 * z)).in_unit("J")
    got = ratio - x * 3.0 + (1.0 / y).in_unit("J")
    assert got.value == pytest.approx(expected.nominal_value, rel=1e-9, abs=1e-9)
    assert got.u == pytest.approx(expected.std_dev, rel=1e-6, abs=1e-9)


def test_a_shared_gain_cancels_in_a_ratio_and_adds_in_a_sum():
    gain = {"ppk2#12.range3.gain": Influence(0.5)}
    edge = Estimate(10.0, "J", ("measured",), ("session 1",), gain)
    other = Estimate(10.0, "J", ("measured",), ("session 2",), gain)
    assert (edge / other).u == pytest.approx(0.0, abs=1e-15)
    assert (edge - other).u == pytest.approx(0.0, abs=1e-15)
    assert (edge + other).u == pytest.approx(1.0)
    independent = measured(10.0, 0.5, "another meter")
    assert (edge - independent).u == pytest.approx(math.hypot(0.5, 0.5))


@given(a=VALUES, b=VALUES, ra=st.floats(0.001, 0.03), rb=st.floats(0.001, 0.03))
def test_first_order_agrees_with_monte_carlo(a, b, ra, rb):
    x, y = measured(a, a * ra, "x"), measured(b, b * rb, "y")
    exact = propagate(lambda p, q: (p - 0.5 * q) * p / q, [x, y], draws=40_000)
    first_order = (x - 0.5 * y) * x / y
    assume(abs(first_order.value) > 0.2 * max(a, b))
    assert first_order.u == pytest.approx(exact.sd, rel=0.06)


def test_welch_satterthwaite_by_the_guides_own_example():
    """GUM H.1.6: components 25, 9.7, 2.9, 16.6 nm with dof 18, 25.6, 50, 2 give about 16 dof."""
    parts = [(25.0, 18), (9.7, 25.6), (2.9, 50), (16.6, 2)]
    length = total(measured(0.0, u, f"part{i}", "nm", dof) for i, (u, dof) in enumerate(parts))
    assert length.u == pytest.approx(31.7, abs=0.1)
    assert length.dof == pytest.approx(16.7, abs=0.8)
    low, high = length.interval(0.99)
    assert high == pytest.approx(93, abs=2)
    assert low == pytest.approx(-high)


@pytest.mark.parametrize(
    "estimate",
    [
        Estimate.normal(3.0, "J", 0.2, name="a", kind="measured", source="s", dof=4),
        Estimate.rectangular(3.0, "J", 0.5, name="a", kind="published", source="s"),
        Estimate.triangular(1.0, 2.0, 6.0, "J", name="a", kind="assumed", source="s"),
        Estimate.lognormal(3.0, "J", 2.0, name="a", kind="published", source="s"),
        Estimate.lognormal(3.0, "J", 2.0, name="a", kind="published", source="s") * -1.0,
    ],
)
def test_a_single_cause_has_its_exact_interval(estimate):
    low, high = estimate.interval()
    sampled = summarise(draw([estimate])[0])
    assert low == pytest.approx(sampled.interval[0], abs=0.02 * estimate.u)
    assert high == pytest.approx(sampled.interval[1], abs=0.05 * estimate.u)


def test_lognormal_and_triangle_keep_their_median_and_ends():
    published = Estimate.lognormal(4.0, "J", 2.0, name="a", kind="published", source="s")
    assert np.median(draw([published])[0]) == pytest.approx(4.0, rel=0.01)
    assert published.interval(0.6826894921)[1] == pytest.approx(8.0, rel=1e-6)
    triangle = Estimate.triangular(1.0, 2.0, 6.0, "J", name="a", kind="assumed", source="s")
    samples = draw([triangle])[0]
    assert samples.min() >= 1.0
    assert samples.max() <= 6.0


def test_mixed_causes_are_drawn_and_give_the_same_interval_each_time():
    mixed = measured(10.0, 0.1, "noise") + Estimate.rectangular(
        0.0, "J", 1.0, name="bound", kind="published", source="data sheet"
    )
    assert mixed.interval() == mixed.interval()
    low, high = mixed.interval()
    assert high - 10.0 == pytest.approx(0.95, abs=0.06)
    assert 10.0 - low == pytest.approx(0.95, abs=0.06)


def test_interval_of_small_samples_holds_the_truth_as_often_as_it_says():
    """Two type A means of five readings and a known calibration: 95 % intervals over 4,000 experiments."""
    generator = np.random.default_rng(7)
    hits = 0
    for _ in range(4000):
        truth, gain_error = 8.0, generator.normal(0, 0.05)
        readings = generator.normal(truth + gain_error, 0.3, 5), generator.normal(2.0, 0.2, 5)
        parts = [
            measured(float(r.mean()), float(r.std(ddof=1) / math.sqrt(5)), f"repeat{i}", dof=4)
            for i, r in enumerate(readings)
        ]
        result = parts[0] - parts[1] + measured(0.0, 0.05, "gain")
        low, high = result.interval()
        hits += low <= truth - 2.0 <= high
    assert hits / 4000 == pytest.approx(0.95, abs=0.015)


def test_a_derived_number_is_as_soft_as_its_softest_part_and_names_all_sources():
    edge = Estimate.exact(2.0, "J", kind="measured", source="session 1")
    grid = Estimate.exact(400.0, "gCO2e/kWh", kind="published", source="Ember 2025")
    guess = Estimate.exact(1.0, "1", kind="assumed", source="scenario")
    both = edge * grid
    assert both.kind == "published"
    assert (both * guess).kind == "assumed"
    assert (both * guess).kinds == ("measured", "published", "assumed")
    assert (both * guess).sources == ("session 1", "Ember 2025", "scenario")


def test_units_are_kept_and_a_sum_of_two_units_is_refused():
    power, time = measured(2.0, 0.1, "p", "W"), measured(3.0, 0.1, "t", "s")
    assert (power * time).unit == "W·s"
    assert (power / power).unit == "1"
    assert (power * time).in_unit("mJ", 1000.0).value == pytest.approx(6000.0)
    with pytest.raises(ValueError, match="bring both to one unit"):
        power + time


def test_one_name_cannot_mean_two_causes():
    with pytest.raises(ValueError, match="two ways"):
        measured(1.0, 0.1, "gain") + measured(1.0, 0.1, "gain", dof=4)
    with pytest.raises(ValueError, match="two ways"):
        draw([measured(1.0, 0.1, "gain"), measured(1.0, 0.1, "gain", dof=4)])


def test_draws_of_one_influence_do_not_move_when_another_joins():
    alone = draw([measured(1.0, 0.1, "a")], draws=10)[0]
    beside = draw([measured(5.0, 0.1, "b"), measured(1.0, 0.1, "a")], draws=10)[1]
    assert np.array_equal(alone, beside)
    assert not np.array_equal(alone, draw([measured(1.0, 0.1, "a")], draws=10, seed=1)[0])


@given(value=VALUES, u=RELATIVE, dof=st.sampled_from([math.inf, 3.0, 9.5]))
def test_it_survives_json(value, u, dof):
    estimate = measured(value, u, "a", dof=dof) * Estimate.exact(2.0, "1", kind="assumed", source="x")
    text = json.dumps(estimate.to_dict(), allow_nan=False)
    assert Estimate.from_dict(json.loads(text)) == estimate


def test_what_was_stored_as_normal_with_few_degrees_of_freedom_is_students_t():
    """Before there was "t" in files a certificate's term had a dof beside "normal": as today's."""
    now = measured(1.0, 0.1, "m#1.gain", dof=50.0)
    then = now.to_dict()
    then["influences"]["m#1.gain"]["distribution"] = "normal"
    assert (now - Estimate.from_dict(then)).u == 0.0


@pytest.mark.parametrize(
    "make",
    [
        lambda: Estimate.exact(math.nan, "J", kind="measured", source="s"),
        lambda: Estimate.exact(1.0, "J", kind="guessed", source="s"),
        lambda: Estimate.exact(1.0, "J", kind="measured", source=""),
        lambda: measured(1.0, -0.1, "a"),
        lambda: measured(1.0, math.inf, "a"),
        lambda: measured(1.0, 0.1, "a", dof=0),
        lambda: Estimate.triangular(2.0, 1.0, 3.0, "J", name="a", kind="assumed", source="s"),
        lambda: Estimate.lognormal(0.0, "J", 2.0, name="a", kind="assumed", source="s"),
        lambda: total([]),
    ],
)
def test_nonsense_is_refused(make):
    with pytest.raises(ValueError):
        make()
