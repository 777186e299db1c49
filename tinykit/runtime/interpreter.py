"""A small wrapper round a TensorFlow Lite interpreter: typed tensors in, arrays out, our errors."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tinykit.errors import DatasetError, ModelError

Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True)
class TensorInfo:
    """One input or output: real = scale * (q - zero_point) where ``scale`` is not 0 (0: not quantized)."""

    index: int
    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    scale: float
    zero_point: int

    @property
    def is_quantized(self) -> bool:
        """Whether the tensor holds integers that stand for real values."""
        return self.scale != 0.0

    def quantize(self, x: Array) -> Array:
        """Real values ``x`` as the tensor's dtype: divide in float32, round half away from zero, clamp.

        This is the arithmetic of LiteRT's QUANTIZE operator (``AffineQuantize`` with ``TfLiteRound``).
        A tensor that is not quantized gets ``x`` cast. Raises DatasetError where values are not finite
        or an exact cast of integers is impossible.
        """
        if not self.is_quantized:
            return _cast(x, self.dtype)
        real = _cast(x, np.dtype(np.float32))
        if not np.isfinite(real).all():
            raise DatasetError(
                f"Values for input {self.name!r} are not finite.",
                hint="remove NaN and infinity from the data.",
                code="NOT_FINITE",
            )
        scaled = real / np.float32(self.scale)
        # 0.5 is added to the magnitude in double: in float32 the sum itself would round.
        rounded = np.copysign(np.floor(np.abs(scaled.astype(np.float64)) + 0.5), scaled) + self.zero_point
        limits = np.iinfo(self.dtype)
        stored: Array = np.clip(rounded, limits.min, limits.max).astype(self.dtype)
        return stored

    def dequantize(self, q: Array) -> Array:
        """Stored values ``q`` as real float32 values; a tensor that is not quantized is returned cast."""
        if not self.is_quantized:
            return q.astype(np.float32)
        real: Array = np.float32(self.scale) * (q.astype(np.int64) - self.zero_point).astype(np.float32)
        return real

    def accept(self, x: Array) -> Array:
        """``x`` as it goes in: stored values (the tensor's own dtype) as they are, others quantized."""
        return x if x.dtype == self.dtype else self.quantize(x)


class Interpreter:
    """One model, ready to run. Not for use by two threads at once."""

    def __init__(self, native: Any) -> None:
        self._native = native
        self.inputs = tuple(_info(details) for details in native.get_input_details())
        self.outputs = tuple(_info(details) for details in native.get_output_details())

    def invoke(self, *arrays: Array) -> tuple[Array, ...]:
        """Run once. ``arrays`` are the inputs in order, in shape and dtype of ``inputs``; copies come back.

        Raises DatasetError where number, shape or dtype of the arrays do not fit, ModelError where the
        runtime gives up.
        """
        if len(arrays) != len(self.inputs):
            raise DatasetError(
                f"The model takes {len(self.inputs)} inputs, {len(arrays)} were given.",
                hint="give one array for each input, in the model's order.",
            )
        for info, array in zip(self.inputs, arrays, strict=True):
            if array.shape != info.shape or array.dtype != info.dtype:
                raise DatasetError(
                    f"Input {info.name!r} takes {info.dtype} {info.shape}, got {array.dtype} {array.shape}.",
                    hint="reshape the data, or convert them with TensorInfo.accept.",
                )
            self._native.set_tensor(info.index, array)
        try:
            self._native.invoke()
        except (RuntimeError, ValueError) as error:
            raise refused("run", error) from error
        return tuple(self._native.get_tensor(info.index) for info in self.outputs)

    def invoke_again(self) -> None:
        """Run once more on what the inputs hold, and copy nothing out. Raises ModelError."""
        try:
            self._native.invoke()
        except (RuntimeError, ValueError) as error:
            raise refused("run", error) from error

    def tensor(self, index: int) -> Array:
        """A copy of tensor ``index`` of subgraph 0 after an invoke.

        Intermediate tensors hold their values only with ``preserve_all_tensors=True``. Raises
        ModelError where the tensor has no memory (an unused one, a resource handle).
        """
        try:
            return np.array(self._native.get_tensor(index))
        except (RuntimeError, ValueError) as error:
            raise refused(f"read tensor {index} of", error) from error


@dataclass(frozen=True)
class Runtime:
    """A TensorFlow Lite runtime that was seen working on this machine.

    ``is_oracle``: its reference kernels are the truth that int8 results are compared with.
    """

    name: str
    version: str
    is_oracle: bool
    module: ModuleType

    def interpreter(
        self, model: bytes, *, reference: bool = False, threads: int = 1, preserve_all_tensors: bool = False
    ) -> Interpreter:
        """Build an interpreter on the bytes of a .tflite file.

        ``reference`` takes the plain reference kernels: slower by ten times or more, and the same on
        every CPU. Otherwise the optimized kernels run without the XNNPACK delegate: a delegate differs
        from CPU to CPU, hides intermediate tensors, and writes a line to file descriptor 2 that cannot
        be caught without redirecting the whole process. ``threads`` serve within one inference.
        Raises ModelError where the runtime refuses the model.
        """
        kinds = self.module.OpResolverType
        resolver = kinds.BUILTIN_REF if reference else kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        try:
            native = self.module.Interpreter(
                model_content=model,
                num_threads=threads,
                experimental_op_resolver_type=resolver,
                experimental_preserve_all_tensors=preserve_all_tensors,
            )
            native.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise refused("load", error) from error
        return Interpreter(native)


def refused(action: str, error: BaseException) -> ModelError:
    """The runtime's complaint as a ModelError of one line."""
    reason = " ".join(str(error).split())[:300] or type(error).__name__
    return ModelError(
        f"The runtime could not {action} the model: {reason}",
        hint="`tinykit inspect` shows the operators; a custom or Select-TF operator does not run here.",
        code="RUNTIME_REFUSED",
    )


def _info(details: dict[str, Any]) -> TensorInfo:
    scale, zero_point = details["quantization"]
    return TensorInfo(
        index=int(details["index"]),
        name=str(details["name"]),
        dtype=np.dtype(details["dtype"]),
        shape=tuple(int(n) for n in details["shape"]),
        scale=float(scale),
        zero_point=int(zero_point),
    )


def _cast(x: Array, dtype: np.dtype[Any]) -> Array:
    """Floats are rounded to ``dtype``; integers must arrive unchanged."""
    if x.dtype == dtype:
        return x
    if dtype.kind in "iub" and x.dtype.kind == "f" and not np.array_equal(x, np.rint(x)):
        raise DatasetError(
            f"The model takes {dtype} without a scale, the data are {x.dtype} with fractions.",
            hint="give whole numbers, or a model whose input is float32 or quantized.",
        )
    with np.errstate(invalid="ignore", over="ignore"):
        cast = x.astype(dtype)
    if (x.dtype.kind in "iub" or dtype.kind in "iub") and not np.array_equal(cast, x):
        raise DatasetError(
            f"Some {x.dtype} values cannot be held exactly by {dtype}.",
            hint="scale the data, as in training, before saving them.",
        )
    return cast
