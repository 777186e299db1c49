"""The served board's process: ``python -m tinykit.bench.serve``.

Reads a `ServeJob` as one line of JSON on stdin, then commands, a line each: ``{"do": "reset"}``,
``{"do": "advance", "seconds": 10}``, ``{"do": "look"}``, ``{"do": "stop"}``. Answers with lines of JSON on
stdout: ``{"ready": ...}``, ``{"fault": ...}``, ``{"slip": ...}``, ``{"done": ...}``, ``{"error": ...}``. It
ends when stdin does, when its parent has died, and on SIGTERM or SIGINT.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from tinykit.bench.host_port import open_port
from tinykit.bench.machine import Machine
from tinykit.bench.rig import Rig
from tinykit.bench.serve_job import ServeJob
from tinykit.bench.service import Report, Service
from tinykit.boards import load_board
from tinykit.errors import TinykitError
from tinykit.toolchain import read_image

_LOOK_S = 1.0


def _read_line() -> bytes:
    """A line of stdin, or b"" at its end. Python's own reader would hold a lock that hangs the exit."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(0, 1)):
        line += byte
    return line


class _Control:
    """Commands and signals, made visible to select()."""

    def __init__(self) -> None:
        self.is_over = False
        self.commands: queue.SimpleQueue[dict[str, object]] = queue.SimpleQueue()
        self._parent = os.getppid()
        self._bell, self._ringer = socket.socketpair()
        self._bell.setblocking(False)
        self._ringer.setblocking(False)
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)
        signal.set_wakeup_fd(self._ringer.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._hear, daemon=True).start()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.is_over = True

    def _hear(self) -> None:
        while (line := _read_line()) != b"":
            with contextlib.suppress(ValueError):
                self.commands.put(json.loads(line))
            self._ring()
        self.is_over = True
        self._ring()

    def _ring(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._ringer.send(b"!")

    def wait(self, reads: list[int], writes: list[int], seconds: float | None) -> None:
        """Wait for one of the file numbers, a command, a signal, or the time."""
        if self.is_over or not self.commands.empty():
            return
        patience = _LOOK_S if seconds is None else min(seconds, _LOOK_S)
        ready, _, _ = select.select([self._bell.fileno(), *reads], writes, [], patience)
        if self._bell.fileno() in ready:
            with contextlib.suppress(BlockingIOError):
                self._bell.recv(4096)
        # The end of stdin tells it too, unless a sibling has inherited our parent's end of the pipe.
        if os.getppid() != self._parent:
            self.is_over = True


def main() -> None:
    """Serve the board that stdin names."""
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints must not get between the lines

    def send(document: Mapping[str, object]) -> None:
        with contextlib.suppress(BrokenPipeError):
            answers.write(json.dumps(document) + "\n")
            answers.flush()

    with contextlib.ExitStack() as stack:
        try:
            job = ServeJob.from_json(_read_line().decode())
            control = _Control()
            machine = Machine(load_board(job.board), read_image(Path(job.elf)), {}, 1, job.hook)
            rig = None if job.rig is None else stack.enter_context(Rig(job.rig, machine.board))
            port = open_port(job.port)
            stack.callback(port.close)
        except TinykitError as error:
            kind = type(error).__name__
            send({"error": {"kind": kind, "code": error.code, "message": error.message, "hint": error.hint}})
            return
        note = machine.hook_note if machine.counter.name == "python" and job.hook == "auto" else ""
        meter = "" if rig is None else rig.url
        told = {"port": port.url, "device": port.device, "meter": meter, "cpu": machine.cpu, "slow": note}
        send({"ready": told})
        service = Service(machine, port, job, control.wait, send, rig)
        while not control.is_over:
            _obey(control, service, send)
            service.turn()


def _obey(control: _Control, service: Service, send: Report) -> None:
    while not control.commands.empty():
        command = control.commands.get()
        if command["do"] == "reset":
            service.restart()
        elif command["do"] == "advance":
            service.advance(float(str(command["seconds"])))
        elif command["do"] == "stop":
            control.is_over = True
        send({"done": command["do"], "time_s": service.time_s, "quiet_s": service.quiet_s})


if __name__ == "__main__":
    main()
