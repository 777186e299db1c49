"""Make the shape twin of MLPerf Tiny's person detector (MobileNetV1, 96x96x3 -> 2), synthetic. Seeded."""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

import numpy as np
import recipe
import synthetic

SEED = 9696

# (filters, stride) of the thirteen depthwise-separable blocks, a quarter of MobileNetV1's width.
BLOCKS = ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1))


def build(keras):
    """A strided convolution, thirteen depthwise-separable blocks, average, two classes."""
    layers = keras.layers

    def normalised(x, layer):
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(layer(x)))

    inputs = keras.Input((96, 96, 3))
    x = normalised(inputs, layers.Conv2D(8, 3, 2, padding="same", use_bias=False))
    for filters, stride in BLOCKS:
        x = normalised(x, layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False))
        x = normalised(x, layers.Conv2D(filters, 1, padding="same", use_bias=False))
    x = layers.Flatten()(layers.AveragePooling2D(3)(x))
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(x))


def main():
    rng = np.random.default_rng(SEED)
    (x, y), calibration, evaluation = (synthetic.silhouettes(rng, n) for n in (4000, 100, 100))
    keras = recipe.start(SEED)
    model = build(keras)
    recipe.train(model, x, y, loss="sparse_categorical_crossentropy", epochs=8)
    recipe.publish(model, FOLDER, calibration=calibration, evaluation=evaluation, metric="top1")


if __name__ == "__main__":
    main()
