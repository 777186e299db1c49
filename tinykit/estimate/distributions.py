"""The five distributions an influence may have, each standardised: mean 0 and standard uncertainty 1.

An influence of size ``u`` moves its estimate by ``u * z``, where ``z`` follows one of these. For
Student's t the scale is 1, not the standard deviation, as JCGM 101:2008 §6.4.9 draws a type A term.
Pure Python but for :func:`sample`, so that importing this costs nothing.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Distribution = Literal["normal", "t", "rectangular", "triangular", "lognormal"]
DISTRIBUTIONS: tuple[Distribution, ...] = ("normal", "t", "rectangular", "triangular", "lognormal")

_NORMAL = NormalDist()
_NEARLY_NORMAL = 1e5


def quantile(
    distribution: Distribution,
    p: float,
    *,
    dof: float = math.inf,
    shape: float = 0.0,
    shape_low: float | None = None,
) -> float:
    """The ``p``-quantile (0 < p < 1) of the standardised distribution.

    ``shape`` is the standard deviation of the logarithm for lognormal, ``shape_low`` that below the median
    where it is another; for triangular ``shape`` is where the mode lies between the ends (0 to 1).
    """
    if distribution == "normal":
        return _NORMAL.inv_cdf(p)
    if distribution == "t":
        return student_t_quantile(p, dof)
    if distribution == "rectangular":
        return math.sqrt(3.0) * (2.0 * p - 1.0)
    if distribution == "triangular":
        mean, sd = triangular_moments(shape)
        raw = math.sqrt(p * shape) if p < shape else 1.0 - math.sqrt((1.0 - p) * (1.0 - shape))
        return (raw - mean) / sd
    mean, sd = lognormal_moments(shape, shape_low)
    z = _NORMAL.inv_cdf(p)
    return (math.exp(z * (shape if z > 0 or shape_low is None else shape_low)) - mean) / sd


def sample(
    distribution: Distribution,
    generator: np.random.Generator,
    draws: int,
    *,
    dof: float = math.inf,
    shape: float = 0.0,
    shape_low: float | None = None,
) -> npt.NDArray[np.float64]:
    """``draws`` values of the standardised distribution, float64; shapes as of `quantile`."""
    if distribution == "normal":
        return generator.standard_normal(draws)
    if distribution == "t":
        return generator.standard_normal(draws) if math.isinf(dof) else generator.standard_t(dof, draws)
    if distribution == "rectangular":
        return generator.uniform(-math.sqrt(3.0), math.sqrt(3.0), draws)
    if distribution == "triangular":
        mean, sd = triangular_moments(shape)
        return (generator.triangular(0.0, shape, 1.0, draws) - mean) / sd
    import numpy as np

    mean, sd = lognormal_moments(shape, shape_low)
    z = generator.standard_normal(draws)
    return np.asarray(
        (np.exp(z * np.where(z > 0, shape, shape if shape_low is None else shape_low)) - mean) / sd
    )


def triangular_moments(mode: float) -> tuple[float, float]:
    """Mean and standard deviation of the triangle on [0, 1] with its top at ``mode``."""
    return (1.0 + mode) / 3.0, math.sqrt((1.0 - mode + mode * mode) / 18.0)


def lognormal_moments(sigma: float, sigma_low: float | None = None) -> tuple[float, float]:
    """Mean and standard deviation of exp(sigma * N(0, 1)), with ``sigma_low`` below the median.

    Of two halves: E[exp(kσZ); Z > 0] = exp(k²σ²/2) Φ(kσ), and below it exp(k²σ²/2) Φ(-kσ), by completing
    the square.
    """
    if sigma_low is None or sigma_low == sigma:
        mean = math.exp(sigma * sigma / 2.0)
        return mean, mean * math.sqrt(math.expm1(sigma * sigma))
    first, second = (
        math.exp((k * sigma) ** 2 / 2.0) * _NORMAL.cdf(k * sigma)
        + math.exp((k * sigma_low) ** 2 / 2.0) * _NORMAL.cdf(-k * sigma_low)
        for k in (1.0, 2.0)
    )
    return first, math.sqrt(second - first * first)


def student_t_quantile(p: float, dof: float) -> float:
    """The ``p``-quantile of Student's t with ``dof`` degrees of freedom (any real > 0; inf is normal).

    Inverts :func:`student_t_cdf` by bisection; good to about 1e-10 relative.
    """
    if not 0.0 < p < 1.0 or not dof > 0.0:
        raise ValueError(f"student_t_quantile needs 0 < p < 1 and dof > 0, got p={p}, dof={dof}")
    if dof > _NEARLY_NORMAL:
        # Abramowitz and Stegun 26.7.5 to first order; the continued fraction loses its digits out there.
        z = _NORMAL.inv_cdf(p)
        return z + (z**3 + z) / (4.0 * dof)
    if p == 0.5:
        return 0.0
    if p < 0.5:
        return -student_t_quantile(1.0 - p, dof)
    low, high = 0.0, 1.0
    while student_t_cdf(high, dof) < p and high < 1e300:
        low, high = high, high * 2.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if student_t_cdf(middle, dof) < p:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def student_t_cdf(t: float, dof: float) -> float:
    """P(T <= t), by the regularised incomplete beta function (Abramowitz and Stegun 26.7.1)."""
    tail = 0.5 * _incomplete_beta(dof / 2.0, 0.5, dof / (dof + t * t))
    return 1.0 - tail if t > 0 else tail


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """I_x(a, b) by its continued fraction (A&S 26.5.8), evaluated on the side where it converges fast."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _incomplete_beta(b, a, 1.0 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    tiny = 1e-300
    c, d = 1.0, 1.0 / max(abs(1.0 - (a + b) * x / (a + 1.0)), tiny)
    fraction = d
    for m in range(1, 1000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for coefficient in (even, odd):
            d = 1.0 + coefficient * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + coefficient / c
            c = c if abs(c) > tiny else tiny
            fraction *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return math.exp(log_front) * fraction / a
