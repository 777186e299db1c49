"""What is known of an instrument's errors: a certificate, a check, a declared emulation, or a data sheet."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from tinykit.errors import InputError
from tinykit.estimate import Influence
from tinykit.meters.trace import Quantity as Measured
from tinykit.meters.trace import Supply

Quantity = Literal["gain", "offset", "voltage", "timebase", "skew", "temperature"]
Shape = Literal["normal", "rectangular"]

UNITS: dict[Quantity, tuple[str, ...]] = {
    "gain": ("1",),  # relative, of the current or power in that range
    "offset": ("A", "W"),  # in that range; W of a meter of power
    "voltage": ("1",),  # relative
    "timebase": ("1",),  # relative, of the meter's sample clock
    "skew": ("s",),  # of the digital lines against the current
    "temperature": ("1",),  # relative, of the gain: coefficient times the span of temperature
}
"""In which units each may be stated; the first where a file names none."""
_MAX_BYTES = 256 * 1024
_MOST_RELATIVE = 0.5


@dataclass(frozen=True)
class Term:
    """One declared error: ``half_width`` of a rectangular distribution, or ``u`` of a normal one.

    ``range_`` is the meter's range it holds for, None for all. ``dof`` says how well ``u`` is known.
    ``is_power`` is an offset in W, of a meter of power.
    """

    quantity: Quantity
    shape: Shape
    width: float
    range_: int | None = None
    dof: float = math.inf
    is_power: bool = False

    @property
    def unit(self) -> str:
        """Of ``width``."""
        return "W" if self.is_power else UNITS[self.quantity][0]

    @property
    def u(self) -> float:
        """Standard uncertainty, in ``unit``."""
        return self.width / math.sqrt(3.0) if self.shape == "rectangular" else self.width

    def influence(self, effect: float) -> Influence:
        """What it does where an error of 1 has ``effect``: Student's t where ``dof`` of a normal u are known.

        JCGM 101:2008, 6.4.9.7.
        """
        is_t = self.shape == "normal" and math.isfinite(self.dof)
        return Influence(self.u * effect, "t" if is_t else self.shape, self.dof)

    def to_dict(self) -> dict[str, Any]:
        """As the file has it."""
        key = "half_width" if self.shape == "rectangular" else "u"
        return {
            "quantity": self.quantity,
            "unit": self.unit,
            "distribution": self.shape,
            key: self.width,
            "range": self.range_,
            "dof": None if math.isinf(self.dof) else self.dof,
        }


@dataclass(frozen=True)
class Calibration:
    """The declared errors of one instrument.

    ``is_bound`` is False for a data sheet's typical figures: absolute numbers made with them get no headline.
    ``instrument`` names whose influences they are ("ppk2#12"): numbers that name the same one share them.
    """

    instrument: str
    meter: str
    source: str
    is_bound: bool
    terms: tuple[Term, ...]

    def find(self, quantity: Quantity, range_: int | None = None) -> Term | None:
        """The term for ``quantity`` in ``range_``: the range's own before the one for all ranges."""
        general = None
        for term in self.terms:
            if term.quantity == quantity:
                if term.range_ == range_ and range_ is not None:
                    return term
                if term.range_ is None:
                    general = term
        return general

    def check_fits(self, measured: Measured, supply: Supply | None) -> None:
        """Raise InputError, code CALIBRATION_UNIT, for an offset in a unit that does not fit what is seen.

        Amperes move a power by the rail's voltage, where there is one; watts move no current.
        """
        units = {term.unit for term in self.terms if term.quantity == "offset"}
        if measured == "current" and "W" in units:
            raise _unfit(self, "W", "current", 'in A ("unit": "A")')
        if measured != "current" and supply is None and "A" in units:
            raise _unfit(self, "A", "power", 'in W ("unit": "W"), or say the voltage of the rail')

    def to_dict(self) -> dict[str, Any]:
        """The document ``tinykit.calibration``, version 1."""
        return {
            "schema": "tinykit.calibration",
            "schema_version": 1,
            **{key: value for key, value in asdict(self).items() if key != "terms"},
            "terms": [term.to_dict() for term in self.terms],
        }


