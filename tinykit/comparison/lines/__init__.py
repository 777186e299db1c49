"""The ledger's lines, a file a part of the path. Each file declares ``FIELDS``, ``DERIVED`` and ``ENTRIES``.

A new part is one new file here: `entries` and `fields` find it. The order of the table is ``ORDER`` first,
others after.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from tinykit.comparison.fields import Field
from tinykit.comparison.ledger import Entry
from tinykit.comparison.parameters import Derived

ORDER = (
    "service", "grid", "device", "radio", "radio_states", "supply", "network", "gateway", "server",
    "datacentre", "training", "embodied",
)  # fmt: skip


@cache
def fields() -> dict[str, Field]:
    """Every field of a scenario by key, in the order in which a scenario file has them."""
    return {field.key: field for module in _modules() for field in getattr(module, "FIELDS", ())}


@cache
def entries() -> tuple[Entry, ...]:
    """Every line of the ledger, in order."""
    return tuple(entry for module in _modules() for entry in getattr(module, "ENTRIES", ()))


@cache
def derived() -> dict[str, Derived]:
    """Every quantity that follows from others, by key."""
    return {key: one for module in _modules() for key, one in getattr(module, "DERIVED", {}).items()}


def _modules() -> list[object]:
    found = sorted(one.name for one in pkgutil.iter_modules(__path__))
    names = [name for name in ORDER if name in found] + [name for name in found if name not in ORDER]
    return [importlib.import_module(f"{__name__}.{name}") for name in names]
