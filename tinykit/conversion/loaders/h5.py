"""``.h5``: a whole model in Keras's legacy HDF5 format, from Keras 3 or 2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tinykit.conversion.keras_config import check_config, damaged, keras_facts, wrong_build
from tinykit.conversion.loader import LoadedModel
from tinykit.errors import ModelError

DESCRIPTION = "Keras legacy .h5"
_SUFFIXES = (".h5", ".hdf5")


def matches(path: Path) -> bool:
    """A file whose name ends in ``.h5`` or ``.hdf5``."""
    return path.suffix in _SUFFIXES and path.is_file()


def check(path: Path) -> None:
    """Refuse what is no such file, holds weights only, or carries code (Keras 2 stored it marshalled)."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            config = file.attrs.get("model_config")
            weights_only = config is None and "layer_names" in file.attrs
    except Exception as error:  # h5py raises OSError, KeyError, RuntimeError on damaged files
        raise damaged(path, f"it is no readable HDF5 file ({' '.join(str(error).split())[:120]})") from error
    if config is None:
        raise ModelError(
            f"{path} holds {'weights only' if weights_only else 'no Keras model'}.",
            hint="save the whole model, model.save('model.keras'); save_weights leaves the layers out.",
            code="NO_MODEL",
        )
    check_config(path, config if isinstance(config, bytes | str) else str(config))


def load(path: Path) -> LoadedModel:
    """Load with ``safe_mode``; the optimizer's state is left out."""
    import h5py
    import keras

    class DepthwiseConv2D(keras.layers.DepthwiseConv2D):  # type: ignore[misc]
        """Keras 2 wrote an argument that Keras 3 does not know; it never had an effect."""

        def __init__(self, *args: Any, groups: int = 1, **options: Any) -> None:
            super().__init__(*args, **options)

    known = {"DepthwiseConv2D": DepthwiseConv2D}
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True, custom_objects=known)
    except Exception as error:  # whatever Keras raises on a damaged file, it is the finding
        with h5py.File(path, "r") as file:
            version = str(file.attrs.get("keras_version", ""))
        raise wrong_build(path, error, version) from error
    inputs, outputs, layers = keras_facts(model)
    return LoadedModel(lambda x: keras.tree.flatten(model(x, training=False)), inputs, outputs, layers)
