"""What we ship: what is in the wheel and the sdist, and that the wheel works without the checkout."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import tinykit

LIMIT_BYTES = 12_000_000


def _run(*words: str | Path, cwd: Path) -> str:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """A folder with the sdist and the wheel of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=checkout)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    return next(dist.glob("tinykit-*.whl"))


@pytest.fixture(scope="module")
def shipped(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_holds_the_package_and_its_data(shipped: set[str], checkout: Path) -> None:
    package = {
        path.relative_to(checkout).as_posix()
        for path in (checkout / "tinykit").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert package <= shipped
    assert "tinykit/py.typed" in package
    assert any(name.startswith("tinykit/data/schemas/") for name in package)
    info = f"tinykit-{tinykit.__version__}.dist-info"
    assert {f"{info}/licenses/LICENSE", f"{info}/licenses/NOTICE"} <= shipped


@pytest.mark.parametrize("folder", ["firmware_models", "measurements", "docs/evidence"])
def test_the_folders_beside_the_package_travel_in_it(shipped: set[str], checkout: Path, folder: str) -> None:
    there = {
        f"tinykit/_bundled/{path.relative_to(checkout).as_posix()}"
        for path in (checkout / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert there
    assert there <= shipped


def test_nothing_else_is_in_the_wheel(shipped: set[str], wheel: Path) -> None:
    assert {name.split("/")[0] for name in shipped} == {"tinykit", f"tinykit-{tinykit.__version__}.dist-info"}
    assert not [name for name in shipped if "__pycache__" in name or name.endswith((".pyc", ".log"))]
    assert wheel.stat().st_size < LIMIT_BYTES


def test_the_wheel_from_the_sdist_holds_the_same(dist: Path, shipped: set[str], tmp_path: Path) -> None:
    """``pip install`` of the sdist builds this wheel."""
    sdist = next(dist.glob("tinykit-*.tar.gz"))
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
        archive.extractall(tmp_path, filter="data")
    assert {"dev", "constraints.txt", "tests/test_wheel.py", "CHANGELOG.md"} <= names
    assert not [name for name in names if name.startswith((".venv", ".git/", ".ci"))]
    (source,) = tmp_path.iterdir()
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "again", cwd=source)
    (again,) = (tmp_path / "again").iterdir()
    assert set(zipfile.ZipFile(again).namelist()) == shipped


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """The ``bin`` folder of an environment with the wheel and what it needs, and nothing more."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    install = [folder / "bin" / "python", "-m", "pip", "install", "-q", "-c", checkout / "constraints.txt"]
    _run(*install, wheel, cwd=folder)
    return folder / "bin"


@pytest.mark.slow
def test_the_wheel_finds_its_own_data_and_reads_a_model(clean: Path, tmp_path: Path) -> None:
    where = "from tinykit.resources import *; print(firmware_models(), measurements(), evidence(), sep='\\n')"
    folders = [Path(line) for line in _run(clean / "python", "-c", where, cwd=tmp_path).splitlines()]
    assert [folder.parent.name for folder in folders] == ["_bundled", "_bundled", "docs"]
    assert all(folder.is_relative_to(clean.parent) and folder.is_dir() for folder in folders)
    model = folders[0] / "models" / "digits" / "digits.tflite"
    document = json.loads(_run(clean / "tinykit", "inspect", "--json", model, cwd=tmp_path))
    assert document["schema"] == "tinykit.inspect"


@pytest.mark.slow
def test_the_wheels_command_line_works_with_no_extra(clean: Path, tmp_path: Path) -> None:
    assert tinykit.__version__ in _run(clean / "tinykit", "--version", cwd=tmp_path)
    assert json.loads(_run(clean / "tinykit", "doctor", "--json", cwd=tmp_path))["schema"] == "tinykit.doctor"
    assert "demo" in _run(clean / "tinykit", "--help", cwd=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def demo_ready(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` folder of an environment whose tinykit is the wheel's, and whose other packages are ours.

    Installing the extra ``demo`` again would fetch half a gigabyte for every run of the tests.
    """
    folder = tmp_path_factory.mktemp("demo")
    venv.create(folder, with_pip=True)
    _run(folder / "bin" / "python", "-m", "pip", "install", "-q", "--no-deps", wheel, cwd=folder)
    paths = _run(folder / "bin" / "python", "-c", "import site; print(site.getsitepackages()[0])", cwd=folder)
    # Of a folder that a .pth names, .pth files are not read: the checkout's editable install stays out.
    (Path(paths.strip()) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / "bin"


# Three minutes on two idle cores; a machine with other work takes a multiple of it.
@pytest.mark.slow
@pytest.mark.timeout(1900)
def test_the_demo_from_the_wheel_alone(demo_ready: Path, checkout: Path, tmp_path: Path) -> None:
    where = _run(demo_ready / "python", "-c", "import tinykit; print(tinykit.__file__)", cwd=tmp_path)
    assert Path(where).is_relative_to(demo_ready.parent)
    document = json.loads(_run(demo_ready / "tinykit", "demo", "--json", "-o", "made", cwd=tmp_path))
    schema = checkout / "tinykit/data/schemas/demo.v1.schema.json"
    jsonschema.validate(document, json.loads(schema.read_text(encoding="utf-8")))
    steps = document["steps"]
    assert [(step["command"][1], step["result"]["schema"]) for step in steps] == [
        ("convert", "tinykit.conversion"),
        ("inspect", "tinykit.inspect"),
        ("build", "tinykit.build"),
        ("run", "tinykit.run"),
        ("emulate", "tinykit.emulate"),
        ("run", "tinykit.run"),
        ("emulate", "tinykit.emulate"),
        ("measure", "tinykit.measure"),
        ("compare", "tinykit.comparison"),
        ("compare", "tinykit.comparison"),
        ("report", "tinykit.report"),
    ]
    assert {step["exit_code"] for step in steps} == {0}
    assert not [word for step in steps for word in step["command"] if word.startswith(str(checkout))]
    for run in (steps[3]["result"], steps[5]["result"]):
        assert run["result"]["simulated"] is True
        assert run["check"]["state"] == "equal"
    measured, shared, dedicated, report = (step["result"] for step in steps[7:])
    assert measured["simulated"] is True
    assert measured["verdict"]["state"] == "pass"
    assert "sleep" in measured["energy"]["states"]
    low, high = measured["headline"]["interval95"]
    assert 0 < low < high < 2 * low
    _check_answers(shared, dedicated, tmp_path / "made")
    assert report["simulated"] is True
    assert report["size_bytes"] == (tmp_path / "made" / "report.html").stat().st_size < 3_000_000
    told = ["Measured on hardware: nothing.", "modelled", "SIMULATED"]
    for words in (*told, shared["answers"]["edge"], dedicated["answers"]["edge"]):
        assert words in document["closing"]
    for port in ("ports/board", "bench/board", "bench/meter"):
        assert not (tmp_path / "made" / port).is_symlink(), "what was emulated is gone"


def _check_answers(shared: dict[str, Any], dedicated: dict[str, Any], folder: Path) -> None:
    both = (shared, dedicated)
    assert all(one["simulated"] for one in both)
    assert [one["words"]["cloud.case"] for one in both] == ["shared", "dedicated"]
    assert [one["words"]["supply.kind"] for one in both] == ["primary", "rechargeable"]
    assert [one["parameters"]["service.report_share"]["nominal"] for one in both] == [0.01, 0.01]
    sweep = (folder / "shared" / "sweep.csv").read_text(encoding="utf-8").splitlines()
    assert len(sweep) == 1 + 4 * 2 * 2, "four grids, two clouds, two supplies"
