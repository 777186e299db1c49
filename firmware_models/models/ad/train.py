"""Make the shape twin of MLPerf Tiny's anomaly detector (autoencoder, 640 -> 640), synthetic. Seeded."""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))

import numpy as np
import recipe
import synthetic

SEED = 6408


def build(keras, mean):
    """128 x4, 8, 128 x4 with BatchNorm, ReLU; then 640 linear; its bias begins at ``mean``, far from 0."""
    layers = keras.layers
    model = keras.Sequential([keras.Input((640,))])
    for units in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        model.add(layers.Dense(units))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.ReLU())
    model.add(layers.Dense(640, bias_initializer=keras.initializers.Constant(float(mean))))
    return model


def main():
    rng = np.random.default_rng(SEED)
    x, _ = synthetic.machine_hum(rng, 4000, anomalies=False)
    calibration = synthetic.machine_hum(rng, 200, anomalies=False)
    evaluation = synthetic.machine_hum(rng, 200, anomalies=True)
    keras = recipe.start(SEED)
    model = build(keras, x.mean())
    recipe.train(model, x, x, loss="mean_squared_error", epochs=25)
    recipe.publish(model, FOLDER, calibration=calibration, evaluation=evaluation, metric="auc")


if __name__ == "__main__":
    main()
