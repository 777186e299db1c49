"""What a loader of float models is: the contract of the files in ``loaders/`` and of plug-ins.

A plug-in is an entry point of the group ``tinykit.loaders`` that names such a module. ``matches`` runs in
the parent and looks at the path only; ``check`` and ``load`` run in the converter's child process, so a
file that crashes its reader takes nothing else down.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tinykit.conversion.messages import LayerSpec, TensorSpec
from tinykit.errors import ModelError

ENTRY_POINTS = "tinykit.loaders"

MAX_MODEL_BYTES = 2 * 1024**3
"""The most that a model may take on disk or unpacked: a .tflite, whose offsets are 31 bits, ends there."""


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory. ``call`` takes a tensor (N, ...) and gives a list of tensors, one an output."""

    call: Callable[[Any], list[Any]]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    layers: tuple[LayerSpec, ...]


class Loader(Protocol):
    """A module with these names is a loader."""

    DESCRIPTION: str
    """Format and suffix in a few words, for messages."""

    def matches(self, path: Path) -> bool:
        """Whether this loader is the one for ``path``, by its name and kind only."""

    def check(self, path: Path) -> None:
        """Refuse (ModelError) what can be refused without TensorFlow, before the seconds of its import."""

    def load(self, path: Path) -> LoadedModel:
        """Load with TensorFlow. Raises ModelError for what it cannot read."""


def loaders() -> dict[str, Loader]:
    """Every known loader by its module's full name: the room's own first, then those of other packages."""
    from tinykit.conversion import loaders as room

    names = [f"{room.__name__}.{info.name}" for info in pkgutil.iter_modules(room.__path__)]
    plugged = [entry.value for entry in importlib.metadata.entry_points(group=ENTRY_POINTS)]
    return {name: load_by_name(name) for name in (*sorted(names), *sorted(plugged))}


def load_by_name(name: str) -> Loader:
    """The loader in module ``name``."""
    loader: Any = importlib.import_module(name)
    return loader  # type: ignore[no-any-return]


def find_loader(path: Path) -> str:
    """The name of the loader for ``path``. Raises ModelError: not there, empty, too large, unknown kind."""
    with _readable(path):
        path.stat()
    known = loaders()
    name = next((name for name, loader in known.items() if loader.matches(path)), None)
    if name is None:
        done = "A .tflite file is converted already: `tinykit inspect` shows it. "
        raise ModelError(
            f"{path}: not a kind of model that can be converted.",
            hint=(done if path.suffix == ".tflite" else "")
            + f"Known are: {'; '.join(loader.DESCRIPTION for loader in known.values())}.",
            code="MODEL_FORMAT",
        )
    with _readable(path):
        size_bytes = model_bytes(path)
    if size_bytes == 0:
        raise ModelError(f"{path} is empty.", hint="save or download the model again.", code="MODEL_EMPTY")
    if size_bytes > MAX_MODEL_BYTES:
        raise ModelError(
            f"{path} has {size_bytes:,} bytes; the limit is {MAX_MODEL_BYTES:,}.",
            hint="a .tflite file cannot be larger, and a microcontroller holds a thousandth of it.",
            code="MODEL_TOO_LARGE",
        )
    return name


def model_bytes(path: Path) -> int:
    """Size of a file, or of all files in a folder."""
    return sum(file.stat().st_size for file in model_files(path))


def model_files(path: Path) -> list[Path]:
    """``path`` itself, or the files in the folder, sorted by name."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file())


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes; of a folder, that of its files' names and hashes, sorted.

    Raises ModelError.
    """
    import hashlib

    digests = []
    with _readable(path):
        for file in model_files(path):
            with file.open("rb") as stream:
                digests.append((file, hashlib.file_digest(stream, "sha256").hexdigest()))
    if not path.is_dir():
        return digests[0][1]
    lines = (f"{digest}  {file.relative_to(path).as_posix()}\n" for file, digest in digests)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise ModelError(
            f"{path}: no such file or folder.", hint="check the path.", code="MODEL_NOT_FOUND"
        ) from None
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read: {error.strerror}.",
            hint="check its permissions.",
            code="MODEL_UNREADABLE",
        ) from error
