"""One model in the child: what it is, converting it, evaluating it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tinykit.conversion.child.dead_outputs import hide_outputs, show_dead_outputs
from tinykit.conversion.loader import LoadedModel
from tinykit.conversion.messages import (
    Convert,
    Converted,
    Evaluate,
    Evaluated,
    Facts,
    Message,
    Stage,
    Step,
)
from tinykit.conversion.scratch import save_array, save_bytes

_BATCH = 64
_IO_TYPES = {"int8": tf.int8, "uint8": tf.uint8, "float32": tf.float32}


class Session:
    """Work on one loaded model; ``tell`` sends messages to the parent."""

    def __init__(self, model: LoadedModel, tell: Callable[[Message], None]) -> None:
        self._model = model
        self._tell = tell

    def facts(self) -> Facts:
        """What the parent needs to know before it hands over data."""
        import keras

        versions = (("keras", keras.__version__), ("tensorflow", tf.__version__))
        return Facts(self._model.inputs, self._model.outputs, self._model.layers, versions)

    def convert(self, order: Convert) -> None:
        """Write the calibrated float model and the int8 model."""
        samples = np.load(order.calibration_path, mmap_mode="r", allow_pickle=False)
        self._tell(Stage("calibrate", len(samples)))
        calibrated = self._calibrate(samples)
        self._tell(Stage("quantize"))
        int8 = _quantize(calibrated, order.io)
        save_bytes(Path(order.float_path), calibrated)
        save_bytes(Path(order.int8_path), int8)
        self._tell(Converted())

    def evaluate(self, order: Evaluate) -> None:
        """Write the first output of the source model for every sample, float32 (N, ...)."""
        samples = np.load(order.samples_path, mmap_mode="r", allow_pickle=False)
        spec = self._model.inputs[0]
        batch = spec.shape[0] or _BATCH
        run = tf.function(
            self._model.call, input_signature=[tf.TensorSpec((None, *spec.shape[1:]), spec.dtype)]
        )
        self._tell(Stage("evaluate float model", len(samples)))
        parts = []
        for start in range(0, len(samples), batch):
            part = samples[start : start + batch]
            parts.append(run(tf.constant(part))[0].numpy())
            self._tell(Step(len(part)))
        save_array(Path(order.outputs_path), np.concatenate(parts).astype(np.float32))
        self._tell(Evaluated())

    def _calibrate(self, samples: Any) -> bytes:
        """The float .tflite, batch 1, with the range that each tensor took on ``samples``."""
        from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

        spec = self._model.inputs[0]
        # A free batch would leave SHAPE, STRIDED_SLICE and PACK in the file, which boards then lack.
        fixed = tf.TensorSpec((1, *spec.shape[1:]), spec.dtype, name="input")
        # Frozen here, the model needs no detour through a SavedModel on disk, whose path varies.
        function = tf.function(self._model.call, input_signature=[fixed]).get_concrete_function()
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [convert_variables_to_constants_v2(function)], trackable_obj=None
        )
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.representative_dataset = lambda: self._feed(samples)
        converter.exclude_conversion_metadata = True
        converter._experimental_calibrate_only = True
        return bytes(converter.convert())

    def _feed(self, samples: Any) -> Iterator[list[Any]]:
        step = max(1, len(samples) // 100)
        for i in range(len(samples)):
            yield [samples[i : i + 1]]
            if (i + 1) % step == 0:
                self._tell(Step(step))


def _quantize(calibrated: bytes, io: str) -> bytes:
    from tensorflow.lite.python.convert import mlir_quantize

    visible, added = show_dead_outputs(calibrated)
    quantized = mlir_quantize(visible, input_data_type=_IO_TYPES[io], output_data_type=_IO_TYPES[io])
    return hide_outputs(bytes(quantized), added)
