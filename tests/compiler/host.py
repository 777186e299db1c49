"""Runs models on this computer, compiled with sanitizers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from compiler.batch import WARNINGS, compile_case, given, taken, write_source
from compiler.operator_cases import Array, Case

from tinykit.compiler.emit.folder import KERNELS

UNDEFINED = ("-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all")
ADDRESSES = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
_PRELUDE = """#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
void __asan_poison_memory_region(void const volatile *start, size_t size);
static void take(void *to, uint32_t n)
{
    if (fread(to, 1, n, stdin) != n) {
        exit(1);
    }
}
static void give(const void *from, uint32_t n)
{
    fwrite(from, 1, n, stdout);
}
"""
_MAIN = "void run_models(void);\nint main(void)\n{\n    run_models();\n    return 0;\n}\n"


def outputs(cases: Sequence[Case], folder: Path, flags: Sequence[str] = UNDEFINED) -> list[tuple[Array, ...]]:
    """What each case's model gives for its runs in order, each output of shape (runs, *output shape).

    Raises AssertionError with the compiler's or the sanitizer's words where either objects.
    """
    models = [compile_case(case, page=1 if flags is ADDRESSES else None) for case in cases]
    sources = write_source(models, folder, _PRELUDE, guards=flags is ADDRESSES)
    (folder / "main.c").write_text(_MAIN)
    command = [*host_compiler(), *WARNINGS, *flags, f"-I{KERNELS}", *sources, "main.c", "-o", "models"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    done = subprocess.run([folder / "models"], input=given(cases), capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    return taken(models, done.stdout)


def host_compiler() -> list[str]:
    """gcc or clang where there is one: they take a fifth of zig's time."""
    found = shutil.which("gcc") or shutil.which("clang")
    return [found] if found else [sys.executable, "-m", "ziglang", "cc"]
