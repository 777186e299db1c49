"""A program: TensorFlow converts random networks to int8 models. Arguments: folder, seed, first, last."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf

from tinykit.graph.reader import parse_model

layers = tf.keras.layers


def features(x: Any, rng: np.random.Generator) -> Any:
    """One step of a network, chosen at random."""
    height, width, channels = x.shape[1:]
    kind = rng.choice(["conv", "conv", "depthwise", "residual", "pool", "pad", "branch", "activation"])
    taps = tuple(int(n) for n in rng.integers(1, 4, 2))
    padding = "valid" if height >= taps[0] and width >= taps[1] and rng.random() < 0.3 else "same"
    activation = rng.choice([None, "relu", "relu6"])
    if kind == "conv":
        stride = int(rng.integers(1, 3))
        dilation = int(rng.integers(1, 3)) if stride == 1 and padding == "same" else 1
        layer = layers.Conv2D(int(rng.integers(1, 9)), taps, stride, padding, dilation_rate=dilation)
        x = layer(x)
        if rng.random() < 0.4:
            x = layers.BatchNormalization()(x)
        return layers.Activation(activation)(x) if activation else x
    if kind == "depthwise":
        return layers.DepthwiseConv2D(
            taps[0], 1, "same", depth_multiplier=int(rng.integers(1, 3)), activation=activation
        )(x)
    if kind == "residual":
        return layers.Activation("relu")(layers.Add()([x, layers.Conv2D(channels, 3, padding="same")(x)]))
    if kind == "pool":
        pool = layers.AveragePooling2D if rng.random() < 0.5 else layers.MaxPooling2D
        return pool(2, padding="same")(x)
    if kind == "pad":
        return layers.Conv2D(3, 2, padding="same")(layers.ZeroPadding2D(int(rng.integers(1, 3)))(x))
    if kind == "branch":
        return layers.Concatenate()([layers.Conv2D(2, 1)(x), layers.Conv2D(3, 3, padding="same")(x)])
    return layers.Activation(str(rng.choice(["relu", "relu6", "sigmoid"])))(x)


def network(rng: np.random.Generator) -> Any:
    given = layers.Input((*(int(n) for n in rng.integers(3, 11, 2)), int(rng.integers(1, 4))), batch_size=1)
    x = given
    for _ in range(int(rng.integers(1, 5))):
        x = features(x, rng)
    x = layers.GlobalAveragePooling2D()(x) if rng.random() < 0.5 else layers.Flatten()(x)
    x = layers.Dense(int(rng.integers(1, 11)))(x)
    if rng.random() < 0.7:
        x = layers.Activation(str(rng.choice(["softmax", "sigmoid", "relu"])))(x)
    return tf.keras.Model(given, x)


def convert(number: int, seed: int) -> bytes:
    """A model that the reference can run, drawn again where it cannot."""
    for attempt in range(20):
        model = converted(number, np.random.default_rng([seed, 2, number, attempt]))
        if runs_in_the_reference(model):
            return model
    raise AssertionError(f"model {number}: 20 networks in a row were dead")


def runs_in_the_reference(model: bytes) -> bool:
    """LiteRT ends the process at a softmax whose scale is 2**-26 or less: all its inputs were 0."""
    main = parse_model(model).main
    softmax = [operator for operator in main.operators if operator.name == "SOFTMAX"]
    scales = [main.tensor(operator.inputs[0]).quantization.scale[0] for operator in softmax]
    return all(scale > 2.0**-26 for scale in scales)


def converted(number: int, rng: np.random.Generator) -> bytes:
    """Int8 throughout; the ends are int8, uint8 or float32."""
    tf.keras.utils.set_random_seed(int(rng.integers(1 << 31)))
    model = network(rng)
    shape = tuple(model.inputs[0].shape)
    spread = float(np.exp(rng.uniform(-2, 3)))

    def samples() -> Iterator[list[Any]]:
        for _ in range(3):
            yield [(spread * rng.normal(size=shape)).astype(np.float32)]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    end = [tf.int8, tf.int8, tf.uint8, tf.float32][number % 4]
    converter.inference_input_type = converter.inference_output_type = end
    return bytes(converter.convert())


def main() -> None:
    folder, seed, first, last = Path(sys.argv[1]), *(int(word) for word in sys.argv[2:5])
    for number in range(first, last):
        (folder / f"{number:04d}.tflite").write_bytes(convert(number, seed))
        tf.keras.backend.clear_session()


if __name__ == "__main__":
    main()
