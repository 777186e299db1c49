"""Cheap facts about the repository as a whole."""

from __future__ import annotations

import importlib.metadata
import re
import statistics
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import tinykit

CODE = {".py", ".c", ".h", ".S", ".ld", ".sh", ".html", ".css", ".js", ""}
MAX_LINES = 500
MEDIAN_LINES = 180


@pytest.fixture(scope="module")
def texts(checkout: Path) -> dict[str, str]:
    """Every text file that is committed or would be, by its path."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=checkout, capture_output=True, text=True, check=True)
    found = {}
    for name in filter(None, done.stdout.split("\0")):
        try:
            found[name] = (checkout / name).read_bytes().decode()
        except (UnicodeDecodeError, FileNotFoundError):
            continue
    return found


@pytest.fixture(scope="module")
def project(checkout: Path) -> dict[str, Any]:
    return tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pins(checkout: Path) -> dict[str, list[Requirement]]:
    """What constraints.txt pins, by canonical name; two lines where Python versions differ."""
    found: dict[str, list[Requirement]] = {}
    for line in (checkout / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            pin = Requirement(line)
            found.setdefault(canonicalize_name(pin.name), []).append(pin)
    return found


def _code(texts: dict[str, str]) -> dict[str, int]:
    return {name: len(text.splitlines()) for name, text in texts.items() if Path(name).suffix in CODE}


def test_no_file_is_too_long(texts: dict[str, str]) -> None:
    assert not {name: lines for name, lines in _code(texts).items() if lines > MAX_LINES}


def test_the_median_module_fits_a_look(texts: dict[str, str]) -> None:
    lines = [n for name, n in _code(texts).items() if name.startswith("tinykit/") and n > 10]
    assert statistics.median(lines) <= MEDIAN_LINES


def test_nothing_names_a_registry_or_a_place_on_one_machine(texts: dict[str, str], checkout: Path) -> None:
    # Hosts are put together here, so that this file does not name them either.
    hosts = [
        ".".join(host)
        for host in (("pypi", "org"), ("python" + "hosted", "org"), ("debian", "org"), ("npmjs", "org"))
    ]
    places = ["/home/", "/root/", "/Users/", str(checkout.parent) + "/"]
    marks = [re.escape(mark) for mark in hosts + [place for place in places if place != "//"]]
    pattern = re.compile("|".join(marks))
    found = {
        name: pattern.findall(text) for name, text in texts.items() if name != "tests/test_repository.py"
    }
    assert not {name: marks for name, marks in found.items() if marks}


def test_the_version_is_the_same_everywhere(checkout: Path) -> None:
    citation = (checkout / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^version: {re.escape(tinykit.__version__)}$", citation, flags=re.MULTILINE)
    changes = (checkout / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+)", changes, flags=re.MULTILINE)
    assert newest is not None
    assert newest[1] == Version(tinykit.__version__).base_version


def _requirements(project: dict[str, Any]) -> list[Requirement]:
    groups = dict(project["project"]["optional-dependencies"])
    del groups["runtime-legacy"]  # an environment of its own, which does not use constraints.txt
    lines = [*project["project"]["dependencies"], *(line for group in groups.values() for line in group)]
    return [one for one in map(Requirement, lines) if one.name != "tinykit"]


def test_constraints_pin_every_dependency_within_its_range(
    project: dict[str, Any], pins: dict[str, list[Requirement]]
) -> None:
    """Fails after a change of dependencies until ``./dev constraints`` has run."""
    for wanted in _requirements(project):
        for pin in pins[canonicalize_name(wanted.name)]:
            (exact,) = pin.specifier
            assert exact.operator == "=="
            assert wanted.specifier.contains(exact.version), f"{pin} is outside {wanted}"


def test_constraints_pin_what_the_dependencies_bring(pins: dict[str, list[Requirement]]) -> None:
    """Follows the installed packages' own requirements, as pip did, from ``tinykit[test]``."""
    waiting, seen = [Requirement("tinykit[test]")], set()
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        if (name, frozenset(one.extras)) in seen:
            continue
        seen.add((name, frozenset(one.extras)))
        assert name == "tinykit" or name in pins, f"{name} is not in constraints.txt"
        for line in importlib.metadata.requires(name) or ():
            brought = Requirement(line)
            extras = ["", *one.extras]
            if brought.marker is None or any(brought.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(brought)
    assert len(seen) > 50


def test_no_package_of_several_gigabytes_is_pulled_in(pins: dict[str, list[Requirement]]) -> None:
    assert not [name for name in pins if re.match(r"torch|jax|nvidia-(?!ml-py$)", name)]


def test_the_quick_tier_leaves_out_every_declared_marker(checkout: Path, project: dict[str, Any]) -> None:
    declared = {line.split(":")[0] for line in project["tool"]["pytest"]["ini_options"]["markers"]}
    script = (checkout / "dev").read_text(encoding="utf-8")
    quick, everything = re.findall(r"tier='([^']*)'", script)
    assert set(re.findall(r"not (\w+)", quick)) == declared
    assert set(re.findall(r"not (\w+)", everything)) == {"soak", "hardware"}
