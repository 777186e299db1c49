"""Monte Carlo over estimates that share influences (JCGM 101:2008)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinykit.estimate.distributions import sample

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tinykit.estimate.record import Estimate, Influence

DRAWS = 200_000
"""Enough that a 95 % end is stable to about 0.5 % of u (JCGM 101 §7.2.3 suggests 10^6 for three digits)."""


@dataclass(frozen=True)
class Summary:
    """What a set of draws says: mean, standard deviation, probabilistically symmetric interval."""

    mean: float
    sd: float
    interval: tuple[float, float]


def draw(
    estimates: Sequence[Estimate], *, draws: int = DRAWS, seed: int = 0
) -> list[npt.NDArray[np.float64]]:
    """Joint samples, one float64 array of length ``draws`` an estimate.

    An influence that several estimates name is drawn once. Its generator is seeded by its own name, so
    that adding an influence, or asking in another order, leaves the draws of all others as they were.
    Raises ValueError if two estimates describe an influence in different ways.
    """
    import numpy as np

    causes: dict[str, Influence] = {}
    standard: dict[str, npt.NDArray[np.float64]] = {}
    results = []
    for estimate in estimates:
        values = np.full(draws, estimate.value)
        for name, influence in estimate.influences.items():
            if not causes.setdefault(name, influence).same_cause(influence):
                raise ValueError(f"influence {name!r} is described in two ways")
            if name not in standard:
                standard[name] = sample(
                    influence.distribution,
                    _generator(name, seed),
                    draws,
                    dof=influence.dof,
                    shape=influence.shape,
                    shape_low=influence.shape_low,
                )
            values += influence.u * standard[name]
        results.append(values)
    return results


def propagate(
    function: Callable[..., npt.NDArray[np.float64]],
    estimates: Sequence[Estimate],
    *,
    coverage: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Summary:
    """``function`` of the estimates, whatever its curvature: called once with arrays of joint samples."""
    return summarise(function(*draw(estimates, draws=draws, seed=seed)), coverage)


def summarise(samples: npt.NDArray[np.float64], coverage: float = 0.95) -> Summary:
    """Mean, standard deviation and interval of draws (shape (n,), any unit)."""
    import numpy as np

    tail = (1.0 - coverage) / 2.0
    low, high = np.quantile(samples, (tail, 1.0 - tail))
    return Summary(float(samples.mean()), float(samples.std(ddof=1)), (float(low), float(high)))


def _generator(name: str, seed: int) -> np.random.Generator:
    import numpy as np

    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))
