"""Running a compiler, and telling what went wrong in its own words."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tinykit.errors import BuildError

LOG = "compiler.log"
_LIMIT_S = 900.0
_VERSION_LIMIT_S = 120.0
# ld: region `FLASH' overflowed by 12 bytes. lld: ... will not fit in region 'FLASH': overflowed by 12 bytes
_OVERFLOW = re.compile(r"region [`'](\w+)'?:? overflowed by (\d+) bytes")
_VERSION = re.compile(r"\d+\.\d+\S*")


def run_compiler(
    words: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``words`` in ``folder``. On failure its whole output is kept in ``folder/compiler.log``.

    Raises BuildError: COMPILER_FAILED with the first error line, BOARD_TOO_SMALL where the linker finds no
    room, COMPILER_TIMEOUT, COMPILER_BROKEN where it does not even start.
    """
    try:
        done = _run(words, _LIMIT_S, folder, environment)
    except OSError as error:
        raise _broken(words[:1], error.strerror or str(error), "install it again.") from error
    except subprocess.TimeoutExpired as error:
        raise BuildError(
            f"The compiler did not end within {_LIMIT_S:.0f} s in {folder}.",
            hint="the machine may be short of memory; the folder is kept, so that you can run it by hand.",
            code="COMPILER_TIMEOUT",
        ) from error
    overflow = _OVERFLOW.findall(done.stdout + done.stderr) if done.returncode else []
    if overflow:
        # lld names each section that no longer fits: the last of them tells how much is missing in all.
        missing, region = max((int(size), name) for name, size in overflow)
        raise BuildError(
            f"The image is {missing:,} bytes larger than the board's {region}.",
            hint="a smaller model helps, or a board with more memory.",
            code="BOARD_TOO_SMALL",
        )
    if done.returncode != 0:
        (folder / LOG).write_text(done.stdout + done.stderr, encoding="utf-8")
        raise BuildError(
            f"The compiler refused the code: {_first_error(done.stdout + done.stderr)}",
            hint=f"the folder {folder} is kept; {LOG} in it holds everything that the compiler said.",
            code="COMPILER_FAILED",
        )
    return done


def compiler_version(words: Sequence[str], reinstall: str) -> str:
    """What the compiler answers to ``words``, which ask for its version: "13.2.1".

    Raises BuildError, code COMPILER_BROKEN, where it does not start, fails, hangs, or answers something else;
    the hint is ``reinstall``.
    """
    try:
        done = _run(words, _VERSION_LIMIT_S)
    except OSError as error:
        raise _broken(words, error.strerror or str(error), reinstall) from error
    except subprocess.TimeoutExpired as error:
        raise _broken(words, f"no answer within {_VERSION_LIMIT_S:.0f} s", reinstall) from error
    version = done.stdout.strip()
    if done.returncode != 0:
        said = (done.stderr.strip() or version or "nothing said").splitlines()[-1]
        raise _broken(words, f"exit code {done.returncode}, {said[:200]}", reinstall)
    if not _VERSION.fullmatch(version):
        raise _broken(words, f"{version[:60]!r} is no version", reinstall)
    return version


def _run(
    words: Sequence[str],
    limit_s: float,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **(environment or {}), "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=limit_s,
        check=False,
    )


def _broken(words: Sequence[str], why: str, reinstall: str) -> BuildError:
    return BuildError(
        f"The compiler does not work: `{' '.join(words)}`: {why}.", hint=reinstall, code="COMPILER_BROKEN"
    )


def _first_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower() or "undefined" in line or "region" in line]
    return (telling or lines or ["it said nothing"])[0][:400]
