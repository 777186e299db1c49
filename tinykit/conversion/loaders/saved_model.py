"""A SavedModel folder, as ``model.export`` of Keras 3 and ``tf.saved_model.save`` write it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tinykit.conversion.keras_config import damaged
from tinykit.conversion.loader import LoadedModel
from tinykit.conversion.messages import LayerSpec, TensorSpec
from tinykit.errors import ModelError

DESCRIPTION = "SavedModel folder"
_FILE = "saved_model.pb"
_SIGNATURE = "serving_default"
# They reach files or run Python while the graph is loaded or folded; no model needs them to infer.
_FORBIDDEN = frozenset(
    {
        "ReadFile",
        "WriteFile",
        "MatchingFiles",
        "WholeFileReader",
        "WholeFileReaderV2",
        "PyFunc",
        "EagerPyFunc",
    }
    | {"PyFuncStateless", "Save", "SaveSlices", "ImmutableConst", "DebugIdentityV2", "DebugIdentityV3"}
)


def matches(path: Path) -> bool:
    """A folder that holds ``saved_model.pb``."""
    return path.is_dir() and (path / _FILE).is_file()


def check(path: Path) -> None:
    """Refuse an empty definition; the rest of the format needs TensorFlow."""
    if (path / _FILE).stat().st_size == 0:
        raise damaged(path / _FILE, "it is empty")


def load(path: Path) -> LoadedModel:
    """Load the signature ``serving_default``, or the only one there is."""
    import tensorflow as tf

    operations = _operations(path)
    try:
        model = tf.saved_model.load(str(path))
    except Exception as error:  # whatever TensorFlow raises on a damaged folder, it is the finding
        raise damaged(path, " ".join(str(error).split())[:200]) from error
    signatures = dict(model.signatures)
    name = _SIGNATURE if _SIGNATURE in signatures else next(iter(signatures), "")
    if not name or (name != _SIGNATURE and len(signatures) > 1):
        raise ModelError(
            f"{path} has no signature {_SIGNATURE!r}; it has {', '.join(sorted(signatures)) or 'none'}.",
            hint="export it with model.export('folder'), or give tf.saved_model.save a `serving_default`.",
            code="NO_SIGNATURE",
        )
    signature = signatures[name]
    inputs = tuple(_spec(key, spec) for key, spec in signature.structured_input_signature[1].items())
    outputs = tuple(_spec(key, spec) for key, spec in sorted(signature.structured_outputs.items()))
    only = inputs[0].name if inputs else ""

    def call(x: Any) -> list[Any]:
        # `model` is kept alive here: a signature holds its variables by weak references.
        result = model.signatures[name](**{only: x})
        return [result[key] for key in sorted(result)]

    return LoadedModel(call, inputs, outputs, tuple(LayerSpec(kind, kind) for kind in operations))


def _operations(path: Path) -> list[str]:
    """The kinds of operations in the definition, sorted; those that reach outside the model are refused."""
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    definition = saved_model_pb2.SavedModel()
    try:
        definition.ParseFromString((path / _FILE).read_bytes())
    except DecodeError as error:
        raise damaged(path / _FILE, "it is no readable SavedModel") from error
    own = set(_own_operations(definition))
    reaching = sorted(own & _FORBIDDEN)
    if reaching:
        raise ModelError(
            f"{path} has operations that reach outside the model: {', '.join(reaching)}.",
            hint="they read or write files, or run Python, on loading. Export the model without them.",
            code="UNSAFE_OPERATION",
        )
    return sorted(own)


def _own_operations(definition: Any) -> Iterator[str]:
    for meta in definition.meta_graphs:
        nodes = [*meta.graph_def.node]
        for function in meta.graph_def.library.function:
            nodes += function.node_def
        yield from (node.op for node in nodes)


def _spec(name: str, spec: Any) -> TensorSpec:
    if spec.shape.rank is None:
        raise ModelError(
            f"{name!r} of the SavedModel's signature has no known rank.",
            hint="export it with an input_signature whose shape is fixed but for the batch.",
            code="FREE_DIMENSION",
        )
    return TensorSpec(name, spec.dtype.name, tuple(spec.shape))
