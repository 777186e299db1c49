"""Make the digits reference model: a small CNN on the scanned digits that scikit-learn carries. Seeded."""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

import recipe

SEED = 2026


def build(keras):
    """Pixels 0..16 in, ten probabilities out; 7,178 parameters once BatchNorm is folded in."""
    layers = keras.layers
    model = keras.Sequential([keras.Input((8, 8, 1))])
    for filters, stride in ((8, 1), (16, 2), (32, 2)):
        model.add(layers.Conv2D(filters, 3, stride, padding="same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.ReLU())
    for layer in (layers.Flatten(), layers.Dropout(0.3), layers.Dense(10, activation="softmax")):
        model.add(layer)
    return model


def load():
    """Two thirds to train on, one third held out; every digit in proportion, drawn with SEED."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    x = digits.images.astype("uint8")[..., None]
    return train_test_split(x, digits.target, test_size=1 / 3, stratify=digits.target, random_state=SEED)


def main():
    x, x_held_out, y, y_held_out = load()
    keras = recipe.start(SEED)
    model = build(keras)
    recipe.train(model, x, y, loss="sparse_categorical_crossentropy", epochs=60, batch=32)
    recipe.publish(
        model, FOLDER, calibration=(x[:200], y[:200]), evaluation=(x_held_out, y_held_out), metric="top1"
    )


if __name__ == "__main__":
    main()
