"""zig's C compiler (clang and lld in a wheel), which needs no root and brings the runtime of every core."""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
from pathlib import Path

from tinykit.errors import MissingExtraError
from tinykit.progress import SILENT, Progress
from tinykit.toolchain.cache import cache_folder
from tinykit.toolchain.job import CompileJob
from tinykit.toolchain.process import compiler_version, run_compiler

# Without +vfp4d16sp zig's cortex_m4 has no FPU, and "eabihf" then calls a soft-float library in silence.
_TARGETS = {
    "cortex-m0": ("thumb-freestanding-eabi", "cortex_m0"),
    "cortex-m4f": ("thumb-freestanding-eabihf", "cortex_m4+vfp4d16sp"),
}
# -fno-sanitize: zig's C compiler checks undefined behaviour unless told not to. Symbols stay (-g0 drops only
# debug information): the emulator counts by function. Unwind tables serve nobody on a target without C++.
_FLAGS = (
    "-std=c99",
    "-O2",
    "-g0",
    "-fomit-frame-pointer",
    "-fno-sanitize=all",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
    "-ffunction-sections",
    "-fdata-sections",
    "-Wl,--gc-sections",
    "-Wl,-e,tk_reset_handler",
)


def zig_command() -> list[str]:
    """The words that start zig. Raises MissingExtraError where the package ``ziglang`` is not installed."""
    if importlib.util.find_spec("ziglang") is None:
        raise MissingExtraError("The C compiler (the package ziglang)", "build")
    return [sys.executable, "-m", "ziglang"]


def zig_environment() -> dict[str, str]:
    """zig's caches, in tinykit's cache folder unless the user has put them elsewhere."""
    return {
        name: os.environ.get(name) or str(cache_folder("zig") / part)
        for name, part in (("ZIG_GLOBAL_CACHE_DIR", "global"), ("ZIG_LOCAL_CACHE_DIR", "local"))
    }


@functools.cache
def _version() -> str:
    return compiler_version(
        [*zig_command(), "version"], "install it again: pip install --force-reinstall ziglang."
    )


class Zig:
    """``python -m ziglang cc``."""

    name = "zig"

    def version(self) -> str:
        """Return zig's version. Raises MissingExtraError; BuildError, code COMPILER_BROKEN."""
        return _version()

    def arguments(self, job: CompileJob) -> list[str]:
        """The words of one compiler run."""
        target, cpu = _TARGETS[job.core.name]
        place = ["-target", target, f"-mcpu={cpu}", "-T", job.script]
        return [*zig_command(), "cc", *place, *_FLAGS, *job.relative_arguments()]

    def compile(self, job: CompileJob, progress: Progress = SILENT) -> None:
        """Compile and link. The first run for a core also builds zig's own runtime: 10 to 30 seconds."""
        environment = zig_environment()
        first = not (Path(environment["ZIG_GLOBAL_CACHE_DIR"]) / "o").is_dir()
        progress.start("Compiling; zig builds its own runtime first, once" if first else "Compiling")
        run_compiler(self.arguments(job), job.folder, environment)
        progress.finish(f"zig {self.version()}")
