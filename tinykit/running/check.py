"""A run's outputs held against the reference's: byte for byte, or within a stated tolerance and top-1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tinykit.errors import GateError
from tinykit.progress import SILENT, Progress
from tinykit.running.oracle import ask_oracle
from tinykit.running.result import Array, RunResult, TensorSpec
from tinykit.running.workload import Model

CheckState = Literal["equal", "within", "different", "not_run", "not_asked"]

# Three decimals, cut off or rounded.
PRINTED_STEP = 1e-3
# An error's own tolerance: 1 step in some of an autoencoder's outputs moves it by less.
ERROR_SHARE = 0.02


@dataclass(frozen=True)
class Check:
    """The comparison with the reference. ``note`` says why it was not run (with ``code``), or what differs.

    ``tolerance_lsb`` is what an output may be off, in its own steps; 0 is byte for byte. ``top1_agreement``
    is the share of samples where both name the same class, None where an output has no classes.
    """

    state: CheckState
    reference: str = ""
    bytes_compared: int = 0
    bytes_different: int = 0
    tolerance_lsb: float = 0.0
    worst_lsb: float = 0.0
    top1_agreement: float | None = None
    note: str = ""
    code: str = ""

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "state": self.state,
            "reference": self.reference or None,
            "bytes_compared": self.bytes_compared,
            "bytes_different": self.bytes_different,
            "tolerance_lsb": self.tolerance_lsb,
            "worst_lsb": self.worst_lsb,
            "top1_agreement": self.top1_agreement,
            "note": self.note or None,
            "code": self.code or None,
        }


def compare(
    model: Model,
    arrays: tuple[Array, ...],
    result: RunResult,
    *,
    tolerance_lsb: float = 0.0,
    progress: Progress = SILENT,
) -> Check:
    """Compare the outputs of ``result`` on ``arrays`` with the pinned reference's.

    Another runtime is no reference, and one that dies on the model says nothing: the check is then not run.
    """
    reference = ask_oracle(model, arrays, progress)
    if reference.code:
        return Check("not_run", note=reference.note, code=reference.code)
    if not result.outputs_are_real:
        return _raw(model.outputs, result.outputs, reference.outputs, reference.name, tolerance_lsb)
    return _real(model, arrays, result.outputs[0], reference.outputs[0], reference.name, tolerance_lsb)


def _raw(
    specs: tuple[TensorSpec, ...],
    outputs: tuple[Array, ...],
    expected: tuple[Array, ...],
    name: str,
    tolerance: float,
) -> Check:
    compared = different = 0
    worst, note = 0.0, ""
    for i, (output, wanted) in enumerate(zip(outputs, expected, strict=True)):
        ours, theirs = (np.ascontiguousarray(a).view(np.uint8).ravel() for a in (output, wanted))
        unequal = np.flatnonzero(ours != theirs) if ours.size == theirs.size else np.arange(ours.size)
        compared, different = compared + ours.size, different + unequal.size
        if unequal.size and not note:
            note = f"output {i}, first at byte {unequal[0]}: {ours[unequal[0]]} for {theirs[unequal[0]]}"
        if unequal.size:
            worst = max(worst, _steps(specs[i], output, wanted))
    agreement = _agreement(outputs[0], expected[0])
    if not different:
        return Check("equal", name, compared, 0, tolerance, 0.0, agreement)
    fine = tolerance > 0 and worst <= tolerance
    state: CheckState = "within" if fine else "different"
    return Check(state, name, compared, different, tolerance, worst, agreement, note)


def _steps(spec: TensorSpec, output: Array, wanted: Array) -> float:
    """The largest difference in the tensor's own steps; of floats, infinite: they have none."""
    if spec.dtype.kind not in "iu" or output.shape != wanted.shape:
        return float("inf")
    return float(np.abs(output.astype(np.int64) - wanted.astype(np.int64)).max())


def _real(
    model: Model, arrays: tuple[Array, ...], output: Array, expected: Array, name: str, tolerance: float
) -> Check:
    spec = model.outputs[0]
    wanted = spec.real(expected).reshape(len(expected), -1).astype(np.float64)
    got = output.reshape(len(output), -1).astype(np.float64)
    if got.shape[1] == 1 and wanted.shape[1] > 1:
        inputs = model.inputs[0].real(arrays[0]).reshape(len(wanted), -1)
        wanted = np.mean(np.square(wanted - inputs), axis=1, keepdims=True)
        step = ERROR_SHARE * np.maximum(wanted, PRINTED_STEP)
        tolerance, words = 1.0, f"errors within {ERROR_SHARE:.0%}"
    else:
        step, words = np.full_like(wanted, spec.scale or PRINTED_STEP), f"within {tolerance:g} LSB"
    off = np.maximum(np.abs(got - wanted) - PRINTED_STEP, 0.0) / step
    worst, count = float(off.max()), int((off > tolerance).sum())
    agreement = _agreement(got, wanted)
    if count:
        at = int(np.argmax(off.max(axis=1)))
        note = f"{count} printed values are off, most in sample {at}: {worst:.3g} steps"
        return Check("different", name, got.size, count, tolerance, worst, agreement, note)
    return Check("within", name, got.size, 0, tolerance, worst, agreement, f"printed values, {words}")


def _agreement(ours: Array, theirs: Array) -> float | None:
    """Share of samples with the same largest output, where ours is as large as the reference's may be."""
    a, b = ours.reshape(len(ours), -1), theirs.reshape(len(theirs), -1)
    if a.shape != b.shape or a.shape[1] < 2:
        return None
    return float((a.argmax(axis=1) == b.argmax(axis=1)).mean())


def require_equal(check: Check) -> None:
    """Raise GateError: CHECK_DIFFERENT, or the code of why the check was not run."""
    if check.state == "different":
        raise GateError(
            f"{check.bytes_different} of {check.bytes_compared} output values differ from"
            f" {check.reference} by more than {check.tolerance_lsb:g} LSB: {check.note}.",
            hint="a kernel is wrong: one that you added, or one of tinykit's; then please report it."
            if check.tolerance_lsb == 0
            else "optimized kernels round differently, and layers add up: --tolerance says how far they may.",
            code="CHECK_DIFFERENT",
        )
    if check.state == "not_run":
        raise GateError(
            f"The outputs were not checked: {check.note}.",
            hint="pip install 'tinykit[runtime]' brings the reference."
            if check.code in ("ORACLE_VERSION", "ORACLE_MISSING")
            else "without --check the run goes on; nothing can be said about its exactness.",
            code=check.code or "CHECK_NOT_RUN",
        )
