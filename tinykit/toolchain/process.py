"""Running a compiler, and telling what went wrong in its own words."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tinykit.errors import BuildError

LOG = "compiler.log"
_LIMIT_S = 900.0


def run_compiler(
    words: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``words`` in ``folder``. On failure its whole output is kept in ``folder/compiler.log``.

    Raises BuildError: COMPILER_FAILED with the first error line, COMPILER_TIMEOUT.
    """
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            env={**os.environ, **(environment or {}), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(
            f"The compiler did not end within {_LIMIT_S:.0f} s in {folder}.",
            hint="the machine may be short of memory; the folder is kept, so that you can run it by hand.",
            code="COMPILER_TIMEOUT",
        ) from error
    if done.returncode != 0:
        (folder / LOG).write_text(done.stdout + done.stderr, encoding="utf-8")
        raise BuildError(
            f"The compiler refused the code: {_first_error(done.stdout + done.stderr)}",
            hint=f"the folder {folder} is kept; {LOG} in it holds everything that the compiler said.",
            code="COMPILER_FAILED",
        )
    return done


def _first_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower() or "undefined" in line or "region" in line]
    return (telling or lines or ["it said nothing"])[0][:400]
