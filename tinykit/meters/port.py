"""A serial port as drivers need it: errors named, reads in whole batches, DTR and RTS set before it opens."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from tinykit.errors import MeterError

_PLENTY_BYTES = 2048
_SOCKET_BYTES = 1 << 16
# What a server of serial ports says to a second client: ser2net's words, and our emulator's.
_IN_USE = b"Port already in use"


class Port:
    """An open port: a device file, COM3, socket://HOST:PORT or rfc2217://HOST:PORT."""

    WRITE_S = 2.0

    def __init__(self, name: str, baud: int, gather_s: float = 0.0) -> None:
        """A read waits ``gather_s`` for more once something has come, which spares the processor.

        Raises MeterError, code METER_PORT, where the port is not there, busy or not allowed.
        """
        import serial

        self.name = name
        self._gather_s = gather_s
        self._timeout_s = 0.0
        self._begin = b""
        try:
            self._serial: Any = serial.serial_for_url(name, baudrate=baud, timeout=0, do_not_open=True)
            self._serial.dtr = self._serial.rts = True
            # A meter whose firmware hangs takes nothing any more, and a write would wait for ever.
            self._serial.write_timeout = self.WRITE_S
            if "://" not in name:
                self._serial.exclusive = True
            self._serial.open()
        except (OSError, ValueError, NotImplementedError) as error:
            raise MeterError(
                f"The meter's port '{name}' does not open: {error}.",
                hint="is it plugged in, is another program using it, and may you read and write it?",
                code="METER_PORT",
            ) from error

    def write(self, data: bytes) -> None:
        """Send all of ``data``. Raises MeterError, code METER_GONE."""
        try:
            self._serial.write(data)
        except _failures() as error:
            raise self._gone(error) from error

    def read(self, timeout_s: float) -> bytes:
        """What has come; b"" if nothing does in ``timeout_s``. Raises MeterError, code METER_GONE."""
        try:
            self._wait_at_most(timeout_s)
            first: bytes = self._serial.read(1)
            if not first:
                return b""
            # A socket knows only that something is there, and not how much.
            is_socket = self.name.startswith("socket://")
            # A terminal keeps 4 KiB: where a busy host comes late, there is nothing left to gather.
            if is_socket or self._serial.in_waiting < _PLENTY_BYTES:
                time.sleep(self._gather_s)
            self._wait_at_most(0.0 if is_socket else timeout_s)
            rest: bytes = self._serial.read(_SOCKET_BYTES if is_socket else self._serial.in_waiting)
            self._begin = self._begin or first + rest
            return first + rest
        except _failures() as error:
            raise self._gone(error) from error

    def _wait_at_most(self, timeout_s: float) -> None:
        if timeout_s != self._timeout_s:  # pyserial sets the whole port up again, which costs time
            self._serial.timeout = self._timeout_s = timeout_s

    def close(self) -> None:
        """Let the port go; a port whose meter is gone closes as well."""
        # What is still on its way out would be thrown away: a command to switch off, say.
        with contextlib.suppress(*_failures()):
            self._serial.flush()
        self._serial.close()

    def _gone(self, error: Exception) -> MeterError:
        if self.name.startswith("socket://") and self._begin.strip() in (b"", _IN_USE):
            return MeterError(
                f"The meter's port '{self.name}' hung up at once: most likely another program has it open.",
                hint="a socket serves one program at a time; close the other one.",
                code="METER_PORT",
            )
        return MeterError(
            f"The meter on '{self.name}' is gone: {error}.",
            hint="check the cable and the hub; what was recorded until now is kept.",
            code="METER_GONE",
        )


def _failures() -> tuple[type[Exception], ...]:
    """What pyserial lets through when a port goes away."""
    try:
        import termios
    except ImportError:  # Windows
        return (OSError, TypeError)
    return (OSError, TypeError, termios.error)
