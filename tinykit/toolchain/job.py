"""What a toolchain is asked to do, and what it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tinykit.boards import Core
from tinykit.progress import SILENT, Progress


@dataclass(frozen=True)
class CompileJob:
    """Compile ``sources`` and link them to ``output``.

    All paths are relative to ``folder``, in which the compiler runs: nothing it writes then depends on where
    the folder is. ``script`` is the linker script; ``warnings`` are errors where ``strict``.
    """

    folder: Path
    core: Core
    sources: tuple[str, ...]
    include: tuple[str, ...]
    script: str
    output: str
    defines: tuple[str, ...] = ()
    strict: bool = False

    def relative_arguments(self) -> list[str]:
        """The arguments that every compiler of this family takes alike."""
        warnings = ["-Wall", "-Wextra", "-Wconversion", "-Werror"] if self.strict else []
        return [
            *warnings,
            *(f"-I{path}" for path in self.include),
            *(f"-D{name}" for name in self.defines),
            *self.sources,
            "-o",
            self.output,
        ]


class Toolchain(Protocol):
    """A compiler for bare-metal Arm."""

    name: str

    def version(self) -> str:
        """Return its version. Raises MissingExtraError or UsageError where it is not installed, BuildError,
        code COMPILER_BROKEN, where it does not work.
        """

    def compile(self, job: CompileJob, progress: Progress = SILENT) -> None:
        """Write ``job.output``. Raises BuildError with the compiler's first message."""
