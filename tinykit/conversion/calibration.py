"""Judging calibration data before TensorFlow sees them: stable codes, some fatal, others warnings.

The converter takes any numbers and answers with a model that is quietly wrong. What is judged here is
what has gone wrong for people: too few samples, one image fed thousands of times, pixels in 0..255 for a
network trained on 0..1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from tinykit.datasets import Dataset
from tinykit.errors import DatasetError, UsageError
from tinykit.progress import Progress

Array: TypeAlias = npt.NDArray[Any]

CODES: Mapping[str, str] = MappingProxyType(
    {
        "CALIBRATION_EMPTY": "There are no samples. Fatal: ranges cannot come from nothing.",
        "CALIBRATION_DTYPE": "The values are not numbers (fatal), or calibration and evaluation data are of "
        "different kinds, whole numbers and fractions: one of them may not be scaled (warning).",
        "CALIBRATION_SHAPE": "Samples have another shape than the model's input. Fatal.",
        "CALIBRATION_NOT_FINITE": "Samples hold NaN or infinity. Fatal: one of them spoils the range.",
        "CALIBRATION_TOO_FEW": "Fewer than 100 samples: the ranges of activations hang on single samples.",
        "CALIBRATION_CONSTANT": "Samples hold one value throughout, like a black image: fatal when all do, "
        "else a warning.",
        "CALIBRATION_DUPLICATES": "Samples occur more than once: fatal when all are the same (a generator "
        "that restarts at every step), a warning above 10 %.",
        "CALIBRATION_RANGE": "Values lie far from the evaluation data's: fatal when the ranges do not meet "
        "or differ by a factor of 100 (0..255 against 0..1), a warning when evaluation values fall outside "
        "or the range is four times too wide.",
        "CALIBRATION_OVERLAP": "Samples are in the evaluation data too, so that the accuracy after "
        "conversion is measured partly on data that tuned it. A warning.",
    }
)
"""Every code that :func:`judge_calibration` can give, and what it means."""

FEW = 100
DUPLICATE_SHARE = 0.10
OUTSIDE_SHARE = 0.01
WIDE_FACTOR = 4.0  # two of eight bits of resolution lost
FAR_FACTOR = 100.0
_CHUNK_BYTES = 16 * 1024**2


@dataclass(frozen=True)
class Finding:
    """One thing found in calibration data. ``code`` is a key of :data:`CODES`."""

    code: str
    severity: Literal["fatal", "warn"]
    message: str
    hint: str

    def to_dict(self) -> dict[str, str]:
        """Plain data for JSON."""
        return {"code": self.code, "severity": self.severity, "message": self.message, "hint": self.hint}


def judge_calibration(
    calibration: Dataset, evaluation: Dataset | None, input_shape: tuple[int | None, ...]
) -> tuple[Finding, ...]:
    """Judge ``calibration.x`` (N, *input_shape); an empty result means that nothing was found.

    ``input_shape`` is the model's, without batch; None in it matches any length. ``evaluation`` is compared
    with where it is given. Memory beyond the data themselves stays at some tens of megabytes and 40 bytes
    a sample.
    """
    x = calibration.x
    unusable = _unusable(x, input_shape)
    if unusable is not None:
        return (unusable,)
    findings = [_too_few(x), _constant(x)]
    digests = _digests(x)
    findings.append(_duplicates(digests))
    if evaluation is not None and len(evaluation.x) and np.issubdtype(evaluation.x.dtype, np.number):
        findings += [_kinds(x, evaluation.x), _range(x, evaluation.x), _overlap(digests, evaluation.x)]
    return tuple(finding for finding in findings if finding is not None)


def enforce(findings: Iterable[Finding], progress: Progress) -> None:
    """Pass warnings on to ``progress``, then raise DatasetError with the code of the first fatal finding."""
    found = tuple(findings)
    for finding in found:
        if finding.severity == "warn":
            progress.warn(finding.code, finding.message, finding.hint)
    for finding in found:
        if finding.severity == "fatal":
            raise DatasetError(finding.message, hint=finding.hint, code=finding.code)


def clip_to_percentile(x: Array, percentile: float) -> npt.NDArray[np.float32]:
    """``x`` with its extreme values pulled in, so that the central ``percentile`` per cent stay as they are.

    Two-sided and even: 99.8 clips the lowest 0.1 % and the highest 0.1 % of all values of the tensor to
    the values at those ranks. **This reaches the input tensor only**: the ranges of the activations inside
    the network follow from what the calibrator computes with the clipped input, and cannot be clipped
    themselves. Raises UsageError unless 50 <= percentile <= 100.
    """
    if not 50.0 <= percentile <= 100.0:
        raise UsageError(
            f"A calibration percentile of {percentile} makes no sense.",
            hint="give the share of values to keep, 50 to 100; 99.9 is usual.",
        )
    tail = (100.0 - percentile) / 2.0
    low, high = np.percentile(x, (tail, 100.0 - tail))
    return np.clip(x, low, high).astype(np.float32)


def _unusable(x: Array, input_shape: tuple[int | None, ...]) -> Finding | None:
    """What makes every further question pointless."""
    if x.dtype.kind not in "biuf":
        return _fatal("DTYPE", f"Calibration data are {x.dtype}, not numbers.", "Save them as float32.")
    if x.size == 0:
        return _fatal("EMPTY", "There are no calibration samples.", "Give 100 to 500 typical samples.")
    have = x.shape[1:]
    fits = len(have) == len(input_shape) and all(
        n in (None, m) for m, n in zip(have, input_shape, strict=True)
    )
    if not fits:
        return _fatal(
            "SHAPE",
            f"Calibration samples have shape {have}, the model takes {input_shape}.",
            "Prepare them as for training.",
        )
    bad = sum(int((~np.isfinite(part).all(axis=1)).sum()) for part in _rows(x))
    if bad:
        return _fatal(
            "NOT_FINITE",
            f"{bad} of {len(x)} calibration samples hold NaN or infinity.",
            "Remove or repair these samples.",
        )
    return None


def _too_few(x: Array) -> Finding | None:
    if len(x) >= FEW:
        return None
    return _warn(
        "TOO_FEW",
        f"Only {len(x)} calibration samples: the ranges of activations hang on single samples.",
        "100 to 500 samples that cover all classes and conditions are usual.",
    )


def _constant(x: Array) -> Finding | None:
    if x[0].size < 2:
        return None
    constant = sum(int((part.min(axis=1) == part.max(axis=1)).sum()) for part in _rows(x))
    if not constant:
        return None
    message = f"{constant} of {len(x)} calibration samples hold one value throughout."
    hint = "Check how the samples are made; black images and silence teach no range."
    return (_fatal if constant == len(x) else _warn)("CONSTANT", message, hint)


def _duplicates(digests: npt.NDArray[np.int64]) -> Finding | None:
    n = len(digests)
    _, counts = np.unique(digests, return_counts=True)
    if n > 1 and len(counts) == 1:
        return _fatal(
            "DUPLICATES",
            f"All {n} calibration samples are the same.",
            "A generator that starts over at every step, like next(iter(data)), does this.",
        )
    repeated = n - len(counts)
    if repeated <= DUPLICATE_SHARE * n:
        return None
    return _warn(
        "DUPLICATES",
        f"{repeated} of {n} calibration samples ({repeated / n:.0%}) repeat others; "
        f"one occurs {counts.max()} times.",
        "Draw samples without replacement.",
    )


def _kinds(x: Array, evaluation: Array) -> Finding | None:
    whole = [array.dtype.kind in "biu" for array in (x, evaluation)]
    if whole[0] == whole[1]:
        return None
    return _warn(
        "DTYPE",
        f"Calibration data are {x.dtype}, evaluation data {evaluation.dtype}.",
        "Both are taken as real values; check that both were scaled as for training.",
    )


def _range(x: Array, evaluation: Array) -> Finding | None:
    (low, high), (e_low, e_high) = _ends(x), _ends(evaluation)
    span, e_span = high - low, e_high - e_low
    if span == 0.0 or e_span == 0.0:
        return None
    message = (
        f"Calibration values lie in {low:.4g} to {high:.4g}, evaluation values in {e_low:.4g} to {e_high:.4g}"
    )
    hint = "Prepare both in the same way: as the model was trained."
    if high < e_low or low > e_high:
        return _fatal("RANGE", f"{message}: they do not meet.", hint)
    # A single outlier must not refuse a set: both the extremes and the bulk have to be far apart. Where the
    # bulk is one number throughout, as in sparse data, it cannot tell, and nothing is refused.
    bulk, e_bulk = _bulk(x), _bulk(evaluation)
    factor, bulk_factor = _factor(span, e_span), _factor(bulk[1] - bulk[0], e_bulk[1] - e_bulk[0])
    if min(factor, bulk_factor) >= FAR_FACTOR:
        judged = _fatal if math.isfinite(bulk_factor) else _warn
        return judged("RANGE", f"{message}: a factor of {min(factor, bulk_factor):.0f}.", hint)
    outside = _outside(evaluation, low, high)
    if outside > OUTSIDE_SHARE:
        return _warn("RANGE", f"{message}: {outside:.0%} of these would be clipped.", hint)
    if span > WIDE_FACTOR * e_span:
        wide = span / e_span
        return _warn("RANGE", f"{message}: {wide:.0f} times too wide, which costs resolution.", hint)
    return None


def _overlap(digests: npt.NDArray[np.int64], evaluation: Array) -> Finding | None:
    shared = int(np.isin(_digests(evaluation), digests, kind="sort").sum())
    if not shared:
        return None
    return _warn(
        "OVERLAP",
        f"{shared} of {len(evaluation)} evaluation samples are calibration samples too.",
        "Hold the evaluation data apart, or the accuracy comes out too good.",
    )


def _rows(x: Array) -> Iterator[npt.NDArray[np.float32]]:
    """``x`` as float32 rows (n, values), some megabytes at a time."""
    row_bytes = max(1, 4 * int(np.prod(x.shape[1:], dtype=np.int64)))
    step = max(1, _CHUNK_BYTES // row_bytes)
    for start in range(0, len(x), step):
        part = x[start : start + step]
        yield part.reshape(len(part), -1).astype(np.float32, copy=False)


def _digests(x: Array) -> npt.NDArray[np.int64]:
    """64 bits for each sample's values; the same for equal numbers of other dtypes, and for 0 and -0.

    Python's own keyed hash of bytes (SipHash) is good within a process, and cheap for millions of small
    samples: among ten million, two different ones meet with a probability of 3e-6.
    """
    digests = np.empty(len(x), np.int64)
    start = 0
    for part in _rows(x):
        values, row_bytes = (part + np.float32(0.0)).tobytes(), 4 * part.shape[1]
        rows = (values[i : i + row_bytes] for i in range(0, len(values), row_bytes))
        digests[start : start + len(part)] = np.fromiter(map(hash, rows), np.int64, len(part))
        start += len(part)
    return digests


def _ends(x: Array) -> tuple[float, float]:
    return float(x.min()), float(x.max())


def _bulk(x: Array) -> tuple[float, float]:
    """The central 99.8 % of a million values, evenly taken."""
    values = x.reshape(-1)[:: max(1, x.size // 1_000_000)]
    low, high = np.percentile(values, (0.1, 99.9))
    return float(low), float(high)


def _factor(a: float, b: float) -> float:
    """How many times the wider range is the narrower; a range of width 0 says nothing (infinite)."""
    narrow, wide = sorted((a, b))
    return wide / narrow if narrow > 0 else float("inf")


def _outside(x: Array, low: float, high: float) -> float:
    return sum(int(((part < low) | (part > high)).sum()) for part in _rows(x)) / x.size


def _fatal(code: str, message: str, hint: str) -> Finding:
    return Finding(f"CALIBRATION_{code}", "fatal", message, hint)


def _warn(code: str, message: str, hint: str) -> Finding:
    return Finding(f"CALIBRATION_{code}", "warn", message, hint)
