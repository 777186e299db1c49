"""Finds the kernels: a folder each in ``firmware_models/kernels``, and other people's by entry point."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from tinykit.compiler.kernel import FEATURES, Installed, Kernel
from tinykit.compiler.translate.entry import Entry
from tinykit.errors import TinykitError
from tinykit.resources import firmware_models

GROUP = "tinykit.kernels"
COMMON = "common"


def kernels_folder() -> Path:
    """The folder that holds tinykit's own kernels and, in ``common``, the headers that they share."""
    return firmware_models() / "kernels"


@cache
def find_kernels() -> tuple[Installed, ...]:
    """Every kernel, tinykit's own first, sorted by name.

    Raises TinykitError, code ``KERNEL_BROKEN``, for one that cannot be loaded or says nonsense.
    """
    own = [load_kernel(file.parent) for file in sorted(kernels_folder().glob("*/kernel.py"))]
    others = [_from_entry_point(entry) for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name)]
    return (*own, *others)


def load_kernel(folder: Path) -> Installed:
    """The kernel in ``folder``, whose ``kernel.py`` has an instance called KERNEL."""
    spec = importlib.util.spec_from_file_location(f"tinykit_kernel_{folder.name}", folder / "kernel.py")
    if spec is None or spec.loader is None:
        raise _broken(str(folder), "its kernel.py cannot be imported")
    module = importlib.util.module_from_spec(spec)
    # Without this a dataclass in a kernel.py cannot find its own module.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a stranger's file may raise
        raise _broken(str(folder), f"its kernel.py raises {type(error).__name__}: {error}") from error
    return _checked(getattr(module, "KERNEL", None), folder, "tinykit", getattr(module, "OPERATORS", {}))


def _from_entry_point(entry: object) -> Installed:
    name = str(getattr(entry, "name", entry))
    try:
        kernel = entry.load()  # type: ignore[attr-defined]
        file = inspect.getfile(type(kernel))
    except Exception as error:  # whatever a stranger's package may raise
        raise _broken(name, f"loading it raises {type(error).__name__}: {error}") from error
    module = inspect.getmodule(type(kernel))
    return _checked(kernel, Path(file).parent, name, getattr(module, "OPERATORS", {}))


def _checked(kernel: object, folder: Path, origin: str, operators: Mapping[str, Entry]) -> Installed:
    if not isinstance(kernel, Kernel):
        raise _broken(str(folder), "KERNEL is absent or lacks a part of tinykit.compiler.kernel.Kernel")
    if kernel.needs - FEATURES:
        raise _broken(
            kernel.name, f"it needs {', '.join(sorted(kernel.needs - FEATURES))}, which is no feature"
        )
    places = [(folder, kernel.sources), (kernels_folder() / COMMON, kernel.shared)]
    missing = [name for home, names in places for name in names if not (home / name).is_file()]
    if missing:
        raise _broken(kernel.name, f"its file {missing[0]} is not there")
    return Installed(kernel, folder, origin, operators)


def _broken(which: str, why: str) -> TinykitError:
    return TinykitError(
        f"Kernel {which} cannot be used: {why}.",
        hint="docs/how-to/add-a-kernel.md says what a kernel's folder holds.",
        code="KERNEL_BROKEN",
    )
