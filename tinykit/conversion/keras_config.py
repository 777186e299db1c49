"""What a Keras model's configuration (untrusted JSON) gives away before anything is built from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tinykit.conversion.messages import LayerSpec, TensorSpec
from tinykit.errors import ModelError

MAX_CONFIG_BYTES = 64 * 1024**2


def check_config(path: Path, text: bytes | str) -> None:
    """Refuse a configuration that carries code, or names classes that are not Keras's own.

    Keras's ``safe_mode`` refuses Lambda layers too, but only while it builds the model, and not for
    every format and version; this reads the names before TensorFlow is even imported.
    Raises ModelError: ``MODEL_DAMAGED``, ``LAMBDA_LAYER``, ``CUSTOM_OBJECT``.
    """
    try:
        config = json.loads(text)
        for entry in _objects(config):
            _check_object(path, entry)
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"its configuration is not readable JSON ({type(error).__name__})") from error


def damaged(path: Path, what: str) -> ModelError:
    """The error for a file that is not what its name says."""
    return ModelError(
        f"{path} is damaged: {what}.",
        hint="save it again with model.save(...), or copy it again: was the download or copy cut short?",
        code="MODEL_DAMAGED",
    )


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every serialized object within ``node``, itself included."""
    if isinstance(node, dict):
        if isinstance(node.get("class_name"), str):
            yield node
        for child in node.values():
            yield from _objects(child)
    elif isinstance(node, list):
        for child in node:
            yield from _objects(child)


def _check_object(path: Path, entry: dict[str, Any]) -> None:
    kind = entry["class_name"]
    config = entry.get("config")
    name = config.get("name", "") if isinstance(config, dict) else ""
    if kind in ("Lambda", "__lambda__"):
        named = f" {name!r}" if name else ""
        raise ModelError(
            f"{path} has a Lambda layer{named}: its Python code is stored in the file.",
            hint="loading it would run whatever code the file brings (Keras's safe_mode refuses it too). "
            "Replace it by Keras layers (Rescaling, Normalization, Multiply, ...), or export the model where "
            "you trust it: model.export('folder'), then convert the folder.",
            code="LAMBDA_LAYER",
        )
    module = entry.get("module")
    if isinstance(module, str):
        if module in ("builtins", "keras") or module.startswith("keras."):
            return
    elif not isinstance(entry.get("registered_name"), str):
        return  # a legacy file, which names no modules
    where = f" of module {module!r}" if module else ""
    raise ModelError(
        f"{path} has a custom object, {kind!r}{where}.",
        hint="its code is not in the file, and code is not imported on a model's word. Export it where "
        "the class is defined: model.export('folder'), then convert the folder.",
        code="CUSTOM_OBJECT",
    )


def wrong_build(path: Path, error: Exception, keras_version: str) -> ModelError:
    """What ``load_model`` of Keras 3 raised, as one line; ``keras_version`` wrote the file."""
    text = " ".join(str(error).split())
    if "Lambda" in text and "safe_mode" in text:
        return ModelError(
            f"{path} has a Lambda layer, which Keras's safe_mode refuses.",
            hint="its code could do anything. Replace it, or export the model where you trust it.",
            code="LAMBDA_LAYER",
        )
    if any(
        sign in text
        for sign in ("Unknown layer", "Could not locate", "Unknown object", "Could not deserialize")
    ):
        return ModelError(
            f"{path}: a class of the model is not known here: {text[:200]}",
            hint="custom classes, and layers that Keras 3 no longer has, cannot be loaded. Export the model "
            "where it was made: model.export('folder') (tf.saved_model.save in Keras 2), then convert that.",
            code="CUSTOM_OBJECT",
        )
    if keras_version.startswith(("1.", "2.")):
        return ModelError(
            f"{path} was saved by Keras {keras_version}, and Keras 3 cannot rebuild it: {text[:200]}",
            hint="with the Keras that made it: tf.saved_model.save(model, 'folder'), then convert that.",
            code="KERAS_2_MODEL",
        )
    return ModelError(
        f"{path} cannot be loaded by Keras: {type(error).__name__}: {text[:200]}",
        hint="was it saved whole, by Keras 3 or as a legacy .h5? Otherwise export it as a SavedModel folder.",
        code="MODEL_DAMAGED",
    )


def keras_facts(model: Any) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...], tuple[LayerSpec, ...]]:
    """Inputs, outputs and layers (nested models flattened) of a built Keras model."""
    inputs = tuple(_spec(tensor) for tensor in model.inputs)
    outputs = tuple(_spec(tensor) for tensor in model.outputs)
    layers = tuple(
        LayerSpec(layer.name, type(layer).__name__, _activation(layer))
        for layer in model._flatten_layers(include_self=False)
        if type(layer).__name__ != "InputLayer"
    )
    return inputs, outputs, layers


def _spec(tensor: Any) -> TensorSpec:
    return TensorSpec(tensor.name, str(tensor.dtype), tuple(tensor.shape))


def _activation(layer: Any) -> str:
    activation = getattr(layer, "activation", None)
    name = getattr(activation, "__name__", "") if activation is not None else ""
    return "" if name == "linear" else str(name)
