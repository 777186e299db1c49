"""``.keras``: the native format of Keras 3, a zip of a JSON configuration and an HDF5 file of weights."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from tinykit.conversion.keras_config import MAX_CONFIG_BYTES, check_config, damaged, keras_facts, wrong_build
from tinykit.conversion.loader import MAX_MODEL_BYTES, LoadedModel
from tinykit.errors import ModelError

DESCRIPTION = "Keras 3 .keras"
_MEMBERS = {"config.json", "metadata.json", "model.weights.h5"}


def matches(path: Path) -> bool:
    """A file whose name ends in ``.keras``."""
    return path.suffix == ".keras" and path.is_file()


def check(path: Path) -> None:
    """Refuse what is no such zip, unpacks to too much, or carries code."""
    try:
        with zipfile.ZipFile(path) as archive:
            missing = _MEMBERS - set(archive.namelist())
            if missing:
                raise damaged(path, f"{', '.join(sorted(missing))} is missing in it")
            unpacked = sum(member.file_size for member in archive.infolist())
            if unpacked > MAX_MODEL_BYTES or archive.getinfo("config.json").file_size > MAX_CONFIG_BYTES:
                raise ModelError(
                    f"{path} unpacks to {unpacked:,} bytes; the limit is {MAX_MODEL_BYTES:,}.",
                    hint="a microcontroller holds a thousandth of that.",
                    code="MODEL_TOO_LARGE",
                )
            with archive.open("config.json") as member:
                # The size that a zip states need not be true.
                check_config(path, member.read(MAX_CONFIG_BYTES + 1))
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise damaged(path, f"it is no readable .keras zip ({error})") from error


def load(path: Path) -> LoadedModel:
    """Load with ``safe_mode``; the optimizer's state is left out."""
    import keras

    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # whatever Keras raises on a damaged file, it is the finding
        raise wrong_build(path, error, _keras_version(path)) from error
    inputs, outputs, layers = keras_facts(model)
    return LoadedModel(lambda x: keras.tree.flatten(model(x, training=False)), inputs, outputs, layers)


def _keras_version(path: Path) -> str:
    """The version that wrote the file, or "" where it does not say."""
    try:
        with zipfile.ZipFile(path) as archive:
            return str(json.loads(archive.read("metadata.json"))["keras_version"])
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return ""
