"""A scenario's numbers, each with its distribution, and all of them as arrays that formulas read.

Element 0 of an array is the nominal value, the rest are draws; a sweep puts its points there instead. A
number
that does not vary stays a scalar, so that one formula serves a single point, 100,000 draws and 100,000
points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from tinykit.comparison.fields import Quantity, Stance
from tinykit.estimate import Estimate, draw

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Parameter:
    """A quantity of a complete scenario, in the field's unit.

    ``nominal`` is the figure people quote (a lognormal's median); ``estimate.value`` is the mean. Both None
    where nobody has a figure, and ``why`` says so. ``given`` says who chose: ``default``, ``scenario``, or
    the session or board it was taken from. ``stance`` as of the catalogue row.
    """

    spec: Quantity
    estimate: Estimate | None
    nominal: float | None
    given: str = "default"
    note: str = ""
    why: str = ""
    stance: Stance | None = None

    @property
    def varies(self) -> bool:
        """Whether draws of it differ."""
        return self.estimate is not None and self.estimate.u > 0


Derived = Callable[["Values"], Array]


class Missing(LookupError):  # noqa: N818 - a figure that is missing is no error of anybody
    """A formula asked for a figure that nobody has; ``key`` names it. Never leaves the room."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"{key}: {why}")
        self.key = key
        self.why = why


@dataclass(frozen=True)
class Values:
    """What formulas read: ``values["radio.connection_j"]`` is a scalar or an array, SI."""

    arrays: Mapping[str, Array]
    gaps: Mapping[str, str]
    words: Mapping[str, str]
    derived: Mapping[str, Derived] = field(default_factory=dict)
    """What follows from other keys by a formula; read like any other key."""
    _read: list[str] = field(default_factory=list, repr=False, compare=False)

    def __getitem__(self, key: str) -> Array:
        if key in self.derived:
            return np.asarray(self.derived[key](self))
        self._read.append(key)
        if key in self.gaps:
            raise Missing(key, self.gaps[key])
        return self.arrays[key]

    def word(self, key: str) -> str:
        """A word of the scenario."""
        return self.words[key]

    def has(self, key: str) -> bool:
        """Whether there is a figure."""
        if key not in self.derived:
            return key not in self.gaps
        with self.reading():
            try:
                self[key]
            except Missing:
                return False
        return True

    def maybe(self, key: str) -> Array | None:
        """The figure, or None where there is none: for a column of a line that has others."""
        if self.has(key):
            return self[key]
        self._read.append(key)
        return None

    @contextmanager
    def reading(self) -> Iterator[list[str]]:
        """What is read meanwhile: the provenance of a line, without anyone writing it down twice."""
        before = len(self._read)
        used: list[str] = []
        try:
            yield used
        finally:
            used.extend(dict.fromkeys(self._read[before:]))
            del self._read[before:]

    def with_arrays(self, arrays: Mapping[str, Array | float]) -> Values:
        """These values, some of them replaced; a replaced gap is none any more."""
        merged = {**self.arrays, **{key: np.asarray(one, float) for key, one in arrays.items()}}
        gaps = {key: why for key, why in self.gaps.items() if key not in arrays}
        return replace(self, arrays=merged, gaps=gaps, _read=[])

    def with_words(self, words: Mapping[str, str]) -> Values:
        """These values under other words. Only for words that no default depends on."""
        return replace(self, words={**self.words, **words}, _read=[])


def nominal_values(parameters: Mapping[str, Parameter], words: Mapping[str, str]) -> Values:
    """Every parameter at the figure people quote: scalars."""
    from tinykit.comparison.lines import derived

    arrays = {key: np.asarray(p.nominal, float) for key, p in parameters.items() if p.nominal is not None}
    return Values(arrays, _gaps(parameters), words, derived())


def drawn_values(
    parameters: Mapping[str, Parameter], words: Mapping[str, str], draws: int, seed: int
) -> Values:
    """Nominal values first, then ``draws`` joint draws; influences that parameters share are drawn once."""
    from tinykit.comparison.lines import derived

    varying = [key for key, p in parameters.items() if p.varies]
    estimates = [parameters[key].estimate for key in varying]
    samples = draw([e for e in estimates if e is not None], draws=draws, seed=seed)
    arrays = dict(nominal_values(parameters, words).arrays)
    for key, sample in zip(varying, samples, strict=True):
        spec = parameters[key].spec
        # A normal law has tails that reach values which cannot be (a negative energy): held at the bound.
        arrays[key] = np.concatenate(([arrays[key]], np.clip(sample, spec.least, spec.most)))
    return Values(arrays, _gaps(parameters), words, derived())


def _gaps(parameters: Mapping[str, Parameter]) -> dict[str, str]:
    return {key: p.why for key, p in parameters.items() if p.nominal is None}
