"""Make the shape twin of MLPerf Tiny's image classifier (ResNet-8, 32x32x3 -> 10), synthetic. Seeded."""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

import numpy as np
import recipe
import synthetic

SEED = 3232


def build(keras):
    """Three residual stacks of 16, 32 and 64 filters; the second and third halve the picture."""
    layers = keras.layers

    def convolution(x, filters, size, stride):
        x = layers.Conv2D(filters, size, stride, padding="same", use_bias=False)(x)
        return layers.BatchNormalization(momentum=0.9)(x)

    inputs = keras.Input((32, 32, 3))
    x = layers.ReLU()(convolution(inputs, 16, 3, 1))
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        branch = convolution(layers.ReLU()(convolution(x, filters, 3, stride)), filters, 3, 1)
        shortcut = x if stride == 1 else convolution(x, filters, 1, stride)
        x = layers.ReLU()(layers.Add()([shortcut, branch]))
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def main():
    rng = np.random.default_rng(SEED)
    (x, y), calibration, evaluation = (synthetic.coloured_shapes(rng, n) for n in (3000, 100, 200))
    keras = recipe.start(SEED)
    model = build(keras)
    recipe.train(model, x, y, loss="sparse_categorical_crossentropy", epochs=8)
    recipe.publish(model, FOLDER, calibration=calibration, evaluation=evaluation, metric="top1")


if __name__ == "__main__":
    main()