def load_calibration(path: Path) -> Calibration:
    """Read a calibration file. Raises InputError, code CALIBRATION, saying which entry is wrong."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError("it is too large")
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _refuse(str(path), str(error)) from error
    return parse_calibration(document, str(path))


def parse_calibration(document: Any, where: str = "calibration") -> Calibration:
    """Read what `Calibration.to_dict` wrote. Raises InputError, code CALIBRATION."""
    try:
        if document["schema"] != "tinykit.calibration" or document["schema_version"] != 1:
            raise ValueError("it is not a tinykit.calibration of version 1")
        terms = tuple(_term(i, entry) for i, entry in enumerate(document["terms"]))
        if type(document["is_bound"]) is not bool:
            raise ValueError("is_bound must be true or false")
        _check(terms)
        return Calibration(
            instrument=_text(document, "instrument"),
            meter=_text(document, "meter"),
            source=_text(document, "source"),
            is_bound=document["is_bound"],
            terms=terms,
        )
    except (KeyError, TypeError, ValueError) as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise _refuse(where, what) from error


def load_calibration_of(path: Path, meter: str, serial: str = "") -> Calibration:
    """Read the calibration file of ``meter``, whose serial number is ``serial`` where it tells one.

    A number is compared only where both tell one, and never with an emulated instrument's. Raises InputError,
    code CALIBRATION_METER for another meter's file, and what `load_calibration` raises.
    """
    calibration = load_calibration(path)
    if calibration.meter != meter:
        raise _not_of(path, f"meter '{calibration.meter}'", f"meter '{meter}'")
    kind, _, number = calibration.instrument.partition("#")
    told = kind == meter and number not in ("", "unknown") and not number.startswith("emulated")
    if told and serial and number.casefold() != serial.casefold():
        raise _not_of(path, f"'{calibration.instrument}'", f"'{meter}#{serial}'")
    return calibration


def datasheet(meter: str, instrument: str) -> Calibration | None:
    """What the maker's data sheet says of ``meter``, for the instrument named so; None where none is kept."""
    file = files("tinykit") / "data" / "instruments" / f"{meter}.json"
    if not file.is_file():
        return None
    document = json.loads(file.read_text(encoding="utf-8"))
    return parse_calibration({**document, "instrument": instrument}, file.name)


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document[key]
    if type(value) is not str or not value.strip():
        raise ValueError(f"{key} must be text")
    return value


def _term(i: int, entry: Mapping[str, Any]) -> Term:
    quantity, shape = entry["quantity"], entry["distribution"]
    if quantity not in UNITS:
        raise ValueError(f"term {i}: quantity is one of {', '.join(UNITS)}")
    units = UNITS[quantity]
    unit = entry.get("unit", units[0])
    if unit not in units:
        raise ValueError(f"term {i}: the unit of {quantity} is {' or '.join(units)}")
    if shape not in ("normal", "rectangular"):
        raise ValueError(f"term {i}: distribution is normal or rectangular")
    width = entry["half_width" if shape == "rectangular" else "u"]
    if type(width) not in (int, float) or not 0 <= width < math.inf:
        raise ValueError(f"term {i}: its width must be a number, zero or more")
    if unit == "1" and width > _MOST_RELATIVE:
        raise ValueError(f"term {i}: {quantity} is relative, and {width:g} is absurd (0.02 is 2 %)")
    range_, dof = entry.get("range"), entry.get("dof")
    if range_ is not None and (type(range_) is not int or not 0 <= range_ < 256):
        raise ValueError(f"term {i}: range is a number of the meter's, or null")
    if dof is not None and (type(dof) not in (int, float) or not dof > 0):
        raise ValueError(f"term {i}: dof is a number above zero, or null for infinity")
    return Term(quantity, shape, float(width), range_, math.inf if dof is None else float(dof), unit == "W")


def _check(terms: Sequence[Term]) -> None:
    keys = [(term.quantity, term.range_) for term in terms]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"{key[0]} of range {key[1]} is there twice")
    if not any(term.quantity == "gain" for term in terms):
        raise ValueError("it says nothing about the gain")


def _not_of(path: Path, declared: str, used: str) -> InputError:
    return InputError(
        f"The calibration {path} is of {declared}, and {used} is used.",
        hint="give the file of the meter that is used, or leave out --calibration for its data sheet.",
        code="CALIBRATION_METER",
    )


def _unfit(calibration: Calibration, unit: str, what: str, instead: str) -> InputError:
    return InputError(
        f"The calibration of '{calibration.instrument}' states an offset in {unit}, and what is measured"
        f" is a {what}{' without a voltage' if what == 'power' else ''}.",
        hint=f"state the offset {instead}; docs/reference/calibration.md describes every entry.",
        code="CALIBRATION_UNIT",
    )


def _refuse(where: str, what: str) -> InputError:
    return InputError(
        f"The calibration {where} is refused: {what}.",
        hint="tinykit meter check writes one; docs/reference/calibration.md describes every entry.",
        code="CALIBRATION",
    )
