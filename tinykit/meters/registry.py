"""Which meters there are: every module of this room that holds a ``METER``, and other people's packages."""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil

from tinykit.errors import UsageError
from tinykit.meters.meter import Meter

ENTRY_POINTS = "tinykit.meters"


def meters() -> tuple[Meter, ...]:
    """All meters, by name; a built-in one goes before a stranger's of the same name."""
    import tinykit.meters as here

    names = [f"{here.__name__}.{found.name}" for found in pkgutil.iter_modules(here.__path__)]
    modules = [importlib.import_module(name) for name in names]
    known: dict[str, Meter] = {
        plugged.name: plugged
        for plugged in (entry.load() for entry in importlib.metadata.entry_points(group=ENTRY_POINTS))
    }
    for module in modules:
        for meter in getattr(module, "METERS", ()) or filter(None, [getattr(module, "METER", None)]):
            known[meter.name] = meter
    return tuple(known[name] for name in sorted(known))


def find_meter(name: str) -> Meter:
    """The meter called ``name``. Raises UsageError, code METER_UNKNOWN."""
    known = {meter.name: meter for meter in meters()}
    if name not in known:
        raise UsageError(
            f"There is no meter '{name}'.",
            hint=f"the meters are {', '.join(known)}.",
            code="METER_UNKNOWN",
        )
    return known[name]
