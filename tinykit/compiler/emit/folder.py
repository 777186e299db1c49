"""The emitted folder as data: every file's name and bytes, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinykit.compiler.arrange import Arrangement
from tinykit.compiler.emit.identity import Identity
from tinykit.compiler.emit.model_c import model_c
from tinykit.compiler.emit.model_h import model_h
from tinykit.compiler.emit.project import cmake, example
from tinykit.compiler.emit.weights import Table, collect, weights_c, weights_h
from tinykit.compiler.emit.wire_model import buffer_bytes, wire_model_h
from tinykit.compiler.program import Program
from tinykit.compiler.registry import COMMON, kernels_folder
from tinykit.compiler.select import Choice
from tinykit.errors import TinykitError

KERNELS = "kernels"


@dataclass(frozen=True, eq=False)
class Emitted:
    """``files`` by name relative to the folder; ``sources`` are the C files among them, ``include`` the
    include paths. ``buffer_bytes`` is what the firmware sets aside for inputs from a host.
    """

    files: Mapping[str, bytes]
    sources: tuple[str, ...]
    include: tuple[str, ...]
    tables: tuple[Table, ...]
    buffer_bytes: int


def emit(
    program: Program, choices: Sequence[Choice], arrangement: Arrangement, identity: Identity
) -> Emitted:
    """The folder for ``program``; same arguments, same bytes."""
    tables = collect(program, choices)
    kernels = _kernel_files(choices)
    sources = ("model.c", "weights.c", *(name for name in kernels if name.endswith(".c")))
    text = {
        "model.h": model_h(program, arrangement, identity),
        "model.c": model_c(program, choices, arrangement, tables),
        "weights.h": weights_h(tables),
        "weights.c": weights_c(tables),
        "wire_model.h": wire_model_h(program, identity),
        "CMakeLists.txt": cmake(sources, _needs(choices)),
        "example/main.c": example(program),
    }
    files = {name: content.encode("ascii") for name, content in text.items()} | kernels
    return Emitted(
        dict(sorted(files.items())), sources, (".", KERNELS), tables.tables, buffer_bytes(program, identity)
    )


def _needs(choices: Sequence[Choice]) -> set[str]:
    return set().union(*(choice.installed.kernel.needs for choice in choices))


def _kernel_files(choices: Sequence[Choice]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for installed in {choice.installed.kernel.name: choice.installed for choice in choices}.values():
        kernel = installed.kernel
        places = [(installed.folder, kernel.sources), (kernels_folder() / COMMON, kernel.shared)]
        for home, names in places:
            for name in names:
                content = (home / name).read_bytes().replace(b"\r\n", b"\n")
                if files.setdefault(f"{KERNELS}/{name}", content) != content:
                    raise TinykitError(
                        f"Two kernels bring different files called {name}.",
                        hint="rename the file in the kernel that was added.",
                        code="KERNEL_BROKEN",
                    )
    return dict(sorted(files.items()))
