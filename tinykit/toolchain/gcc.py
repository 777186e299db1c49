"""GNU Arm Embedded, where it is installed: the second opinion on the same code."""

from __future__ import annotations

import shutil

from tinykit.errors import UsageError
from tinykit.progress import SILENT, Progress
from tinykit.toolchain.job import CompileJob
from tinykit.toolchain.process import compiler_version, run_compiler

PROGRAM = "arm-none-eabi-gcc"

_CPU = {
    "cortex-m0": ("-mcpu=cortex-m0", "-mfloat-abi=soft"),
    "cortex-m4f": ("-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
}
# -fno-ipa-icf: two layers with the same code must stay two functions, or they are counted as one.
# -fbuiltin after -ffreestanding: no C library is needed, and short copies are still done in line.
_FLAGS = (
    "-mthumb",
    "-std=c99",
    "-O2",
    "-g0",
    "-fno-ipa-icf",
    "-ffreestanding",
    "-fbuiltin",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
    "-ffunction-sections",
    "-fdata-sections",
    "-nostdlib",
    "-Wl,--gc-sections",
    "-Wl,--build-id=none",
)


class Gcc:
    """``arm-none-eabi-gcc``."""

    name = "gcc"

    def _program(self) -> str:
        path = shutil.which(PROGRAM)
        if path is None:
            raise UsageError(
                f"{PROGRAM} is not installed.",
                hint="on Debian and Ubuntu: apt install gcc-arm-none-eabi; or leave --toolchain at zig.",
                code="COMPILER_MISSING",
            )
        return path

    def version(self) -> str:
        """Return its version. Raises UsageError, code COMPILER_MISSING; BuildError, code COMPILER_BROKEN."""
        return compiler_version(
            [self._program(), "-dumpfullversion"], f"install {PROGRAM} again, or leave --toolchain at zig."
        )

    def arguments(self, job: CompileJob) -> list[str]:
        """The words of one compiler run; libgcc comes last, where the linker looks for what is still open."""
        cpu = _CPU[job.core.name]
        return [self._program(), *cpu, *_FLAGS, "-T", job.script, *job.relative_arguments(), "-lgcc"]

    def compile(self, job: CompileJob, progress: Progress = SILENT) -> None:
        """Compile and link. Raises BuildError."""
        progress.start("Compiling")
        run_compiler(self.arguments(job), job.folder)
        progress.finish(f"gcc {self.version()}")
