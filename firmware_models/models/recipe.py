"""What the ``train.py`` of every reference model shares: seeding, saving, converting, telling."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = tuple[NDArray[np.generic], NDArray[np.int64]]


def start(seed: int) -> Any:
    """Import TensorFlow quietly, seed everything, forbid nondeterministic kernels; returns ``keras``."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    return keras


def train(model: Any, x: Any, y: Any, *, loss: str, epochs: int, batch: int = 32, rate: float = 2e-3) -> None:
    """Adam with a cosine that ends at zero: small last steps let the moving averages of BatchNorm settle."""
    import keras

    steps = epochs * -(-len(x) // batch)
    # A model is saved with its optimizer's state, twice the weights: so a clone learns.
    learner = keras.models.clone_model(model)
    learner.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps)), loss)
    begin = time.monotonic()
    history = learner.fit(x.astype("float32"), y, batch, epochs, verbose=0).history["loss"]
    model.set_weights(learner.get_weights())
    took_s = time.monotonic() - begin
    print(f"trained {epochs} epochs on {len(x)} samples in {took_s:.0f} s, loss {history[-1]:.4f}")


def publish(model: Any, folder: Path, *, calibration: Samples, evaluation: Samples, metric: str) -> None:
    """Write float model and data into ``folder``, convert to int8, renew the figures in card and README."""
    import numpy as np

    keras_file, tflite_file = folder / f"{folder.name}.keras", folder / f"{folder.name}.tflite"
    for name, (x, y) in {"calibration": calibration, "eval": evaluation}.items():
        np.savez_compressed(folder / f"{name}.npz", x=x, y=y.astype(np.uint8))
    model.save(keras_file)

    from figures import renew_documents

    from tinykit.conversion import convert

    convert(
        keras_file,
        tflite_file,
        calibration=folder / "calibration.npz",
        evaluation=folder / "eval.npz",
        metric=metric,
    )
    renew_documents(folder.name)
    print(f"wrote {keras_file.name}, {tflite_file.name}, {folder.name}.json, data and the card's figures")
