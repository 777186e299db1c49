"""Where the data that travel with tinykit are found: the checkout's folders, or the wheel's copy of them.

The reference models, the measurements and the evidence stand beside the package in a checkout, where
people read and change them, and inside the package in a wheel. A checkout wins, so that an editable
installation always sees the files that are being worked on.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from tinykit.errors import InputError

_PACKAGE = Path(__file__).resolve().parent


def find_checkout(package: Path) -> Path | None:
    """The checkout that holds the package folder ``package``, or None where there is none.

    A folder counts as tinykit's checkout when its ``pyproject.toml`` names the project ``tinykit``:
    an unrelated project into which the package was copied does not.
    """
    try:
        settings = tomllib.loads((package.parent / "pyproject.toml").read_text(encoding="utf-8"))
        name = settings["project"]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return package.parent if name == "tinykit" else None


def locate(folder: str, package: Path = _PACKAGE) -> Path:
    """The folder called ``folder`` (relative, with ``/``) of the checkout, or else of the wheel.

    Raises InputError, code RESOURCE_MISSING, where the installation does not have it.
    """
    root = find_checkout(package) or package / "_bundled"
    path = root / folder
    if not path.is_dir():
        raise InputError(
            f"The folder '{folder}' of tinykit is missing: {path} is not there.",
            hint="install tinykit again, from a whole checkout or from the wheel.",
            code="RESOURCE_MISSING",
        )
    return path


@cache
def firmware_models() -> Path:
    """The folder with the reference models, ``models/NAME/``, each with its data and its card."""
    return locate("firmware_models")


@cache
def measurements() -> Path:
    """The folder with recorded sessions and published results."""
    return locate("measurements")


@cache
def evidence() -> Path:
    """The folder with what was run where, one JSON file a soak (see ``docs/evidence/README.md``)."""
    return locate("docs/evidence")
