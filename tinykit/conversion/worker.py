"""The parent's hold on the converter's child: start, talk, watch, kill; nothing of it outlives the work."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import tinykit.errors
from tinykit.conversion import failures
from tinykit.conversion.memory import resident_bytes
from tinykit.conversion.messages import Facts, Failed, LayerSpec, Message, Stage, Step, from_line, to_line
from tinykit.errors import ConversionError, TinykitError
from tinykit.pretty import format_bytes, format_duration
from tinykit.progress import Progress

M = TypeVar("M")
_WATCH_PERIOD_S = 0.1
_SETTINGS = {
    # A GPU changes nothing about a conversion, and claiming one takes its memory from others.
    "CUDA_VISIBLE_DEVICES": "-1",
    # oneDNN sums in an order that depends on the number of threads.
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "PYTHONHASHSEED": "0",
    "KERAS_BACKEND": "tensorflow",
}


class Worker:
    """A context manager: the child runs inside the ``with`` block and is dead after it."""

    def __init__(
        self,
        model: Path,
        loader_name: str,
        work: Path,
        *,
        progress: Progress,
        timeout_s: float | None,
        memory_limit_bytes: int | None,
    ) -> None:
        self.log_path = work / "tensorflow.log"
        self._work = work
        self._arguments = [str(model), loader_name, str(work)]
        self._progress = progress
        self._timeout_s = timeout_s
        self._memory_limit_bytes = memory_limit_bytes
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._verdict: ConversionError | None = None
        self._stage = "start"
        self._layers: tuple[LayerSpec, ...] = ()

    def __enter__(self) -> Worker:
        with self.log_path.open("wb") as log:
            # -P: a file in the current folder that is called like a module must not be imported.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tinykit.conversion.child", *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                # TensorFlow's own temporary folders go with the work folder when the child is killed.
                env={**os.environ, **_SETTINGS, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self._work))},
                # Ctrl-C reaches the parent only, which then ends the child in order.
                start_new_session=os.name == "posix",
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()  # type: ignore[union-attr]

    def send(self, message: Message) -> None:
        """Give an order. A child that is dead is noticed by the next :meth:`expect`."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(to_line(message))
            self._process.stdin.flush()

    def expect(self, kind: type[M]) -> M:
        """Wait for a message of ``kind``, passing progress on. Raises what the child says, or its death."""
        try:
            while True:
                message = self._next()
                if isinstance(message, kind):
                    return message
                self._note(message)
        except ConversionError as error:
            kept = self._keep_log()
            hint = error.hint + (f" TensorFlow's log: {kept}" if kept else "")
            raise ConversionError(error.message, hint=hint, code=error.code) from error

    def _next(self) -> Message:
        line = self._lines.get()
        if not line:
            raise self._death()
        message = from_line(line)
        if isinstance(message, Facts):
            self._layers = message.layers
        return message

    def _note(self, message: Message) -> None:
        if isinstance(message, Stage):
            self._stage = message.name
            self._progress.start(message.name, message.total)
        elif isinstance(message, Step):
            self._progress.advance(message.steps)
        elif isinstance(message, Failed):
            kind = getattr(tinykit.errors, message.error, ConversionError)
            error: TinykitError = kind(message.message, hint=message.hint, code=message.code)
            raise error

    def _death(self) -> ConversionError:
        status = self._process.wait()
        return self._verdict or failures.explain_death(status, self._stage, self._layers)

    def _keep_log(self) -> str | None:
        """Copy the log out of the work folder, which is about to go; None where there is nothing to keep."""
        try:
            if not self.log_path.stat().st_size:
                return None
            handle, name = tempfile.mkstemp(prefix="tinykit-convert-", suffix=".log")
            with os.fdopen(handle, "wb") as kept, self.log_path.open("rb") as log:
                shutil.copyfileobj(log, kept)
        except OSError:  # the log is a help with an error, and must not take its place
            return None
        return name

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def _watch(self) -> None:
        t_start_s = time.monotonic()
        while not self._ended.wait(_WATCH_PERIOD_S):
            verdict = self._over_limit(time.monotonic() - t_start_s)
            if verdict is not None:
                self._verdict = verdict
                self._kill()
                return

    def _over_limit(self, elapsed_s: float) -> ConversionError | None:
        if self._timeout_s is not None and elapsed_s > self._timeout_s:
            return ConversionError(
                f"The conversion took longer than {format_duration(self._timeout_s)} and was ended.",
                hint="give more time with --timeout, or fewer calibration samples: some hundreds suffice.",
                code="TIMEOUT",
            )
        limit_bytes = self._memory_limit_bytes
        if limit_bytes is None:
            return None
        used_bytes = resident_bytes(self._process.pid)
        if used_bytes is not None and used_bytes > limit_bytes:
            return ConversionError(
                f"The conversion took {format_bytes(used_bytes)} of memory, more than "
                f"{format_bytes(limit_bytes)}, and was ended.",
                hint="give more with --memory-limit (TensorFlow alone takes about 0.7 GB).",
                code="MEMORY_LIMIT",
            )
        return None

    def _kill(self) -> None:
        if self._process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
