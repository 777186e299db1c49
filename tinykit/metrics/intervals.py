"""Intervals for shares and for the difference of two paired shares."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykit.estimate import Estimate, Influence

Z95 = NormalDist().inv_cdf(0.975)


def wilson(hits: int, n: int, z: float = Z95) -> tuple[float, float]:
    """Score interval of a share (Wilson 1927, J. Am. Stat. Assoc. 22:209); within 0 to 1, never empty."""
    p = hits / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = 0.0 if hits == 0 else centre - half
    high = 1.0 if hits == n else centre + half
    return low, high


def tango(b: float, c: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Score interval of p1 - p2 from paired data (Tango 1998, Statist. Med. 17:891).

    Of ``n`` pairs, ``b`` are hits for the first only and ``c`` for the second only. The ends are where the
    score statistic, with the nuisance share estimated under the tested difference, reaches ``z``. Counts
    need not be whole: that asks what the same shares of more pairs would say.
    """

    def score(delta: float) -> float:
        a = 2 * n
        bb = -b - c + (2 * n - b + c) * delta
        cc = -c * delta * (1 - delta)
        q = (math.sqrt(max(bb * bb - 4 * a * cc, 0.0)) - bb) / (2 * a)
        variance = n * (2 * q + delta * (1 - delta))
        gap = b - c - n * delta
        if variance <= 0.0:
            return 0.0 if gap == 0.0 else math.copysign(math.inf, gap)
        return gap / math.sqrt(variance)

    observed = (b - c) / n
    low = -1.0 if observed <= -1.0 else root(lambda d: score(d) - z, -1.0, observed)
    high = 1.0 if observed >= 1.0 else root(lambda d: score(d) + z, observed, 1.0)
    return low, high


def nothing_differs(n: float, z: float = Z95) -> tuple[float, float]:
    """Interval of a difference when ``n`` pairs show none at all: Tango's with b = c = 0, in closed form.

    No two pairs that agree prove that none ever differs; a width of 0 would claim that.
    """
    reach = z * z / (n + z * z)
    return -reach, reach


def root(f: Callable[[float], float], low: float, high: float) -> float:
    """Where the falling ``f`` crosses 0 between ``low`` and ``high``, by bisection."""
    for _ in range(100):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if f(middle) > 0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def drop_estimate(value: float, interval95: tuple[float, float], *, label: str, source: str) -> Estimate:
    """A drop with the width of its 95 % interval: u is half the width over 1.96, on an influence of its own.

    The estimate is symmetric about ``value``; where the interval is not, the ends of the two differ by
    half the difference of its arms.
    """
    u = (interval95[1] - interval95[0]) / (2 * Z95)
    return Estimate.normal(value, "1", u, name=f"{label}.drop", kind="measured", source=source)


def covariance_for(var_1: float, var_2: float, var_drop: float) -> float:
    """The covariance that gives the difference variance ``var_drop``, or the nearest that can be."""
    most = math.sqrt(var_1 * var_2)
    return max(-most, min(most, (var_1 + var_2 - var_drop) / 2))


def paired_estimates(
    values: tuple[float, float],
    covariance: tuple[float, float, float],
    *,
    label: str,
    source: str,
    unit: str = "1",
    dof: float = math.inf,
) -> tuple[Estimate, Estimate]:
    """Two measured estimates whose influences carry their covariance (var_1, var_2, cov).

    The first gets one influence; the second shares it as far as the two move together, and has one of
    its own for the rest (a Cholesky factor). So first - second has variance var_1 + var_2 - 2 cov.
    """
    var_1, var_2, cov = covariance
    u_1 = math.sqrt(max(var_1, 0.0))
    shared = cov / u_1 if u_1 else 0.0
    own = math.sqrt(max(var_2 - shared * shared, 0.0))
    kind = "normal" if math.isinf(dof) else "t"
    samples, rest = f"{label}.samples", f"{label}.samples.second"
    first = Estimate(values[0], unit, ("measured",), (source,), {samples: _influence(u_1, kind, dof)})
    second = Estimate(
        values[1],
        unit,
        ("measured",),
        (source,),
        {samples: _influence(shared, kind, dof), rest: _influence(own, kind, dof)},
    )
    return first, second


def _influence(u: float, kind: Any, dof: float) -> Influence:
    return Influence(u, kind, dof)


def label_of(name: str, *arrays: npt.NDArray[Any] | None) -> str:
    """A name for the influences of one evaluation: another data set or model gives another name."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(b"-" if array is None else np.ascontiguousarray(array).tobytes())
    return f"{name}#{digest.hexdigest()[:12]}"
