"""The locator: a checkout's folders where there is one, else the wheel's copies."""

from pathlib import Path

import pytest

from tinykit import resources
from tinykit.errors import InputError


def _package(root: Path, *, pyproject: str | None, bundled: bool) -> Path:
    """An installation in small: ``root/tinykit`` as in a checkout or as in site-packages."""
    package = root / "tinykit"
    package.mkdir(parents=True)
    if pyproject is not None:
        (root / "pyproject.toml").write_text(pyproject, encoding="utf-8")
        (root / "measurements").mkdir()
    if bundled:
        (package / "_bundled" / "measurements").mkdir(parents=True)
    return package


def test_this_checkout_is_found(checkout: Path) -> None:
    assert resources.firmware_models() == checkout / "firmware_models"
    assert resources.measurements() == checkout / "measurements"
    assert resources.evidence() == checkout / "docs" / "evidence"


def test_a_checkout_wins_over_a_bundled_copy(tmp_path: Path) -> None:
    package = _package(tmp_path, pyproject='[project]\nname = "tinykit"\n', bundled=True)
    assert resources.locate("measurements", package) == tmp_path / "measurements"


def test_without_a_checkout_the_bundled_copy_is_taken(tmp_path: Path) -> None:
    package = _package(tmp_path, pyproject=None, bundled=True)
    assert resources.locate("measurements", package) == package / "_bundled" / "measurements"


@pytest.mark.parametrize(
    "pyproject",
    ['[project]\nname = "other"\n', "[tool.black]\n", "project = 3\n", "not toml at all ["],
    ids=["another project", "no project", "project is no table", "broken"],
)
def test_a_package_inside_another_project_is_no_checkout(tmp_path: Path, pyproject: str) -> None:
    package = _package(tmp_path, pyproject=pyproject, bundled=True)
    assert resources.locate("measurements", package) == package / "_bundled" / "measurements"


def test_what_is_in_neither_place_is_an_error_that_names_it(tmp_path: Path) -> None:
    package = _package(tmp_path, pyproject=None, bundled=False)
    with pytest.raises(InputError, match="measurements") as caught:
        resources.locate("measurements", package)
    assert caught.value.code == "RESOURCE_MISSING"
    assert str(tmp_path) in caught.value.message
