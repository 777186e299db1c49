"""A runtime is chosen by what it can do here, not by what can be imported."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tinykit.errors import UsageError
from tinykit.runtime import ORACLE_VERSION, choose_runtime, probe_runtimes

SCRIPT = """
import dataclasses, json, sys
sys.path[:0] = json.loads(sys.argv[1])
from tinykit.errors import TinykitError
from tinykit.runtime import choose_runtime, probe_runtimes
probes = [dataclasses.asdict(p) for p in probe_runtimes()]
try:
    chosen = choose_runtime()
    result = {"chosen": chosen.name, "oracle": chosen.is_oracle}
except TinykitError as error:
    result = {"code": error.code, "message": error.message, "hint": error.hint}
print(json.dumps({"probes": probes, **result}))
"""


def in_child(*folders: Path) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps([str(f) for f in folders])],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


def fake(folder: Path, package: str, code: str, version: str = "") -> Path:
    (folder / package).mkdir(parents=True)
    (folder / package / "__init__.py").write_text("")
    (folder / package / "interpreter.py").write_text(code)
    if version:
        info = folder / f"{package}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    return folder


DIES = """
import enum, sys
class OpResolverType(enum.Enum):
    BUILTIN_REF = 2
    BUILTIN_WITHOUT_DEFAULT_DELEGATES = 3
class Interpreter:
    def __init__(self, **options):
        sys.stderr.write("A module that was compiled using NumPy 1.x cannot be run here\\n")
        raise SystemError("returned a result with an exception set") from ImportError("_ARRAY_API not found")
"""
LIES = """
from ai_edge_litert.interpreter import Interpreter as Real, OpResolverType
class Interpreter(Real):
    def get_tensor(self, index, subgraph=0):
        return super().get_tensor(index, subgraph) + 1
"""
WORKS = "from ai_edge_litert.interpreter import Interpreter, OpResolverType\n"
ABSENT = "raise ModuleNotFoundError('No module named x', name='ai_edge_litert')\n"


def test_the_installed_runtime_works_and_is_the_oracle() -> None:
    runtime = choose_runtime()
    assert (runtime.name, runtime.version, runtime.is_oracle) == ("ai-edge-litert", ORACLE_VERSION, True)
    assert runtime.version == importlib.metadata.version("ai-edge-litert")


def test_the_oracle_is_the_version_that_the_extra_pins(checkout: Path) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
    assert project["optional-dependencies"]["runtime"] == [f"ai-edge-litert=={ORACLE_VERSION}"]


def test_a_runtime_that_imports_and_dies_at_construction_is_passed_over(tmp_path: Path) -> None:
    broken = fake(tmp_path / "a", "ai_edge_litert", DIES, "9.9.9")
    result = in_child(broken)
    first = result["probes"][0]
    assert not first["works"]
    assert "_ARRAY_API not found" in first["problem"]
    assert result["code"] == "NO_RUNTIME"
    assert "tinykit[runtime]" in result["hint"]


def test_the_next_runtime_is_taken_when_the_first_is_broken(tmp_path: Path) -> None:
    # The legacy runtime broken, the first one fine: naming the broken one does not fall back in silence.
    broken = fake(tmp_path / "a", "tflite_runtime", DIES, "2.14.0")
    result = in_child(broken)
    assert result["chosen"] == "ai-edge-litert"
    assert [probe["works"] for probe in result["probes"]] == [True, False]


def test_the_legacy_runtime_is_second_choice_and_no_oracle(tmp_path: Path) -> None:
    # A stand-in for tflite_runtime made of the real interpreter under another name.
    copy = tmp_path / "a" / "ai_edge_litert_real"
    copy.parent.mkdir()
    source = Path(importlib.metadata.distribution("ai-edge-litert").locate_file("ai_edge_litert"))
    fake(tmp_path / "a", "tflite_runtime", WORKS, "2.14.0")
    guard = (
        "import importlib.util, sys\n"
        f"__path__ = [{str(source)!r}]\n"
        "class Refuse:\n"
        "    tried = False\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'ai_edge_litert.interpreter' and not Refuse.tried:\n"
        "            Refuse.tried = True\n"
        "            raise ModuleNotFoundError('gone', name='ai_edge_litert')\n"
        "sys.meta_path.insert(0, Refuse())\n"
    )
    (tmp_path / "a" / "sitecustomize_runtime.py").write_text(guard)
    (tmp_path / "a" / "ai_edge_litert").mkdir()
    (tmp_path / "a" / "ai_edge_litert" / "__init__.py").write_text(guard)
    script = SCRIPT.replace("probes = [dataclasses.asdict(p) for p in probe_runtimes()]", "probes = []")
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps([str(tmp_path / "a")])],
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads(done.stdout)
    assert result["chosen"] == "tflite-runtime"
    assert result["oracle"] is False


def test_a_runtime_that_calculates_wrongly_does_not_count(tmp_path: Path) -> None:
    liar = fake(tmp_path / "a", "tflite_runtime", LIES, "2.14.0")
    probe = in_child(liar)["probes"][1]
    assert not probe["works"]
    assert "ArithmeticError" in probe["problem"]


def test_without_any_runtime_the_error_names_the_extra(tmp_path: Path) -> None:
    empty = tmp_path / "a" / "ai_edge_litert"
    fake(tmp_path / "a", "ai_edge_litert", ABSENT)
    assert empty.is_dir()
    script = SCRIPT.replace(
        "from tinykit.errors",
        "import importlib.metadata as md\n"
        "def gone(name): raise md.PackageNotFoundError(name)\n"
        "md.version = gone\nfrom tinykit.errors",
        1,
    )
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps([str(tmp_path / "a")])],
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads(done.stdout)
    assert result["code"] == "MISSING_EXTRA"
    assert "tinykit[runtime]" in result["hint"]
    assert [probe["problem"] for probe in result["probes"]] == ["not installed", "not installed"]


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(UsageError, match="no runtime called 'tf'") as caught:
        choose_runtime("tf")
    assert "ai-edge-litert, tflite-runtime" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        choose_runtime("tflite-runtime")
    assert "runtime-legacy" in caught.value.hint


def test_probing_says_what_every_candidate_came_to() -> None:
    first, second = probe_runtimes()
    assert first.works
    assert first.problem == ""
    assert not second.works
    assert second.problem == "not installed"


def test_importing_the_room_loads_no_runtime() -> None:
    code = (
        "import sys, tinykit.runtime; print([m for m in sys.modules if 'lite' in m and 'tinykit' not in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
