"""What the fields of JSON documents mean, for `reference_schemas`: the words of data/schema_fields.txt.

A meaning stands there under a field's name, or the end of its path where the name alone says too little, or
behind a document's or part's name. A schema's own ``description`` goes before all of them.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from tinykit import errors

SCHEMAS = Path(errors.__file__).parent / "data" / "schemas"


@cache
def meanings() -> dict[str, str]:
    """Every meaning by its key. Raises ValueError for one that stands twice."""
    found: dict[str, str] = {}
    for line in (SCHEMAS.parent / "schema_fields.txt").read_text(encoding="utf-8").splitlines():
        keys, _, said = line.partition(": ")
        for key in keys.split(", "):
            if key in found:
                raise ValueError(f"{key} stands twice")
            found[key] = said
    return found


def key_of(owner: str, path: str) -> str | None:
    """The key under which the field at ``path`` of ``owner``, a document or a part, has its meaning."""
    steps = re.sub(r"\[\]|\.\*", "", path).split(".")
    ends = (".".join(steps[i:]) for i in range(len(steps)))
    keys = (f"{owner}:{'.'.join(steps)}", f"{owner}.{'.'.join(steps)}", *ends)
    return next((key for key in keys if key in meanings()), None)


def meaning(owner: str, path: str) -> str:
    """What the field at ``path`` of ``owner`` means; "" where nobody says."""
    key = key_of(owner, path)
    return "" if key is None else meanings()[key]
