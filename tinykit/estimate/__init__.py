"""Quantities that know how sure they are: :class:`Estimate` and its distributions.

``Estimate`` is the record that every number leaves a room in. Sums, products and quotients keep track
of *which* named influence moved them, so that an error shared by two numbers cancels or adds as it does
in life. Where a formula is too curved for first order, :func:`draw` gives joint Monte Carlo samples.
"""

from tinykit.estimate.distributions import Distribution, student_t_quantile
from tinykit.estimate.draws import Summary, draw, propagate, summarise
from tinykit.estimate.record import Estimate, Influence, Kind, total

__all__ = [
    "Distribution",
    "Estimate",
    "Influence",
    "Kind",
    "Summary",
    "draw",
    "propagate",
    "student_t_quantile",
    "summarise",
    "total",
]
