"""The C hook as a shared library, compiled once into the cache."""

from __future__ import annotations

import ctypes
import hashlib
import platform
import sys
import tempfile
from pathlib import Path

from tinykit.errors import TinykitError
from tinykit.toolchain.cache import cache_folder
from tinykit.toolchain.process import run_compiler
from tinykit.toolchain.zig import zig_command, zig_environment

SOURCE = Path(__file__).resolve().parent / "block_hook.c"
_SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")


def load_hook() -> tuple[ctypes.CDLL | None, str]:
    """The library and "", or None and why there is none: the Python hook then counts the same, slower."""
    try:
        return ctypes.CDLL(str(_library())), ""
    except TinykitError as error:
        return None, error.message  # the hint speaks of a folder that is gone
    except OSError as error:
        return None, str(error)


def _library() -> Path:
    """The cached library, made where it is absent or not what was once compiled.

    Its hash stands beside it: loading a truncated library can kill the process (SIGBUS), not just fail.
    """
    text = SOURCE.read_bytes()
    key = hashlib.sha256(text + platform.machine().encode()).hexdigest()[:16]
    target = cache_folder("bench") / f"block_hook-{key}{_SUFFIX}"
    if not _is_whole(target):
        _compile(target)
    return target


def _is_whole(library: Path) -> bool:
    try:
        return _hash_file(library).read_text(encoding="ascii") == _sha256(library)
    except (OSError, ValueError):
        return False


def _hash_file(library: Path) -> Path:
    return library.with_suffix(".sha256")


def _sha256(library: Path) -> str:
    return hashlib.sha256(library.read_bytes()).hexdigest()


def _compile(target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        folder = Path(scratch)
        # baseline: the cache may lie in a home folder that several machines share.
        flags = ["-shared", "-fPIC", "-O2", "-g0", "-nostdlib", "-fno-sanitize=all", "-mcpu=baseline"]
        words = [*zig_command(), "cc", *flags, str(SOURCE), "-o", target.name]
        run_compiler(words, folder, zig_environment())
        made = folder / target.name
        _hash_file(made).write_text(_sha256(made), encoding="ascii")
        # Whole or not at all, whoever else compiles it now: the same source gives the same bytes.
        made.replace(target)
        _hash_file(made).replace(_hash_file(target))
