"""``Estimate``: a value with its unit, its named influences, and where it comes from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tinykit.estimate.distributions import (
    DISTRIBUTIONS,
    Distribution,
    lognormal_moments,
    quantile,
    student_t_quantile,
    triangular_moments,
)

Kind = Literal["measured", "published", "modelled", "assumed"]
KINDS: tuple[Kind, ...] = ("measured", "published", "modelled", "assumed")
"""From the firmest to the softest: a derived number is as soft as its softest part."""


@dataclass(frozen=True)
class Influence:
    """One cause of doubt: its signed effect ``u`` in the estimate's unit, and how it is distributed.

    The sign matters when two estimates share the influence. ``dof`` says how well ``u`` itself is known
    (infinite: exactly); ``shape`` and ``shape_low`` as in :func:`tinykit.estimate.distributions.quantile`.
    """

    u: float
    distribution: Distribution = "normal"
    dof: float = math.inf
    shape: float = 0.0
    shape_low: float | None = None

    def __post_init__(self) -> None:
        if self.distribution not in DISTRIBUTIONS:
            raise ValueError(f"unknown distribution {self.distribution!r}")
        if not all(map(math.isfinite, (self.u, self.shape, self.shape_low or 0.0))) or not self.dof > 0:
            raise ValueError(f"an influence needs a finite u and dof > 0, got u={self.u}, dof={self.dof}")

    def same_cause(self, other: Influence) -> bool:
        """Whether both describe the same random cause, whatever its effect."""
        return replace(self, u=0.0) == replace(other, u=0.0)


@dataclass(frozen=True)
class Estimate:
    """A quantity: ``value`` in ``unit``, its named ``influences``, ``kinds`` and ``sources`` of its parts.

    Arithmetic is first order in the influences (GUM, JCGM 100:2008 §5): exact for sums, good for products
    while relative uncertainties are small; otherwise use :func:`tinykit.estimate.propagate`. ``unit`` "1"
    is dimensionless. Two estimates that name the same influence share it: its effects add with their signs.
    """

    value: float
    unit: str
    kinds: tuple[Kind, ...]
    sources: tuple[str, ...]
    influences: Mapping[str, Influence] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"an estimate needs a finite value, got {self.value} {self.unit}")
        if not self.kinds or any(kind not in KINDS for kind in self.kinds):
            raise ValueError(f"an estimate needs kinds out of {KINDS}, got {self.kinds}")
        if not self.sources or not all(self.sources):
            raise ValueError("an estimate needs a source: where does the number come from?")

    # -- making one ---------------------------------------------------------------------------------

    @classmethod
    def exact(cls, value: float, unit: str, *, kind: Kind, source: str) -> Estimate:
        """A count or a definition: no influence moves it."""
        return cls(value, unit, (kind,), (source,))

    @classmethod
    def normal(
        cls, value: float, unit: str, u: float, *, name: str, kind: Kind, source: str, dof: float = math.inf
    ) -> Estimate:
        """Standard uncertainty ``u``; Student's t when ``dof`` is finite (type A: u = s/√n, dof = n - 1)."""
        distribution: Distribution = "normal" if math.isinf(dof) else "t"
        return cls(value, unit, (kind,), (source,), {name: Influence(_checked(u), distribution, dof)})

    @classmethod
    def rectangular(
        cls, value: float, unit: str, half_width: float, *, name: str, kind: Kind, source: str
    ) -> Estimate:
        """Anywhere within ``value`` ± ``half_width`` with equal chance (a specification's bound)."""
        u = _checked(half_width) / math.sqrt(3.0)
        return cls(value, unit, (kind,), (source,), {name: Influence(u, "rectangular")})

    @classmethod
    def triangular(
        cls, low: float, mode: float, high: float, unit: str, *, name: str, kind: Kind, source: str
    ) -> Estimate:
        """Between ``low`` and ``high``, most likely ``mode``; ``value`` becomes the mean."""
        if not low <= mode <= high or low == high:
            raise ValueError(f"a triangle needs low <= mode <= high, got {low}, {mode}, {high}")
        width, shape = high - low, (mode - low) / (high - low)
        mean, sd = triangular_moments(shape)
        influence = Influence(sd * width, "triangular", shape=shape)
        return cls(low + mean * width, unit, (kind,), (source,), {name: influence})

    @classmethod
    def lognormal(
        cls,
        median: float,
        unit: str,
        geometric_sd: float,
        geometric_sd_low: float | None = None,
        *,
        name: str,
        kind: Kind,
        source: str,
    ) -> Estimate:
        """Within a factor ``geometric_sd`` (> 1) of ``median`` with 68 % chance; ``value`` is the mean.

        Below the median within ``geometric_sd_low``, where that is another: half of the chance on each side.
        """
        both = (geometric_sd, geometric_sd if geometric_sd_low is None else geometric_sd_low)
        if not median > 0 or not max(both) > 1 or not min(both) >= 1:
            raise ValueError(f"a lognormal needs median > 0 and geometric sd > 1, got {median}, {both}")
        sigma, below = (math.log(one) for one in both)
        sigma_low = None if below == sigma else below
        mean, sd = lognormal_moments(sigma, sigma_low)
        influence = Influence(median * sd, "lognormal", shape=sigma, shape_low=sigma_low)
        return cls(median * mean, unit, (kind,), (source,), {name: influence})

    # -- asking it ----------------------------------------------------------------------------------

    @property
    def kind(self) -> Kind:
        """The softest kind among its parts: assumed > modelled > published > measured."""
        return max(self.kinds, key=KINDS.index)

    @property
    def u(self) -> float:
        """Combined standard uncertainty, in ``unit``: root of the sum of squares over named influences."""
        return math.hypot(*(i.u for i in self.influences.values()))

    @property
    def dof(self) -> float:
        """Effective degrees of freedom by Welch and Satterthwaite (GUM G.4.1); infinite if u is 0."""
        biggest = max((abs(i.u) for i in self.influences.values()), default=0.0)
        if biggest == 0.0:
            return math.inf
        relative = [(i.u / biggest, i.dof) for i in self.influences.values()]
        doubt = sum(r**4 / dof for r, dof in relative)
        return sum(r**2 for r, _ in relative) ** 2 / doubt if doubt else math.inf

    def interval(self, coverage: float = 0.95) -> tuple[float, float]:
        """Probabilistically symmetric interval that holds the quantity with probability ``coverage``.

        One influence: its exact quantiles. Normal and t influences only: Student's t with the effective
        degrees of freedom. Otherwise: seeded Monte Carlo (JCGM 101), the same on every call.
        """
        tail = (1.0 - coverage) / 2.0
        causes = [i for i in self.influences.values() if i.u]
        if not causes:
            return self.value, self.value
        if len(causes) == 1:
            only = causes[0]
            ends = (
                self.value
                + only.u
                * quantile(only.distribution, p, dof=only.dof, shape=only.shape, shape_low=only.shape_low)
                for p in (tail, 1.0 - tail)
            )
            low, high = sorted(ends)
            return low, high
        if all(i.distribution in ("normal", "t") for i in causes):
            reach = student_t_quantile(1.0 - tail, self.dof) * self.u
            return self.value - reach, self.value + reach
        from tinykit.estimate.draws import draw, summarise

        return summarise(draw([self])[0], coverage).interval

    # -- calculating with it ------------------------------------------------------------------------

    def __add__(self, other: Estimate | float) -> Estimate:
        other = self._operand(other)
        self._need_same_unit(other, "add")
        return self._combine(other, self.value + other.value, 1.0, 1.0, self.unit)

    def __sub__(self, other: Estimate | float) -> Estimate:
        other = self._operand(other)
        self._need_same_unit(other, "subtract")
        return self._combine(other, self.value - other.value, 1.0, -1.0, self.unit)

    def __mul__(self, other: Estimate | float) -> Estimate:
        if not isinstance(other, Estimate):
            return self._scaled(other)
        unit = (
            self.unit
            if other.unit == "1"
            else other.unit
            if self.unit == "1"
            else f"{self.unit}·{other.unit}"
        )
        return self._combine(other, self.value * other.value, other.value, self.value, unit)

    def __truediv__(self, other: Estimate | float) -> Estimate:
        if not isinstance(other, Estimate):
            return self._scaled(1.0 / other)
        unit = (
            "1"
            if self.unit == other.unit
            else self.unit
            if other.unit == "1"
            else f"{self.unit}/{other.unit}"
        )
        ratio = self.value / other.value
        return self._combine(other, ratio, 1.0 / other.value, -ratio / other.value, unit)

    def __radd__(self, other: float) -> Estimate:
        return self + other

    def __rsub__(self, other: float) -> Estimate:
        return -self + other

    def __rmul__(self, other: float) -> Estimate:
        return self._scaled(other)

    def __rtruediv__(self, other: float) -> Estimate:
        unit = "1" if self.unit == "1" else f"1/{self.unit}"
        return self.apply(lambda v: other / v, lambda v: -other / (v * v), unit=unit)

    def __neg__(self) -> Estimate:
        return self._scaled(-1.0)

    def apply(
        self, function: Callable[[float], float], derivative: Callable[[float], float], *, unit: str
    ) -> Estimate:
        """``function(value)`` with each influence scaled by ``derivative(value)``: first order."""
        slope = float(derivative(self.value))
        scaled = {name: replace(i, u=i.u * slope) for name, i in self.influences.items()}
        return replace(self, value=float(function(self.value)), unit=unit, influences=scaled)

    def in_unit(self, unit: str, factor: float = 1.0) -> Estimate:
        """The same quantity in another unit, ``factor`` of which make one of the old (``W·s`` is ``J``)."""
        return replace(self._scaled(factor), unit=unit)

    def _scaled(self, factor: float) -> Estimate:
        return self.apply(lambda v: v * factor, lambda _: factor, unit=self.unit)

    def _operand(self, other: Estimate | float) -> Estimate:
        return other if isinstance(other, Estimate) else Estimate(other, self.unit, self.kinds, self.sources)

    def _need_same_unit(self, other: Estimate, verb: str) -> None:
        if self.unit != other.unit:
            raise ValueError(f"cannot {verb} {other.unit!r} and {self.unit!r}: bring both to one unit first")

    def _combine(self, other: Estimate, value: float, mine: float, theirs: float, unit: str) -> Estimate:
        merged = {name: replace(i, u=i.u * mine) for name, i in self.influences.items()}
        for name, influence in other.influences.items():
            known = merged.get(name)
            if known is not None and not known.same_cause(influence):
                raise ValueError(f"influence {name!r} is described in two ways: {known} and {influence}")
            merged[name] = replace(influence, u=influence.u * theirs + (known.u if known else 0.0))
        kinds = tuple(dict.fromkeys(self.kinds + other.kinds))
        sources = tuple(dict.fromkeys(self.sources + other.sources))
        return Estimate(value, unit, kinds, sources, merged)

    # -- keeping it ---------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; an infinite ``dof`` is null."""
        low, high = self.interval()
        return {
            "value": self.value,
            "unit": self.unit,
            "u": self.u,
            "interval95": [low, high],
            "kind": self.kind,
            "kinds": list(self.kinds),
            "sources": list(self.sources),
            "influences": {
                name: {
                    "u": i.u,
                    "distribution": i.distribution,
                    "dof": None if math.isinf(i.dof) else i.dof,
                    "shape": i.shape,
                }
                | ({} if i.shape_low is None else {"shape_low": i.shape_low})
                for name, i in self.influences.items()
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Estimate:
        """Read :meth:`to_dict` back, deriving what was derived. Raises KeyError or ValueError."""
        influences = {str(name): _influence(i) for name, i in data["influences"].items()}
        return cls(
            float(data["value"]), str(data["unit"]), tuple(data["kinds"]), tuple(data["sources"]), influences
        )


def total(estimates: Iterable[Estimate]) -> Estimate:
    """The sum of one or more estimates of one unit, shared influences kept together."""
    parts = list(estimates)
    if not parts:
        raise ValueError("the total of no estimates has no unit")
    result = parts[0]
    for part in parts[1:]:
        result = result + part
    return result


def _influence(data: Mapping[str, Any]) -> Influence:
    dof = math.inf if data["dof"] is None else float(data["dof"])
    # Files once said "normal" beside the few degrees of freedom that make it Student's t.
    is_t = data["distribution"] == "normal" and math.isfinite(dof)
    low = data.get("shape_low")
    return Influence(
        float(data["u"]),
        "t" if is_t else data["distribution"],
        dof,
        float(data["shape"]),
        None if low is None else float(low),
    )


def _checked(u: float) -> float:
    if not u >= 0 or math.isinf(u):
        raise ValueError(f"an uncertainty must be finite and not negative, got {u}")
    return u
