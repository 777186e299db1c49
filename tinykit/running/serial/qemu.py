"""A board under QEMU whose serial port is a socket of ours."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tinykit.compiler.image import BuildReport
from tinykit.errors import DeviceError
from tinykit.progress import SILENT, Progress
from tinykit.running.runner import Device, Session
from tinykit.running.serial.connect import session_on
from tinykit.running.serial.link import Link
from tinykit.running.serial.port import open_link
from tinykit.running.serial.reset import PLANS
from tinykit.running.workload import Workload

# Virtual time counts instructions there: the baud of the wire does not matter, the host's speed does.
_BAUD = 115_200
_START_S = 20.0


@dataclass(frozen=True)
class QemuPort:
    """QEMU's program, its machine, and what the place is called."""

    program: str
    machine: str
    name: str


@contextmanager
def qemu_session(
    port: QemuPort,
    elf: Path,
    workload: Workload,
    progress: Progress = SILENT,
    built: BuildReport | None = None,
) -> Iterator[Session]:
    """The session on ``elf``. Raises DeviceError, code QEMU_DIED, and what `session_on` raises."""

    def describe(device: Device) -> Device:
        # Virtual time is no board's time: 1 ns an instruction, whatever the chip's clock.
        lacks = {"times_itself": False, "has_marker": False, "profiles_layers": False}
        return replace(
            device,
            ran_on=port.name,
            text=f"QEMU, {port.machine}; {device.text}",
            capabilities=replace(device.capabilities, **lacks),
            build=built,
        )

    with _listening(port, elf) as link:
        link.name = port.name
        with session_on(link, workload, simulated=True, describe=describe, progress=progress) as session:
            yield session


@contextmanager
def _listening(port: QemuPort, elf: Path) -> Iterator[Link]:
    """QEMU waits for us at the socket, so that no byte of the banner is lost."""
    number = _free_port()
    words = [
        port.program,
        *("-M", port.machine, "-display", "none", "-monitor", "none", "-icount", "shift=0"),
        *("-chardev", f"socket,id=uart,host=127.0.0.1,port={number},server=on,wait=on,nodelay=on"),
        *("-serial", "chardev:uart", "-kernel", str(elf.resolve())),
    ]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=complaints
        )
        try:
            yield _reach(process, number, complaints)
        finally:
            process.kill()
            process.wait()


def _reach(process: subprocess.Popen[bytes], number: int, complaints: object) -> Link:
    deadline = time.monotonic() + _START_S
    while True:
        if process.poll() is not None or time.monotonic() > deadline:
            raise DeviceError(
                f"QEMU does not start with this image: {_tail(complaints)}.",
                hint="run tinykit doctor to see which QEMU it is.",
                code="QEMU_DIED",
            )
        with contextlib.suppress(DeviceError):
            return open_link(f"socket://127.0.0.1:{number}", _BAUD, PLANS["none"])
        time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def _tail(complaints: object) -> str:
    complaints.seek(0)  # type: ignore[attr-defined]
    lines = complaints.read().strip().splitlines() or ["it says nothing"]  # type: ignore[attr-defined]
    return str(lines[-1])[:200]
