"""The zones that ``--grid`` takes, and what a comparison calculates with there."""

from __future__ import annotations

from dataclasses import dataclass

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.fields import Default, Quantity
from tinykit.comparison.lines import fields
from tinykit.comparison.mixes import carbon, short_names, water, zone_codes
from tinykit.comparison.parameters import Parameter
from tinykit.comparison.resolve import default
from tinykit.errors import InputError


@dataclass(frozen=True)
class Zone:
    """One zone's electricity, location-based: parameters as a scenario has them, gaps with their reason.

    ``average`` (attributional) and ``margin`` (consequential) in g/J of CO2e, ``water`` in L/J; ``also``
    are its other names.
    """

    code: str
    also: str
    average: Parameter
    margin: Parameter
    water: Parameter

    def to_dict(self) -> dict[str, object]:
        """A row of the document ``tinykit.zones``: an estimate each, null where nobody has a figure."""
        found = {"average": self.average, "margin": self.margin, "water": self.water}
        estimates = {key: one.estimate.to_dict() if one.estimate else None for key, one in found.items()}
        return {"code": self.code, "also": self.also, **estimates}


def all_zones(catalog: Catalog) -> tuple[Zone, ...]:
    """Every zone by code: those of ecologits (extra ``cloud``), of the catalogue, of the user's own rows."""
    cited = {row.key.split(".")[1] for row in catalog if row.key.startswith("grid.")}
    codes = zone_codes() | {code for code in cited if len(code) == 3 and code.isupper()}
    names = short_names()
    return tuple(
        Zone(
            code,
            names.get(code, ""),
            _figure("grid.device_g_per_j", carbon(code, "attributional"), catalog),
            _figure("grid.device_g_per_j", carbon(code, "consequential"), catalog),
            _figure("grid.device_l_per_j", water(code, "attributional"), catalog),
        )
        for code in sorted(codes)
    )


def _figure(key: str, chosen: Default, catalog: Catalog) -> Parameter:
    spec = fields()[key]
    assert isinstance(spec, Quantity)
    try:
        return default(spec, chosen, catalog)
    except InputError as error:  # a code of the user's rows that ecologits does not know
        return Parameter(spec, None, None, why=error.message)
