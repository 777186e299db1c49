"""``ConversionReport``: what went in, what came out, and what was found; ``OUT.json`` is its JSON."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from tinykit.conversion.calibration import Finding
from tinykit.conversion.layers import LayerTable
from tinykit.conversion.output import SCHEMA
from tinykit.graph.summary import ModelSummary
from tinykit.metrics import MetricComparison

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class FileRecord:
    """A file or folder by name (folders of the machine left out), content and size."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class DataRecord:
    """A data set by name and content. ``notes``: what was done to make it fit the model."""

    name: str
    sha256: str
    samples: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Options:
    """What was asked for. ``metric`` is the one used: the default depends on the data."""

    io: str
    calibration_percentile: float | None
    metric: str | None
    max_drop: float | None
    image_scale: tuple[float, ...] | None
    image_mean: tuple[float, ...]
    label_column: str | None


@dataclass(frozen=True)
class ConversionReport:
    """One conversion. Nothing in it depends on when or where it ran: same inputs, same report.

    ``float_bytes`` is the size of the same graph as a float .tflite, the fair "before" of the int8 file
    (``model.size_bytes`` may hold an optimizer's state, or be a zip).
    """

    model: FileRecord
    output: FileRecord
    float_bytes: int
    calibration: DataRecord
    evaluation: DataRecord | None
    options: Options
    versions: tuple[tuple[str, str], ...]
    summary: ModelSummary
    findings: tuple[Finding, ...]
    accuracy: MetricComparison | None
    layers: LayerTable | None

    @property
    def passed(self) -> bool | None:
        """Whether the gate was passed; None where there was none."""
        if self.accuracy is None or self.options.max_drop is None:
            return None
        return self.accuracy.passes(self.options.max_drop)

    @property
    def per_axis(self) -> dict[str, int]:
        """How many operators of each kind have one weight scale a channel."""
        return dict(sorted(Counter(layer.operator for layer in self.summary.per_axis_layers).items()))

    def to_dict(self) -> dict[str, Any]:
        """The document that the schema ``conversion.v1`` describes."""
        summary = self.summary
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "model": asdict(self.model),
            "output": asdict(self.output),
            "float_bytes": self.float_bytes,
            "calibration": asdict(self.calibration),
            "evaluation": None if self.evaluation is None else asdict(self.evaluation),
            "options": asdict(self.options),
            "versions": dict(self.versions),
            "inputs": [asdict(tensor) for tensor in summary.inputs],
            "outputs": [asdict(tensor) for tensor in summary.outputs],
            "operators": [asdict(operator) for operator in summary.operators],
            "per_axis_operators": self.per_axis,
            "needs": {
                "macs": summary.macs,
                "parameters": summary.parameters,
                "weight_bytes": summary.weight_bytes,
                "arena": summary.memory.arena.to_dict(),
            },
            "findings": [finding.to_dict() for finding in self.findings],
            "accuracy": None if self.accuracy is None else self.accuracy.to_dict(),
            "passed": self.passed,
            "layers": None if self.layers is None else self.layers.to_dict(),
        }

    def to_json(self) -> bytes:
        """The bytes of ``OUT.json``."""
        return json.dumps(_finite(self.to_dict()), indent=2, allow_nan=False).encode("ascii") + b"\n"


def _finite(value: Any) -> Any:
    """``value`` with null for what JSON cannot hold: an end of an interval may be infinite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
