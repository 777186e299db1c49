"""The catalogue: cited figures, a row each, with what is known of their spread, source and licence.

``tinykit/data/catalog/CATEGORY.csv`` travels with the package; rows of a user's own file replace rows of the
same key or join them. `tinykit.comparison.catalog_reader` judges every row as it is read.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from tinykit.comparison.spread import spread
from tinykit.comparison.units import convert, si_unit
from tinykit.errors import InputError
from tinykit.estimate import Estimate, Kind

Shape = Literal["", "lognormal", "triangular"]
SHAPES: tuple[Shape, ...] = ("", "lognormal", "triangular")
"""Blank: not drawn. A range without a shape lists alternatives (a batch, a method, a coverage class)."""
MARKS = ("verified", "derived", "second-hand", "recalled", "gap", "user")
"""How far the figure was checked: read at its source or in a text that quotes it; computed from such figures;
seen only in an excerpt or on a third party's page; recalled, to be checked before it is published; a declared
gap; the user's own."""
BEWARE = "beware: "
"""In a row's note: what follows is told with every answer that the row is a default of."""
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class Row:
    """One figure. ``value``, ``low`` and ``high`` are in ``unit``; ``value`` is None for a declared gap.

    ``kind`` is what the figure is to us (published, or assumed where it is a judgement of our own), and
    ``publisher_kind`` how its publisher got it. ``origin`` names the file and line that it came from.
    """

    key: str
    value: float | None
    low: float | None
    high: float | None
    distribution: Shape
    unit: str
    year: int | None
    kind: Kind
    check: str
    publisher_kind: str
    source: str
    url: str
    licence: str
    note: str
    category: str
    origin: str

    @property
    def is_gap(self) -> bool:
        """Whether nobody has a figure."""
        return self.value is None

    @property
    def warning(self) -> str:
        """What a reader of an answer made of it must know; blank where nothing."""
        return self.note.partition(BEWARE)[2]

    @property
    def si_unit(self) -> str:
        """The unit that `estimate` and `nominal` give."""
        return si_unit(self.unit)[0]

    @property
    def nominal(self) -> float:
        """The figure people quote, in `si_unit`: a lognormal's median, a triangle's top."""
        return self._known() * si_unit(self.unit)[1]

    @property
    def citation(self) -> str:
        """Source, year and check mark, for a footnote."""
        year = f", {self.year}" if self.year else ""
        return f"{self.key}: {self.source}{year} [{self.check}]"

    def estimate(self, unit: str | None = None) -> Estimate:
        """The figure as an `Estimate` in ``unit`` (SI where None), its spread named ``catalog.KEY``.

        Lognormal: ``value`` is the median, and 95 % lie between ``low`` and ``high`` (`spread`). Triangular:
        from ``low`` over ``value`` to ``high``. In both the estimate's own value is the mean. Raises
        InputError, code CATALOG_GAP for a declared gap and CATALOG_UNIT where ``unit`` measures something
        else.
        """
        value = self._known()
        unit = unit or self.si_unit
        factor = convert(1.0, self.unit, unit)
        name = f"catalog.{self.key}"
        if self.distribution and self.low is not None and self.high is not None:
            return spread(
                value * factor,
                unit,
                self.low * factor,
                self.high * factor,
                self.distribution,
                name=name,
                kind=self.kind,
                source=self.citation,
            )
        return Estimate.exact(value * factor, unit, kind=self.kind, source=self.citation)

    def _known(self) -> float:
        if self.value is None:
            raise InputError(
                f"{self.key} is a declared gap: {self.note or 'nobody has published a figure'}",
                hint=f"give your own in a catalogue file: a row {self.key} with value, unit and source.",
                code="CATALOG_GAP",
            )
        return self.value

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return asdict(self)


class Catalog:
    """Rows by key, in the order of their files. Immutable."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows: Mapping[str, Row] = {row.key: row for row in rows}

    @classmethod
    def load(cls, *files: Path) -> Catalog:
        """The package's rows, replaced and joined by those of the user's ``files``, the last file winning.

        Raises InputError: CATALOG_FILE for a file that is no catalogue, CATALOG_ROW for its first bad row.
        """
        from tinykit.comparison.catalog_reader import bundled_files, read_rows

        bundled = [row for path in bundled_files() for row in read_rows(path, category=path.stem)]
        known = {row.key: row.category for row in bundled}
        own = [row for path in files for row in read_rows(path, categories=known)]
        return cls([*bundled, *own])

    def find(self, key: str) -> Row:
        """The row ``key``. Raises InputError, code CATALOG_KEY, with the nearest keys."""
        if key in self._rows:
            return self._rows[key]
        near = [known for known in self._rows if known.endswith(f".{key}") or known.startswith(key)][:5]
        near = near or difflib.get_close_matches(key, self._rows, n=3, cutoff=0.5)
        like = f"did you mean {', '.join(near)}? " if near else ""
        hint = f"{like}tinykit catalog list shows all keys."
        raise InputError(f"no figure {key!r} in the catalogue.", hint=hint, code="CATALOG_KEY")

    def category(self, name: str) -> tuple[Row, ...]:
        """The rows of a category. Raises InputError, code CATALOG_CATEGORY, where there is none."""
        if name not in self.categories:
            near = difflib.get_close_matches(name, self.categories, n=2)
            hint = (
                f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(self.categories)}."
            )
            raise InputError(f"no category {name!r} in the catalogue.", hint=hint, code="CATALOG_CATEGORY")
        return tuple(row for row in self if row.category == name)

    @property
    def categories(self) -> tuple[str, ...]:
        """Names of the categories, in order."""
        return tuple(dict.fromkeys(row.category for row in self))

    @property
    def provenance_hash(self) -> str:
        """SHA-256 of every row's content, whatever the order of the rows and the place of their files."""
        rows = [[value for name, value in asdict(row).items() if name != "origin"] for row in self]
        text = json.dumps(sorted(rows, key=lambda cells: str(cells[0])), ensure_ascii=False, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: object) -> bool:
        return key in self._rows
