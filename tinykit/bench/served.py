"""An emulated board as a process that anybody's program can talk to; this is its owner's side."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tinykit import errors
from tinykit.bench.client import process_died, require_emulator
from tinykit.bench.job import HookKind
from tinykit.bench.rig_job import RigJob
from tinykit.bench.serve_job import Pace, ServeJob
from tinykit.boards import Board
from tinykit.errors import DeviceError, InputError

ANY_TCP = "tcp:127.0.0.1:0"
# The first start of all compiles the hook that counts.
_READY_S = 120.0
_ANSWER_S = 600.0
_STOP_S = 5.0


@dataclass(frozen=True)
class Slip:
    """At pace ``real``: the emulation has fallen behind the wall's clock by so much."""

    behind_s: float


Event = DeviceError | Slip


class ServedBoard:
    """A board that runs until it is stopped; a context manager. Made by `serve_board`.

    ``port`` is what pyserial's ``serial_for_url`` takes, ``device`` the terminal behind a link; ``meter`` is
    the port of its meter, "" without one. ``slow`` says why counting is done in Python, if it is.
    """

    def __init__(self, job: ServeJob, on_event: Callable[[Event], None] | None = None) -> None:
        require_emulator()
        self.fault: DeviceError | None = None
        self.worst_slip_s = 0.0
        self._on_event = on_event
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._complaints = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tinykit.bench.serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            self._send(job.to_json())
            ready = self._answer(_READY_S)["ready"]
        except BaseException:
            self.stop()
            raise
        self.port = str(ready["port"])
        self.device = str(ready["device"])
        self.slow = str(ready["slow"])
        self.meter = str(ready["meter"])

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer: dict[str, Any] = json.loads(line)
            if "fault" in answer:
                fault = answer["fault"]
                self.fault = DeviceError(fault["message"], hint=fault["hint"], code=fault["code"])
                self._tell(self.fault)
            elif "slip" in answer:
                self.worst_slip_s = max(self.worst_slip_s, answer["slip"]["behind_s"])
                self._tell(Slip(answer["slip"]["behind_s"]))
            else:
                self._answers.put(answer)
        self._ended.set()
        self._answers.put(None)

    def _tell(self, event: Event) -> None:
        if self._on_event is not None:
            self._on_event(event)

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:  # it died: `_answer` says so
            return

    def _answer(self, seconds: float) -> dict[str, Any]:
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise DeviceError(
                f"The emulated board's process has not answered within {seconds:.0f} s.",
                hint="the machine may be overloaded; stop it and start it again.",
                code="BENCH_SILENT",
            ) from None
        if answer is None:
            self._answers.put(None)
            raise self._died()
        if "error" in answer:
            error = answer["error"]
            raise getattr(errors, error["kind"])(error["message"], hint=error["hint"], code=error["code"])
        return answer

    def _do(self, what: str, **words: object) -> dict[str, Any]:
        self._send(json.dumps({"do": what, **words}))
        return self._answer(_ANSWER_S)

    def reset(self) -> float:
        """Reset the board, as its button does. Returns its virtual time in seconds."""
        self.fault = None
        return float(self._do("reset")["time_s"])

    def advance(self, seconds: float) -> float:
        """Let virtual time pass, as nothing else does while a ``fast`` board waits. Returns the time."""
        return float(self._do("advance", seconds=seconds)["time_s"])

    def quiet_since_s(self) -> float:
        """The virtual time at which the board last ended to send."""
        return float(self._do("look")["quiet_s"])

    def _died(self) -> DeviceError:
        self._process.wait()
        self._complaints.seek(0)
        return process_died(self._process.returncode, self._complaints.read())

    def check(self) -> None:
        """Raise DeviceError, code BENCH_DIED, where the process has ended by itself."""
        if self._ended.is_set():
            raise self._died()

    def stop(self) -> None:
        """End the process; its link goes with it."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._ended.wait(_STOP_S)
        if not self._complaints.closed:
            self._complaints.close()

    def __enter__(self) -> ServedBoard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve_board(
    elf: Path,
    board: Board,
    *,
    pace: Pace = "fast",
    port: str = ANY_TCP,
    awaits_host: bool = False,
    hook: HookKind = "auto",
    rig: RigJob | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> ServedBoard:
    """Start ``elf`` on the emulated ``board``, with its serial line at ``port``.

    ``port`` is ``pty:LINK`` or ``tcp:HOST:PORT`` (0: any free one). With ``awaits_host`` the board boots when
    the port is first opened. With ``rig`` a meter feeds it, which a host must switch on. ``on_event`` hears
    faults of the firmware and slips, from another thread.

    Raises MissingExtraError (extra ``emulator``); InputError, code BOARD_NOT_EMULATED; UsageError or
    OutputError or DeviceError where the port cannot be had; BuildError for an image that cannot be read;
    DeviceError, code BENCH_DIED or BENCH_SILENT, where the process fails.
    """
    if not board.is_emulated:
        raise InputError(
            f"Board '{board.name}' is not an emulated one.",
            hint="tinykit boards lists those that are.",
            code="BOARD_NOT_EMULATED",
        )
    job = ServeJob(
        str(Path(elf).resolve()), str(Path(board.source_path).resolve()), port, pace, awaits_host, hook, rig
    )
    return ServedBoard(job, on_event)
