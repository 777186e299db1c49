"""What the parent and its converter child say to each other: one JSON object a line.

The parent writes to the child's stdin, the child to its own stdout; both sides are the same version of
this package, so a line that does not parse is a defect and not an input error.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True)
class TensorSpec:
    """An input or output of the float model; None in ``shape`` (batch included) is a free dimension."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class LayerSpec:
    """A layer by its own name and its kind (``lstm_1``, ``LSTM``); ``activation`` where it fuses one."""

    name: str
    kind: str
    activation: str = ""


@dataclass(frozen=True)
class Facts:
    """What the child found in the model that it has loaded."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    layers: tuple[LayerSpec, ...]
    versions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Convert:
    """Parent: calibrate with the samples in ``calibration_path`` (.npy, float32) and write ``int8_path``.

    ``float_path`` gets the calibrated float model: the same graph before quantization, which the
    per-layer table compares with.
    """

    calibration_path: str
    io: str
    int8_path: str
    float_path: str


@dataclass(frozen=True)
class Converted:
    """Child: both files are written."""


@dataclass(frozen=True)
class Evaluate:
    """Parent: run the source model on ``samples_path`` (.npy, float32) and write ``outputs_path``."""

    samples_path: str
    outputs_path: str


@dataclass(frozen=True)
class Evaluated:
    """Child: the outputs are written."""


@dataclass(frozen=True)
class Stage:
    """Child: a stage of the work begins."""

    name: str
    total: int | None = None


@dataclass(frozen=True)
class Step:
    """Child: steps of the current stage are done."""

    steps: int = 1


@dataclass(frozen=True)
class Failed:
    """Child: an error of class ``error`` in :mod:`tinykit.errors` ended the work."""

    error: str
    code: str
    message: str
    hint: str


Message: TypeAlias = Facts | Convert | Converted | Evaluate | Evaluated | Stage | Step | Failed

_KINDS: dict[str, Any] = {
    kind.__name__: kind for kind in (Convert, Converted, Evaluate, Evaluated, Stage, Step, Failed)
}


def to_line(message: Message) -> bytes:
    """One line of ASCII JSON, newline included."""
    return json.dumps({"type": type(message).__name__, **asdict(message)}).encode("ascii") + b"\n"


def from_line(line: bytes) -> Message:
    """The message on ``line``. Raises ValueError or KeyError for anything else."""
    fields = json.loads(line)
    kind = fields.pop("type")
    if kind != "Facts":
        message: Message = _KINDS[kind](**fields)
        return message
    return Facts(
        inputs=tuple(_tensor(item) for item in fields["inputs"]),
        outputs=tuple(_tensor(item) for item in fields["outputs"]),
        layers=tuple(LayerSpec(**item) for item in fields["layers"]),
        versions=tuple((name, version) for name, version in fields["versions"]),
    )


def _tensor(item: dict[str, Any]) -> TensorSpec:
    return TensorSpec(item["name"], item["dtype"], tuple(item["shape"]))
