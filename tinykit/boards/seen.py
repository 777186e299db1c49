"""What each board has been seen to run on, read from the evidence of the long tests, never typed in."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Seen:
    """Evidence ``file`` says that ``models`` models ran at ``place``: "virtual-m4", "qemu:virtual-m4", or on
    a real board, "hardware:NAME".

    ``commit`` and ``date`` (ISO 8601) are the run's.
    """

    place: str
    models: int
    file: str
    commit: str
    date: str

    @property
    def board(self) -> str:
        """The board's name, without what it ran under."""
        return self.place.rpartition(":")[2]

    @property
    def simulated(self) -> bool:
        """True but where the evidence itself names hardware."""
        return not self.place.startswith("hardware:")

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {**asdict(self), "simulated": self.simulated}


def read_evidence(folder: Path) -> tuple[Seen, ...]:
    """What the evidence files in ``folder`` say under ``results.ran_on`` (place to number of models).

    Files without it, or that are no evidence, say nothing.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            places = document["results"]["ran_on"].items() if document["schema"] == "tinykit.evidence" else ()
            found += [
                Seen(str(place), int(models), path.name, str(document["commit"]), str(document["date"]))
                for place, models in places
            ]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return tuple(found)
