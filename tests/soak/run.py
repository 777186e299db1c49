"""Run one soak whole and write its evidence: ``./dev soak NAME [--seed N]``.

A soak is a file ``tests/soak/NAME.py`` with ``soak(seed: int, fraction: float) -> dict``: it runs the given
share of its work and returns what it counted, or raises where something does not hold. Evidence is written
only when it returns. Tests marked slow run a tenth through the same function.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

Soak = Callable[[int, float], dict[str, object]]

FOLDER = Path(__file__).resolve().parent
CHECKOUT = FOLDER.parent.parent
DISTRIBUTIONS = ("tinykit", "numpy", "ai-edge-litert", "tensorflow")


def names(folder: Path = FOLDER) -> tuple[str, ...]:
    """The soaks there are, sorted."""
    return tuple(
        sorted(p.stem for p in folder.glob("[a-z]*.py") if p.stem != "run" and not p.stem.startswith("test_"))
    )


def load(name: str, folder: Path = FOLDER) -> Soak:
    """The function ``soak`` of ``NAME.py``. Raises LookupError where there is none of that name."""
    if name not in names(folder):
        raise LookupError(f"no soak '{name}'; there are: {', '.join(names(folder)) or 'none yet'}")
    spec = importlib.util.spec_from_file_location(f"soak_{name}", folder / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # so that a soak's worker processes can find its functions
    spec.loader.exec_module(module)
    function: Soak = module.soak
    return function


def run(
    name: str, seed: int, out: Path, folder: Path = FOLDER, checkout: Path = CHECKOUT
) -> dict[str, object]:
    """Run all of soak ``name`` and write ``out/NAME.json`` by rename; returns the document."""
    function = load(name, folder)
    commit, dirty = _commit(checkout)
    date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    begin = time.monotonic()
    results = function(seed, 1.0)
    document: dict[str, object] = {
        "schema": "tinykit.evidence",
        "schema_version": 1,
        "name": name,
        "seed": seed,
        "fraction": 1.0,
        "commit": commit,
        "dirty": dirty,
        "date": date,
        "duration_s": round(time.monotonic() - begin, 3),
        "machine": {"arch": platform.machine(), "os": platform.system(), "cpu_count": os.cpu_count()},
        "versions": {"python": platform.python_version(), **_versions()},
        "results": results,
    }
    out.mkdir(parents=True, exist_ok=True)
    partial = out / f".{name}.json.partial"
    try:
        partial.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        partial.replace(out / f"{name}.json")
    finally:
        partial.unlink(missing_ok=True)
    return document


def _commit(checkout: Path) -> tuple[str | None, bool | None]:
    """Commit that is checked out, and whether it was changed; None, None where git does not know."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", checkout, *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        return git("rev-parse", "HEAD"), git("status", "--porcelain", "--untracked-files=no") != ""
    except (OSError, subprocess.CalledProcessError):
        return None, None


def _versions() -> dict[str, str]:
    found = {}
    for distribution in DISTRIBUTIONS:
        try:
            found[distribution] = importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def main() -> int:
    """Parse, run, say where the evidence is."""
    parser = argparse.ArgumentParser(prog="./dev soak", description="Run one soak and write its evidence.")
    parser.add_argument("name", metavar="NAME", help=f"one of: {', '.join(names()) or 'none yet'}")
    parser.add_argument("--seed", type=int, default=2026, help="default: %(default)s")
    words = parser.parse_args()
    out = CHECKOUT / "docs" / "evidence"
    try:
        document = run(words.name.replace("-", "_"), words.seed, out)
    except LookupError as error:
        parser.error(str(error))
    said = f"{document['duration_s']} s, {document['results']}"
    sys.stdout.write(f"{out / str(document['name'])}.json: {said}\n")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(FOLDER.parent))  # tests/, as pytest has it
    sys.exit(main())
