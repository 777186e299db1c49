"""Makes the float models that the tests convert: ``python zoo.py FOLDER``, a process with one TensorFlow."""

import json
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import tensorflow as tf

L = keras.layers


def sequential(shape, *layers):
    return keras.Sequential([keras.Input(shape), *layers])


def cnn():
    """Three classes of 8x8 images: a bright left, a bright right, neither; trained until it knows them."""
    model = sequential(
        (8, 8, 1),
        L.Conv2D(4, 3, padding="same", use_bias=False),
        L.BatchNormalization(momentum=0.8),
        L.ReLU(),
        L.Flatten(),
        L.Dense(3, activation="softmax"),
    )
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, 600)
    x = images(rng, y)
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=6, batch_size=16, verbose=0)
    return model


def images(rng, y):
    x = rng.normal(0.5, 0.15, (len(y), 8, 8, 1))
    x[y == 0, :, :4] += 0.25
    x[y == 1, :, 4:] += 0.25
    return x.astype("float32")


def blank_slate(folder):
    keras.utils.set_random_seed(3)
    model = cnn()
    model.save(folder / "cnn.keras")
    model.save(folder / "cnn.h5")
    model.export(folder / "cnn_saved", verbose=False)
    model.save_weights(folder / "cnn.weights.h5")


def layers_in_the_wrong_order():
    return sequential((8, 8, 1), L.Conv2D(4, 3), L.ReLU(), L.BatchNormalization(), L.Flatten(), L.Dense(3))


def several_inputs():
    a, b = keras.Input((4,)), keras.Input((4,))
    return keras.Model([a, b], L.Dense(2)(L.Concatenate()([a, b])))


def of_vectors(function):
    x = keras.Input((8,))
    return keras.Model(x, function(x))


def residual():
    x = keras.Input((8, 8, 2))
    y = L.Conv2D(4, 3, padding="same", activation="relu")(x)
    z = L.Conv2D(4, 3, padding="same")(y)
    z = L.ReLU()(L.Add()([y, z]))
    z = L.Concatenate()([L.MaxPooling2D(2)(z), L.AveragePooling2D(2)(z)])
    gate = L.Dense(8, activation="sigmoid")(L.GlobalAveragePooling2D()(z))
    z = L.Multiply()([z, L.Reshape((1, 1, 8))(gate)])
    return keras.Model(x, L.Dense(5, activation="softmax")(L.Flatten()(z)))


def slow():
    """Half a second a sample and more in the calibrator: time to interrupt it."""
    return sequential((192, 192, 8), *(L.Conv2D(24, 5, padding="same") for _ in range(6)))


def as_keras_2(path, **of_depthwise):
    """Rewrites a legacy .h5 as Keras 2 would have written it: version, input layer, depthwise arguments."""
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        for layer in config["config"]["layers"]:
            if layer["class_name"] == "InputLayer":
                layer["config"]["batch_input_shape"] = layer["config"].pop("batch_shape")
            if layer["class_name"] == "DepthwiseConv2D":
                layer["config"].update(of_depthwise)
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.15.0"


class Custom(L.Layer):
    def call(self, x):
        return x * 2


class ReadsAFile(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32)])
    def __call__(self, x):
        return x + tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32)


def main(folder):
    blank_slate(folder)
    models = {
        "conv_relu_bn": layers_in_the_wrong_order(),
        "lstm": sequential((6, 4), L.LSTM(4, name="memory"), L.Dense(3)),
        "lstm_unrolled": sequential((6, 4), L.LSTM(4, unroll=True), L.Dense(3)),
        "bidirectional_unrolled": sequential((5, 4), L.Bidirectional(L.LSTM(3, unroll=True)), L.Dense(3)),
        "gru": sequential((6, 4), L.GRU(4), L.Dense(3)),
        "sine": of_vectors(keras.ops.sin),
        "erf": of_vectors(keras.ops.erf),
        "lambda": sequential((4,), L.Lambda(lambda x: x * 2), L.Dense(3)),
        "custom": sequential((4,), Custom(), L.Dense(3)),
        "several_inputs": several_inputs(),
        "free_dimension": sequential((None, 4), L.Conv1D(3, 1)),
        "integer_input": keras.Sequential([keras.Input((6,), dtype="int32"), L.Embedding(10, 4)]),
        "batch_of_four": keras.Sequential([keras.Input(batch_shape=(4, 8)), L.Dense(3)]),
        "reads_batch": sequential((8,), L.Dense(6), L.Reshape((3, 2)), L.Flatten(), L.Dense(3)),
        "autoencoder": sequential((8,), L.Dense(3, activation="relu"), L.Dense(8)),
        "residual": residual(),
        "slow": slow(),
    }
    for name, model in models.items():
        model.save(folder / f"{name}.keras")
    depthwise = sequential((8, 8, 1), L.Conv2D(4, 3), L.DepthwiseConv2D(3), L.Flatten(), L.Dense(3))
    for name, arguments in {"keras_2": {"groups": 1}, "keras_2_unknown": {"groups": 1, "gone": 3}}.items():
        depthwise.save(folder / f"{name}.h5")
        as_keras_2(folder / f"{name}.h5", **arguments)
    models["lambda"].save(folder / "lambda.h5")
    models["lstm"].export(folder / "lstm_saved", verbose=False)
    tf.saved_model.save(ReadsAFile(), folder / "reads_a_file")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
