"""A program: TensorFlow writes .tflite files of many kinds into the folder that is its argument."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf

IMAGE = (1, 8, 8, 2)
SERIES = (1, 6, 4)
INT8 = tf.lite.OpsSet.TFLITE_BUILTINS_INT8
INT16 = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
layers = tf.keras.layers


def image_model(batch: int | None = 1, dead_channel: bool = False) -> Any:
    """Convolutions and a dense layer; with ``dead_channel``, weights that are 0 along one output channel."""
    model = tf.keras.Sequential(
        [
            tf.keras.Input(IMAGE[1:], batch_size=batch),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.DepthwiseConv2D(3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(6.0),
            layers.MaxPool2D(),
            layers.Flatten(),
            layers.Dense(5),
            layers.Softmax(),
        ]
    )
    if dead_channel:
        kernel, bias = model.layers[0].get_weights()
        kernel[..., 1] = 0
        model.layers[0].set_weights([kernel, bias])
    return model


def series_model(layer: Any) -> Any:
    return tf.keras.Sequential([tf.keras.Input(SERIES[1:], batch_size=1), layer, layers.Dense(3)])


def convert(model: Any, shape: tuple[int, ...] = IMAGE, calibrated: bool = False, **settings: Any) -> bytes:
    """``settings`` are set on the converter; ``ops`` and ``types`` on its target."""

    def samples() -> Iterator[list[Any]]:
        rng = np.random.default_rng(1)
        for _ in range(4):
            yield [rng.normal(size=shape).astype(np.float32)]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if calibrated:
        converter.representative_dataset = samples
    converter.target_spec.supported_ops = [settings.pop("ops", tf.lite.OpsSet.TFLITE_BUILTINS)]
    converter.target_spec.supported_types = settings.pop("types", [])
    for name, value in settings.items():
        setattr(converter, name, value)
    return bytes(converter.convert())


def convert_function(function: Callable[..., Any], *specs: tuple[tuple[int | None, ...], Any]) -> bytes:
    signature = [tf.TensorSpec(shape, dtype) for shape, dtype in specs]
    concrete = tf.function(function, input_signature=signature).get_concrete_function()
    return bytes(tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert())


class Counter(tf.Module):
    """Two signatures over one variable."""

    def __init__(self) -> None:
        self.total = tf.Variable([1.0, 2.0])

    @tf.function(input_signature=[tf.TensorSpec((2,), tf.float32)])
    def add(self, x: Any) -> Any:
        self.total.assign_add(x)
        return self.total.read_value()

    @tf.function(input_signature=[tf.TensorSpec((2,), tf.float32)])
    def scale(self, x: Any) -> Any:
        return x * self.total


def variables(folder: Path) -> bytes:
    module = Counter()
    saved = str(folder / "counter")
    tf.saved_model.save(module, saved, signatures={"add": module.add, "scale": module.scale})
    converter = tf.lite.TFLiteConverter.from_saved_model(saved, signature_keys=["add", "scale"])
    converter.experimental_enable_resource_variables = True
    return bytes(converter.convert())


def zoo(folder: Path) -> Iterator[tuple[str, bytes]]:
    optimized = {"optimizations": [tf.lite.Optimize.DEFAULT]}
    whole = {**optimized, "calibrated": True, "ops": INT8}
    int8_io = {"inference_input_type": tf.int8, "inference_output_type": tf.int8}
    for name, model in (("alive", image_model()), ("dead", image_model(dead_channel=True))):
        yield f"{name}_float", convert(model)
        yield f"{name}_dynamic", convert(model, **optimized)
        yield f"{name}_float16", convert(model, **optimized, types=[tf.float16])
        yield f"{name}_int8", convert(model, **whole, **int8_io)
        yield f"{name}_int8_float_io", convert(model, **whole)
        yield f"{name}_per_tensor", convert(model, **whole, _experimental_disable_per_channel=True)
        yield f"{name}_old_quantizer", convert(model, **whole, experimental_new_quantizer=False)
        yield f"{name}_int16", convert(model, **optimized, calibrated=True, ops=INT16)
    yield "free_batch", convert(image_model(batch=None), **whole)
    yield "lstm", convert(series_model(layers.LSTM(5)))
    yield "lstm_dynamic", convert(series_model(layers.LSTM(5)), **optimized)
    yield "lstm_unrolled", convert(series_model(layers.LSTM(5, unroll=True)), SERIES, **whole)
    yield "variables", variables(folder)
    vector, matrix = ((3,), tf.float32), ((2, 3), tf.float32)
    yield (
        "while",
        convert_function(
            lambda x: tf.while_loop(lambda a: a[0, 0] < 9.0, lambda a: [a * 2 + 1], [x]), matrix
        ),
    )
    yield "if", convert_function(lambda x: tf.cond(x[0] > 0, lambda: x + 1.0, lambda: x * 2.0), vector)
    yield "strings", convert_function(lambda i: tf.gather(tf.constant(["a", "bc", ""]), i), ((2,), tf.int32))
    yield "bools", convert_function(lambda x: tf.where(tf.constant([True, False, True]), x, -x), matrix)
    yield "complex", convert_function(lambda x: tf.abs(tf.signal.rfft(x)), ((8,), tf.float32))
    yield "open", convert_function(lambda x: tf.concat([x, x + 1], 0), ((None, 3), tf.float32))
    yield "scalar", convert_function(lambda x: x * 3.0, ((), tf.float32))
    yield "identity", convert_function(lambda x: x, vector)
    yield "constant_output", convert_function(lambda x: (x + 1, tf.constant([1.0, 2.0])), vector)
    yield "unused_input", convert_function(lambda x, y: x + 1, vector, matrix)
    yield (
        "min_max",
        convert_function(lambda x: tf.quantization.fake_quant_with_min_max_args(x, -1, 1) * 2, vector),
    )


if __name__ == "__main__":
    out = Path(sys.argv[1])
    for file_name, data in zoo(out):
        (out / f"{file_name}.tflite").write_bytes(data)
