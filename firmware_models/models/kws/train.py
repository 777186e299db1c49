"""Make the shape twin of MLPerf Tiny's keyword spotter (DS-CNN, 49x10x1 -> 12), synthetic. Seeded."""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

import numpy as np
import recipe
import synthetic

SEED = 4910


def build(keras):
    """Five convolution blocks: a 10x4 convolution with stride 2, then four depthwise-separable ones."""
    layers = keras.layers

    def normalised(x, layer):
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(layer(x)))

    inputs = keras.Input((49, 10, 1))
    x = normalised(inputs, layers.Conv2D(64, (10, 4), 2, padding="same", use_bias=False))
    for _ in range(4):
        x = normalised(x, layers.DepthwiseConv2D(3, padding="same", use_bias=False))
        x = normalised(x, layers.Conv2D(64, 1, padding="same", use_bias=False))
    x = layers.Flatten()(layers.AveragePooling2D((25, 5))(x))
    return keras.Model(inputs, layers.Dense(12, activation="softmax")(x))


def main():
    rng = np.random.default_rng(SEED)
    (x, y), calibration, evaluation = (synthetic.keyword_features(rng, n) for n in (3600, 120, 240))
    keras = recipe.start(SEED)
    model = build(keras)
    recipe.train(model, x[..., None], y, loss="sparse_categorical_crossentropy", epochs=8)
    recipe.publish(
        model,
        FOLDER,
        calibration=(calibration[0][..., None], calibration[1]),
        evaluation=(evaluation[0][..., None], evaluation[1]),
        metric="top1",
    )


if __name__ == "__main__":
    main()
