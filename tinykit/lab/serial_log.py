"""What was said on the board's serial line, and when: ``serial.log``, for people and for grep."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tinykit.errors import OutputError

SERIAL_LOG = "serial.log"


class Tapped(Protocol):
    """A running session with a line to listen to."""

    def tap(self, hear: Callable[[float, str, bytes], None] | None) -> None:
        """Tell ``hear`` what is sent (">") and received ("<"), and when, by time.monotonic()."""


class SerialLog:
    """Writes every piece as a line: seconds by time.monotonic(), as in events.jsonl, the way, the bytes.

    A full disk does not end the exchange: `check` raises what went wrong. Lines are with the operating
    system at once, and on the disk after `sync`.
    """

    def __init__(self, folder: Path) -> None:
        """Raise OutputError where ``folder`` does not take the file."""
        self._folder = folder
        self._failure: OSError | None = None
        self._lock = threading.Lock()
        try:
            self._file = (folder / SERIAL_LOG).open("x", encoding="ascii")
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            self._file.write(f"# {now} is {time.monotonic():.6f} s; > was sent, < received\n")
        except OSError as error:
            raise self._unwritable(error) from error

    def hear(self, t_s: float, way: str, data: bytes) -> None:
        """Write a piece down."""
        text = data.decode("ascii", "backslashreplace").encode("unicode_escape").decode("ascii")
        with self._lock:
            if self._failure is None and not self._file.closed:
                try:
                    self._file.write(f"{t_s:.6f} {way} {text}\n")
                    self._file.flush()
                except OSError as error:
                    self._failure = error

    def sync(self) -> None:
        """Push all lines to the disk. Raises OSError."""
        with self._lock:
            if self._file.closed:
                return
            self._file.flush()
            copy = os.dup(self._file.fileno())
        try:
            os.fsync(copy)  # without the lock: the line must not wait for the disk
        finally:
            os.close(copy)

    def check(self) -> None:
        """Raise OutputError where a line could not be written."""
        if self._failure is not None:
            raise self._unwritable(self._failure) from self._failure

    def close(self) -> None:
        """End the file; what is heard afterwards is left out. Raises OutputError."""
        with self._lock:
            try:
                self._file.close()
            except OSError as error:
                self._failure = self._failure or error
        self.check()

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(
            f"{self._folder / SERIAL_LOG} cannot be written: {error.strerror or error}.",
            hint="make room on the disk; tinykit session recover saves what was recorded until now.",
        )


@contextmanager
def logged(session: Tapped, folder: Path) -> Iterator[SerialLog]:
    """For the length of the ``with``, write what ``session`` says and hears into ``folder``.

    Where it breaks off before anything was recorded, the folder stays as empty as it was. Raises OutputError.
    """
    log = SerialLog(folder)
    session.tap(log.hear)
    try:
        yield log
    except BaseException:
        if len(list(folder.iterdir())) == 1:
            (folder / SERIAL_LOG).unlink(missing_ok=True)
        raise
    finally:
        session.tap(None)
        log.close()
