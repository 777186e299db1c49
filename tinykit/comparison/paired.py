"""The hybrid by paired predictions: read both models' scores, price every threshold, choose the share.

Chosen is the cheapest point that reaches ``service.recall_least``; without one, and where none reaches it,
the scenario's own share stands, with the recall that the curve has there.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykit.comparison.accuracy import Curve, Scores, paired_curve, priced_curve
from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import resolve_tiers
from tinykit.comparison.ledger import Column
from tinykit.comparison.lines import entries
from tinykit.comparison.parameters import Values, nominal_values
from tinykit.comparison.scenario import Given, Scenario
from tinykit.comparison.writeback import refreshed
from tinykit.errors import InputError
from tinykit.metrics.intervals import wilson

ACCURACY = "accuracy.csv"
MAX_BYTES = 1 << 30
PLACE = "--cloud-outputs"


@dataclass(frozen=True)
class Paired:
    """The priced ``curve`` and the point of it that the hybrid plays: ``chosen`` reaches what was asked, or
    None; ``at`` is the point of the scenario's share then."""

    curve: Curve
    chosen: int | None
    at: int

    @property
    def note(self) -> str:
        """What to know of the hybrid's accuracy."""
        n = self.curve.samples
        if self.chosen is None:
            return f"Accuracies are of {n} paired samples, at the share that the scenario says."
        return f"The hybrid's share was chosen on the same {n} samples that score it: it flatters."


def read_pair(edge: Path, cloud: Path, labels: Path) -> Curve:
    """The curve of two files of scores, ``.npz`` or ``.npy``, and one of labels.

    Raises InputError, code PAIRED, for files that are no such arrays or do not pair.
    """
    return paired_curve(_scores(edge), _scores(cloud), _labels(labels))


def with_paired(
    scenario: Scenario, catalog: Catalog, curve: Curve, column: Column
) -> tuple[Scenario, Paired]:
    """``scenario`` with both models' recall and the hybrid's share and recall, unless --set said them."""
    words, parameters = resolve_tiers(scenario, catalog, column)
    tiers = {tier: nominal_values(one, words) for tier, one in parameters.items()}
    priced = priced_curve(curve, entries(), tiers, column)
    values = next(iter(tiers.values()))
    at = int(np.searchsorted(curve.share, float(values["hybrid.share"]), side="right")) - 1
    paired = Paired(priced, _cheapest(priced, values), at)
    found = {
        key: given
        for key, given in _keys(paired)
        if key not in scenario.given or scenario.where(key) != "--set"
    }
    return refreshed(scenario, found, PLACE), paired


def accuracy_rows(paired: Paired) -> Iterator[list[str | float | None]]:
    """Of ``accuracy.csv``: every point, whether it is on the front, and which is played."""
    curve = paired.curve
    assert curve.cost is not None and curve.front is not None
    played = paired.at if paired.chosen is None else paired.chosen
    for k, threshold in enumerate(curve.threshold):
        cost = float(curve.cost[k]) if np.isfinite(curve.cost[k]) else None
        yield [
            float(threshold) if np.isfinite(threshold) else None,
            float(curve.share[k]),
            float(curve.accuracy[k]),
            cost,
            "yes" if curve.front[k] else "no",
            "yes" if k == played else "no",
        ]


HEADER = ("threshold", "share_sent_up", "accuracy", "cost_per_device_day", "on_front", "played")


def document(paired: Paired) -> dict[str, Any]:
    """For JSON: both models' accuracies, the front, and the point that is played; the CSV has all."""
    curve, rows = paired.curve, list(accuracy_rows(paired))
    points = [dict(zip(HEADER[:4], row, strict=False)) for row in rows]
    return {
        "samples": curve.samples,
        "edge_accuracy": curve.edge_accuracy,
        "cloud_accuracy": curve.cloud_accuracy,
        "reaches": paired.chosen is not None,
        "played": points[paired.at if paired.chosen is None else paired.chosen],
        "front": [point for point, row in zip(points, rows, strict=True) if row[4] == "yes"],
    }


def _cheapest(curve: Curve, values: Values) -> int | None:
    if not values.has("service.recall_least"):
        return None
    assert curve.cost is not None
    cost = np.where(curve.accuracy >= float(values["service.recall_least"]), curve.cost, np.inf)
    return int(np.argmin(cost)) if np.isfinite(cost).any() else None


def _keys(paired: Paired) -> Iterator[tuple[str, Given]]:
    curve = paired.curve
    source = f"paired predictions of {curve.samples} samples"
    yield "edge.recall", _share(curve.edge_accuracy, curve.samples, source)
    yield "cloud.recall", _share(curve.cloud_accuracy, curve.samples, source)
    point = paired.at if paired.chosen is None else paired.chosen
    yield "hybrid.recall", _share(float(curve.accuracy[point]), curve.samples, source)
    if paired.chosen is not None:
        share = float(curve.share[point])
        yield (
            "hybrid.share",
            {"value": share, "kind": "measured", "source": f"{source}, the cheapest that serves"},
        )


def _share(value: float, samples: int, source: str) -> Given:
    """With Wilson's interval."""
    low, high = wilson(round(value * samples), samples)
    ends = {"low": min(low, value), "high": max(high, value), "distribution": "normal"}
    return {"value": value, **ends, "kind": "measured", "source": source}


def _scores(path: Path) -> Scores:
    array = _array(path, ("output_0", "outputs", "scores"))
    if array.ndim < 2 or array.dtype.kind not in "fiu":
        raise _refused(
            path, f"holds {array.dtype} of shape {array.shape}, no scores of shape (samples, classes)"
        )
    return array.reshape(len(array), -1)


def _labels(path: Path) -> npt.NDArray[np.integer]:
    if path.suffix.lower() in (".csv", ".txt"):
        try:
            lines = [line.strip() for line in path.read_text().splitlines() if line.strip()]
            return np.array([int(line) for line in lines], np.int64)
        except (OSError, ValueError, OverflowError) as error:
            raise _refused(path, f"holds no whole number a line ({error})") from error
    array = _array(path, ("labels", "y"))
    if array.dtype.kind not in "iu":
        raise _refused(path, f"holds {array.dtype}, no class numbers")
    return array.reshape(-1)


def _array(path: Path, names: tuple[str, ...]) -> npt.NDArray[Any]:
    """The only array of a file, or the one that is called so."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError("it is larger than 1 GiB")
        with path.open("rb") as file:
            found = np.load(file, allow_pickle=False)
            if isinstance(found, np.ndarray):
                return found
            name = next(
                (one for one in names if one in found), found.files[0] if len(found.files) == 1 else ""
            )
            if not name:
                raise ValueError(f"its arrays are {', '.join(found.files)}; one should be called {names[0]}")
            return np.asarray(found[name])
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise _refused(path, f"cannot be read ({getattr(error, 'strerror', None) or error})") from error


def _refused(path: Path, what: str) -> InputError:
    return InputError(
        f"{path} {what}.",
        hint="scores as .npz or .npy of shape (samples, classes); labels as .npy, or a whole number a line.",
        code="PAIRED",
    )
