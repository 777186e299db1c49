"""What a sweep runs over: ``KEY=FROM:TO:log|lin:N``, or ``KEY=A,B,C``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from tinykit.comparison.fields import Quantity
from tinykit.comparison.lines import fields
from tinykit.comparison.scenario import find_keys
from tinykit.comparison.units import convert
from tinykit.errors import InputError, TinykitError

MOST_STEPS = 1_000_000
_RANGE = re.compile(r"(?P<low>[^:]+):(?P<high>[^:]+):(?P<scale>log|lin):(?P<steps>\d+)")
_FIGURE = re.compile(r"\s*([-+]?[0-9.]+(?:[eE][-+]?\d+)?)\s*(\S.*?)?\s*")
_HINT = "--sweep events_per_day=1:1e6:log:25, or --sweep grid=KR,US,FR,SE."


@dataclass(frozen=True)
class Axis:
    """``keys`` take each of ``values`` in turn, together; ``name`` is what the user called them."""

    name: str
    keys: tuple[str, ...]
    values: tuple[float | str, ...]
    unit: str = ""

    @property
    def is_word(self) -> bool:
        """Whether the values are words: each is a case of its own."""
        return isinstance(self.values[0], str)


def parse_axis(text: str) -> Axis:
    """Read an axis. Raises InputError, code SWEEP, with the text named; SCENARIO_KEY for the key."""
    name, _, said = (part.strip() for part in text.partition("="))
    if not name or not said:
        raise _refuse(text, "it says no values")
    keys = find_keys(name, "--sweep")
    spec = fields()[keys[0]]
    if not isinstance(spec, Quantity):
        words = tuple(word.strip() for word in said.split(","))
        if not all(words) or len(set(words)) < len(words):
            raise _refuse(text, "a word is empty, or there twice")
        return Axis(name, keys, words)
    found = _RANGE.fullmatch(said)
    if found is None:
        numbers = tuple(_number(text, part, spec) for part in said.split(","))
    else:
        ends = _number(text, found["low"], spec), _number(text, found["high"], spec)
        numbers = _steps(text, ends, found["scale"], int(found["steps"]))
    for number in numbers:
        if not spec.least <= number <= spec.most:
            raise _refuse(text, f"{keys[0]} cannot be {number:g} {spec.unit}")
    return Axis(name, keys, numbers, spec.unit)


def _steps(text: str, ends: tuple[float, float], scale: str, steps: int) -> tuple[float, ...]:
    import numpy as np

    low, high = ends
    if not 2 <= steps <= MOST_STEPS or low == high:
        raise _refuse(text, f"a range needs two ends and 2 to {MOST_STEPS:,} steps")
    if scale == "lin":
        return tuple(float(one) for one in np.linspace(low, high, steps))
    if not (low > 0 and high > 0):
        raise _refuse(text, "a logarithmic range needs ends above 0")
    # The ends are as they were written, not a rounding beside them.
    inner = np.geomspace(low, high, steps)[1:-1]
    return (low, *(float(one) for one in inner), high)


def _number(text: str, part: str, spec: Quantity) -> float:
    found = _FIGURE.fullmatch(part)
    try:
        if found is None:
            raise ValueError(f"'{part.strip()}' is not a number in {spec.unit}")
        number = float(found[1])
        number = number if found[2] is None else convert(number, found[2], spec.unit)
    except ValueError as error:
        raise _refuse(text, str(error)) from error
    except TinykitError as error:
        raise _refuse(text, error.message.rstrip(".")) from error
    if not math.isfinite(number):
        raise _refuse(text, f"'{part.strip()}' cannot be calculated with")
    return number


def _refuse(text: str, why: str) -> InputError:
    return InputError(f"--sweep {text}: {why}.", hint=_HINT, code="SWEEP")
