"""A QEMU machine whose UART is a socket of ours: it waits for us, so no byte of the banner is lost."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = "qemu-system-arm"
ICOUNT = ("-icount", "shift=0")


@contextmanager
def qemu_line(machine: str, elf: Path, *options: str) -> Iterator[socket.socket]:
    """The UART's other end while ``elf`` runs."""
    # A UNIX socket's path has 108 characters, fewer than pytest's folders may take.
    with tempfile.TemporaryDirectory(prefix="tkq") as folder, socket.socket(socket.AF_UNIX) as server:
        path = f"{folder}/uart"
        server.bind(path)
        server.listen(1)
        server.settimeout(60.0)
        words = [
            PROGRAM,
            "-M",
            machine,
            "-display",
            "none",
            "-monitor",
            "none",
            "-kernel",
            str(elf),
            *options,
        ]
        words += ["-chardev", f"socket,id=uart,path={path}", "-serial", "chardev:uart"]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            line, _ = server.accept()
            line.settimeout(60.0)
            with line:
                yield line
        finally:
            process.kill()
            process.wait()
