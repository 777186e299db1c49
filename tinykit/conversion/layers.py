"""How well each layer survived: the int8 model against the float model that it was made from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykit.graph.reader import parse_model
from tinykit.progress import Progress
from tinykit.runtime import Runtime

Array = npt.NDArray[Any]
MAX_SAMPLES = 32
_INTEGERS = ("int8", "uint8", "int16")


@dataclass(frozen=True)
class LayerError:
    """One operator's output. ``sqnr_db``: signal to quantization noise, 10 lg(sum f^2 / sum (f - q)^2).

    The noise is all that has gathered up to this layer. ``clipped_share`` of the float values lie outside
    of what the int8 tensor can represent. ``sqnr_db`` is None where there is no noise at all.
    """

    name: str
    operator: str
    sqnr_db: float | None
    clipped_share: float
    seen: tuple[float, float]
    representable: tuple[float, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.name,
            "operator": self.operator,
            "sqnr_db": self.sqnr_db,
            "clipped_share": self.clipped_share,
            "seen": list(self.seen),
            "representable": list(self.representable),
        }


@dataclass(frozen=True)
class LayerTable:
    """Layers, worst first. ``unmatched`` names outputs that have no counterpart in the float model."""

    layers: tuple[LayerError, ...]
    unmatched: tuple[str, ...]
    samples: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "samples": self.samples,
            "layers": [layer.to_dict() for layer in self.layers],
            "unmatched": list(self.unmatched),
        }


@dataclass
class _Sums:
    """What is gathered about one tensor, sample by sample."""

    signal: float = 0.0
    noise: float = 0.0
    clipped: int = 0
    values: int = 0
    low: float = math.inf
    high: float = -math.inf

    def add(self, real: Array, stored: Array, representable: tuple[float, float], step: float) -> None:
        exact = real.astype(np.float64)
        self.signal += float(np.square(exact).sum())
        self.noise += float(np.square(exact - stored).sum())
        # Half a step beyond an end rounds to it, and softmax's fixed scale of 1/256 leaves its 1.0 a whole
        # step outside: an error of one step is rounding, not clipping.
        outside = (exact < representable[0] - step) | (exact > representable[1] + step)
        self.clipped += int(outside.sum())
        self.values += exact.size
        self.low, self.high = min(self.low, float(exact.min())), max(self.high, float(exact.max()))


@dataclass
class _Pair:
    """An operator's output in both models."""

    name: str
    operator: str
    float_index: int
    int8_index: int
    scale: float
    zero_point: int
    representable: tuple[float, float]
    sums: _Sums = field(default_factory=_Sums)

    def result(self) -> LayerError:
        sums = self.sums
        noisy = sums.noise > 0.0
        # A silent layer (all zeros) with noise has no signal to speak of: the worst there is.
        sqnr_db = 10.0 * math.log10(max(sums.signal, 1e-300) / sums.noise) if noisy else None
        share = sums.clipped / max(1, sums.values)
        return LayerError(self.name, self.operator, sqnr_db, share, (sums.low, sums.high), self.representable)


def compare_layers(
    runtime: Runtime, float_model: bytes, int8_model: bytes, x: Array, progress: Progress
) -> LayerTable:
    """Run both models on up to :data:`MAX_SAMPLES` of ``x`` (float32, evenly taken) and compare every tensor.

    Tensors are matched by name and shape; those that the quantizer made or renamed are listed as unmatched.
    """
    pairs, unmatched = _match(float_model, int8_model)
    picked = x[np.unique(np.linspace(0, len(x) - 1, min(MAX_SAMPLES, len(x))).astype(int))]
    models = [
        runtime.interpreter(model, reference=True, preserve_all_tensors=True)
        for model in (float_model, int8_model)
    ]
    progress.start("compare layers", len(picked))
    for sample in picked:
        for model in models:
            model.invoke(model.inputs[0].accept(sample[np.newaxis]))
        for pair in pairs:
            stored = models[1].tensor(pair.int8_index).astype(np.float64)
            real = models[0].tensor(pair.float_index)
            pair.sums.add(real, (stored - pair.zero_point) * pair.scale, pair.representable, pair.scale)
        progress.advance()
    progress.finish()
    layers = sorted((pair.result() for pair in pairs), key=_badness)
    return LayerTable(tuple(layers), tuple(unmatched), len(picked))


def _badness(layer: LayerError) -> float:
    return math.inf if layer.sqnr_db is None else layer.sqnr_db


def _match(float_model: bytes, int8_model: bytes) -> tuple[list[_Pair], list[str]]:
    floats, ints = parse_model(float_model, "float model").main, parse_model(int8_model, "int8 model").main
    made = {i for operator in floats.operators for i in operator.outputs}
    by_name = {floats.tensor(i).name: floats.tensor(i) for i in made}
    pairs, unmatched = [], []
    for operator in ints.operators:
        for index in operator.outputs:
            tensor = ints.tensor(index)
            twin = by_name.get(tensor.name)
            scales = tensor.quantization
            if tensor.dtype not in _INTEGERS or scales is None:
                continue
            if twin is None or twin.shape != tensor.shape or scales.per_axis:
                unmatched.append(tensor.name)
                continue
            scale, zero_point = float(scales.scale[0]), int(scales.zero_point[0])
            limits = np.iinfo(np.dtype(tensor.dtype))
            ends = ((limits.min - zero_point) * scale, (limits.max - zero_point) * scale)
            pairs.append(_Pair(tensor.name, operator.name, twin.index, index, scale, zero_point, ends))
    return pairs, unmatched
