"""The runner of the soaks, and a tenth of every soak there is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from soak.run import load, names, run

SOAK = """
def soak(seed: int, fraction: float) -> dict:
    if seed < 0:
        raise ValueError("does not hold")
    return {"rounds": round(100 * fraction), "seed_seen": seed}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "soaks"
    folder.mkdir()
    (folder / "counting.py").write_text(SOAK, encoding="utf-8")
    (folder / "test_counting.py").write_text("", encoding="utf-8")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_a_tenth_of_the_soak_holds(name: str, require: Callable[[str], Path]) -> None:
    soak = load(name)
    for tool in getattr(sys.modules[soak.__module__], "TOOLS", ()):
        require(tool)
    assert soak(2026, 0.1)


def test_evidence_says_what_ran_where(folder: Path, tmp_path: Path, checkout: Path) -> None:
    returned = run("counting", 7, tmp_path / "evidence", folder, checkout)
    assert [p.name for p in (tmp_path / "evidence").iterdir()] == ["counting.json"]
    document = json.loads((tmp_path / "evidence" / "counting.json").read_text(encoding="utf-8"))
    assert document == returned
    assert (document["schema"], document["schema_version"]) == ("tinykit.evidence", 1)
    assert document["results"] == {"rounds": 100, "seed_seen": 7}
    assert (document["name"], document["seed"], document["fraction"]) == ("counting", 7, 1.0)
    assert {"python", "tinykit", "numpy", "ai-edge-litert"} <= document["versions"].keys()


def test_evidence_names_the_commit_and_whether_files_were_changed(folder: Path, tmp_path: Path) -> None:
    def git(*words: str) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        done = subprocess.run(
            ["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    clean = run("counting", 1, tmp_path / "out", folder, tmp_path)
    (folder / "counting.py").write_text(SOAK + "# changed\n", encoding="utf-8")
    changed = run("counting", 1, tmp_path / "out", folder, tmp_path)
    assert clean["commit"] == changed["commit"] == git("rev-parse", "HEAD")
    assert (clean["dirty"], changed["dirty"]) == (False, True)


def test_a_soak_that_fails_leaves_the_old_evidence(folder: Path, tmp_path: Path, checkout: Path) -> None:
    run("counting", 7, tmp_path, folder, checkout)
    before = (tmp_path / "counting.json").read_bytes()
    with pytest.raises(ValueError, match="does not hold"):
        run("counting", -1, tmp_path, folder, checkout)
    assert (tmp_path / "counting.json").read_bytes() == before


def test_an_unknown_name_is_refused_and_those_there_are_listed(folder: Path) -> None:
    assert names(folder) == ("counting",)
    with pytest.raises(LookupError, match=r"no soak '\.\./counting'; there are: counting$"):
        load("../counting", folder)


def test_the_command_refuses_in_one_line(checkout: Path) -> None:
    done = subprocess.run(
        [sys.executable, checkout / "tests" / "soak" / "run.py", "nonesuch"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "no soak 'nonesuch'" in done.stderr
    assert "Traceback" not in done.stderr
