"""Judging a catalogue as a whole: every row, and for the figures that travel with the package their citation.

A user's own rows need no licence and no address; what we hand on does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tinykit.comparison.catalog import MARKS, Row
from tinykit.comparison.catalog_reader import bundled_files, judge_rows
from tinykit.errors import InputError

LICENCES = (
    "Apache-2.0",
    "MIT",
    "MIT; data CC-BY-4.0",
    "CC-BY-4.0",
    "MPL-2.0",
    "CC-BY-SA-4.0",
    "ODbL-1.0",
    "AGPL-3.0-only",
    "none stated",
    "citation",
)
"""Of the set that a figure was taken from; ``citation``: a single figure quoted with its source from a paper,
a standard, a data sheet or a page."""
CITED_SINGLY = ("CC-BY-SA-4.0", "ODbL-1.0", "AGPL-3.0-only", "none stated")
"""Sets that may not be bundled under our licence: a handful of figures each, quoted one by one."""
HANDFUL = 8
_URL = re.compile(r"https?://[^\s]+")


@dataclass(frozen=True)
class Fault:
    """What is wrong, and where: file and line, or the file alone."""

    where: str
    key: str
    what: str


@dataclass(frozen=True)
class CatalogReport:
    """What a check found: how many rows bear which mark, by category, and the faults."""

    files: tuple[str, ...]
    counts: dict[str, dict[str, int]]
    faults: tuple[Fault, ...]

    @property
    def total(self) -> int:
        """How many rows were read."""
        return sum(sum(marks.values()) for marks in self.counts.values())

    def to_dict(self) -> dict[str, object]:
        """The document ``tinykit.catalog_check``, version 1."""
        return {
            "schema": "tinykit.catalog_check",
            "schema_version": 1,
            "files": list(self.files),
            "rows": self.total,
            "counts": self.counts,
            "faults": [asdict(fault) for fault in self.faults],
        }


def check_catalog(files: Sequence[Path] = ()) -> CatalogReport:
    """Judge the user's ``files``, or the package's own where none are named."""
    own = files or bundled_files()
    faults: list[Fault] = []
    rows: list[Row] = []
    for path in own:
        rows += _read(path, None if files else path.stem, faults)
    if not files:
        faults += _citation_faults(rows)
    for key, copies in Counter(row.key for row in rows).items():
        where = [row.origin for row in rows if row.key == key]
        if copies > len({one.partition(":")[0] for one in where}):
            continue  # twice in one file: the reader has said so
        if copies > 1:
            faults.append(Fault(where[-1], key, f"the key is in {' and '.join(where)}"))
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        marks = counts.setdefault(row.category, dict.fromkeys(MARKS, 0))
        marks[row.check] += 1
    return CatalogReport(tuple(str(path) for path in own), counts, tuple(faults))


def _read(path: Path, category: str | None, faults: list[Fault]) -> Iterator[Row]:
    try:
        for line, row, wrong in judge_rows(path, category=category):
            faults += [Fault(f"{path.name}:{line}", row.key if row else "", what) for what in wrong]
            if row is not None:
                yield row
    except InputError as error:
        faults.append(Fault(path.name, "", error.message))


def _citation_faults(rows: Sequence[Row]) -> Iterator[Fault]:
    for row in rows:
        for what in _uncited(row):
            yield Fault(row.origin, row.key, what)
    singles = Counter(row.licence for row in rows if row.licence in CITED_SINGLY)
    for licence, number in singles.items():
        if number > HANDFUL:
            yield Fault("all files", "", f"{number} figures under {licence!r}: above {HANDFUL} is a bundle")


def _uncited(row: Row) -> Iterator[str]:
    if row.is_gap:
        return
    if row.licence not in LICENCES:
        yield f"licence {row.licence!r} is none of {', '.join(LICENCES)}"
    if row.check == "user":
        yield "a figure that travels with the package has a check mark of ours"
    if not _URL.fullmatch(row.url):
        yield f"url {row.url!r} is no address"
    if row.year is None and row.check in ("verified", "derived"):
        yield f"a {row.check} figure states its year"
    if row.kind == "published" and not row.publisher_kind:
        yield "it does not say how its publisher got it (publisher_kind)"
    if row.licence in CITED_SINGLY and "cited singly" not in row.note:
        yield f"its set is under {row.licence!r}: the note says 'cited singly'"
