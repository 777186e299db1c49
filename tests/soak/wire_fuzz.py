"""Anything at all on the serial line: libFuzzer, with sanitizers, on the firmware's own protocol sources.

Each build of `wire.fuzzing` starts from the corpus in tests/wire/corpus. What must hold is in
tests/wire/fuzz/judge.c: nothing outside the input buffer is written; every command gets one m-ready, after
lines that the table of tokens declares for it; the board never hangs, and knows its name at the end. Results
per build: executions, edges of wire/*.c that were reached, of how many (among them the sanitizers' own
branches, which a sound program never takes), and inputs that were kept. An input that breaks a promise goes
into the corpus, with the repair.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from wire.fuzzing import CORPUS, MOST_INPUT_BYTES, VARIANTS, Variant, build_fuzzer, dictionary, write

TOOLS = ("clang",)
EXECUTIONS = 1_000_000  # a build
# A share is one of a tenth of the whole: `.ci/run` has seconds for it.
_SHARED = 0.1


def soak(seed: int, fraction: float) -> dict[str, object]:
    """Fuzz every build. Raises AssertionError: what the judge or a sanitizer said, and where the input is."""
    clang = shutil.which("clang")
    assert clang is not None, "clang is absent: apt install clang"
    executions = EXECUTIONS if fraction >= 1 else round(EXECUTIONS * _SHARED * fraction)
    found = {one.name: _fuzz(one, seed, executions, Path(clang)) for one in VARIANTS}
    seeds = [path.stat().st_size for path in CORPUS.iterdir()]
    return {
        "executions": sum(one["executions"] for one in found.values()),
        "crashes": 0,
        "corpus_files": len(seeds),
        "corpus_bytes": sum(seeds),
        "builds": found,
    }


def _fuzz(variant: Variant, seed: int, executions: int, clang: Path) -> dict[str, int]:
    with tempfile.TemporaryDirectory(prefix="tinykit-fuzz-") as name:
        folder = Path(name)
        fuzzer = build_fuzzer(folder, write(variant, folder), clang)
        shutil.copytree(CORPUS, folder / "corpus")
        (folder / "dictionary").write_text(dictionary(), encoding="ascii")
        words = [fuzzer, "corpus", "-dict=dictionary", f"-runs={executions}", f"-seed={seed % 2**32 or 1}"]
        words += [f"-max_len={MOST_INPUT_BYTES}", "-timeout=60", "-print_final_stats=1", "-verbosity=1"]
        done = subprocess.run(words, cwd=folder, capture_output=True, encoding="latin-1")
        said = done.stderr
        if done.returncode != 0:
            raise AssertionError(f"build {variant.name}: {_reason(folder, said)}")
        return {
            "executions": int(_last(r"stat::number_of_executed_units: (\d+)", said)),
            "edges_reached": int(_last(r"\bcov: (\d+)", said)),
            "edges": int(_last(r"Loaded 1 PC tables \((\d+) PCs\)", said)),
            "inputs_kept": int(_last(r"\bcorp: (\d+)", said)),
        }


def _last(pattern: str, said: str) -> str:
    found = re.findall(pattern, said)
    assert found, f"libFuzzer did not say {pattern}:\n{said[-2000:]}"
    return str(found[-1])


def _reason(folder: Path, said: str) -> str:
    """What it said, and where the input lies now."""
    kept = Path(tempfile.mkdtemp(prefix="tinykit-fuzz-found-"))
    for path in [*folder.glob("crash-*"), *folder.glob("timeout-*"), *folder.glob("oom-*")]:
        shutil.copy(path, kept)
    lines = [line for line in said.splitlines() if not re.match(r'#\d|"|INFO|\t', line)]
    return "\n".join([f"the input is in {kept}", *lines[:40]])
