"""Bytes out and in, with deadlines, and a ring of the last of them for the moment when something fails."""

from __future__ import annotations

import contextlib
import io
import select
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from tinykit.errors import DeviceError

_WATCH_S = 0.2
_RING_PIECES = 4096  # what a tap that comes late still hears: all of a greeting
_TOLD_PIECES = 64
_READ_BYTES = 4096
_SHOWN_BYTES = 160
# ser2net's words, and our emulator's.
_IN_USE = b"Port already in use"

Tap = Callable[[float, str, bytes], None]
"""Told of what was sent (">") and received ("<"), a piece at a time, with the clock's time in s."""


class LineError(DeviceError):
    """An exchange that cannot be trusted. ``retryable`` where the board may still answer rightly.

    ``said`` is the board's own error line, "" where it sent none.
    ``transcript`` is what was sent (``>``) and received (``<``) before it, one piece a line.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str,
        code: str,
        retryable: bool = True,
        transcript: str = "",
        said: str = "",
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.said = said
        self.retryable = retryable
        self.transcript = transcript


class Link:
    """An open port of pyserial's. ``clock`` gives seconds; its origin does not matter.

    Every method raises LineError: PORT_LOST once the port is gone, BOARD_SILENT at a deadline. ``watch`` is
    called now and then during a wait, which ends with what it raises.
    """

    def __init__(self, port: Any, name: str, baud: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.baud = baud
        self.clock = clock
        self._port = port
        self._buffer = bytearray()
        self._ring: deque[tuple[float, str, bytes]] = deque(maxlen=_RING_PIECES)
        self._watched = _watched(port)
        self._tap: Tap | None = None
        self.watch: Callable[[], None] | None = None
        self.sent_bytes = 0
        self.received_bytes = 0

    @property
    def has_descriptor(self) -> bool:
        """Whether the operating system can wait for bytes."""
        return bool(self._watched)

    def forget(self) -> None:
        """Drop what has come and was not read."""
        self._buffer.clear()

    def wire_s(self, count: int) -> float:
        """Seconds that ``count`` bytes take on the wire: a start bit, eight bits, a stop bit."""
        return 10.0 * count / self.baud

    def write(self, data: bytes) -> None:
        """Send all of ``data``."""
        self._note(">", data)
        self.sent_bytes += len(data)
        try:
            self._port.write(data)
        except (OSError, TypeError) as error:  # SerialException is an OSError; a closed port has no number
            if type(error).__name__ == "SerialTimeoutException":
                raise self.error(
                    "the port takes no bytes",
                    hint="flow control may hold it back: check the cable, or unplug the board and try again.",
                    code="BOARD_SILENT",
                ) from error
            raise self._lost(error) from error

    def line(self, deadline: float, *, skip_high: bool = False) -> str:
        """The next line, without its end; ``skip_high`` drops bytes that are no ASCII.

        Raises LineError, code BOARD_SILENT, at ``deadline``.
        """
        while (end := self._buffer.find(b"\n")) < 0:
            self._receive(deadline)
        raw = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        if skip_high:
            raw = bytes(byte for byte in raw if byte < 0x80)
        return raw.decode("ascii", "backslashreplace").strip("\r\0")

    def byte_or_text(self, deadline: float) -> int:
        """The next byte, 0 for one of a text. Raises LineError, code BOARD_SILENT, at ``deadline``."""
        while not self._buffer:
            self._receive(deadline)
        return self._buffer.pop(0) if self._buffer[0] & 0x80 else 0

    def waiting(self) -> bytes:
        """All that has come and was not read; it stays unread."""
        if self._watched:
            self._pull(0.0)
        elif self._has_more():
            self._poll_once()
        return bytes(self._buffer)

    def drain(self, quiet_s: float, limit_s: float) -> bytes:
        """Read until nothing came for ``quiet_s``, for at most ``limit_s``; give it all."""
        end = self.clock() + limit_s
        while True:
            until = min(self.clock() + quiet_s, end)
            try:
                self._receive(until)
            except LineError as error:
                if error.code != "BOARD_SILENT":
                    raise
                break
            if self.clock() >= end:
                break
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    def transcript(self) -> str:
        """The last pieces sent and received, one a line."""
        told = list(self._ring)[-_TOLD_PIECES:]
        return "\n".join(f"{way} {_shown(data)}" for _, way, data in told)

    def last(self) -> str:
        """The very last of it, in one line."""
        sent = next((data for _, way, data in reversed(self._ring) if way == ">"), b"")
        heard = bytearray()
        for _, way, data in reversed(self._ring):
            if way == ">":
                break
            heard[:0] = data
        return f"sent {_shown(sent)}, received {_shown(bytes(heard[-_SHOWN_BYTES:])) if heard else 'nothing'}"

    def error(
        self, message: str, *, hint: str, code: str, retryable: bool = True, said: str = ""
    ) -> LineError:
        """A LineError with what was exchanged."""
        return LineError(
            f"{self.name}: {message} ({self.last()}).",
            hint=hint,
            code=code,
            retryable=retryable,
            transcript=self.transcript(),
            said=said,
        )

    def close(self) -> None:
        """Close the port; a lost one closes too."""
        with contextlib.suppress(OSError):
            self._port.close()

    def _receive(self, deadline: float) -> None:
        """Take in what comes, at least a byte."""
        got = len(self._buffer)
        while len(self._buffer) == got:
            left = deadline - self.clock()
            if left <= 0:
                raise self.error(
                    "the board does not answer",
                    hint="check power, cable, baud, and that the firmware is a board's; tinykit monitor"
                    " shows what it sends.",
                    code="BOARD_SILENT",
                )
            if not self._watched:
                self._poll_once()
            else:
                self._pull(left if self.watch is None else min(left, _WATCH_S))
            if self.watch is not None:
                self.watch()

    def _pull(self, timeout_s: float) -> None:
        try:
            ready, _, _ = select.select(self._watched, [], [], timeout_s)
            if ready:
                self._take(self._port.read(_READ_BYTES))
        except (OSError, ValueError, TypeError) as error:
            raise self._lost(error) from error

    def _has_more(self) -> bool:
        """Asked first where a read would wait for the port's timeout."""
        try:
            return bool(self._port.in_waiting)
        except (OSError, TypeError) as error:
            raise self._lost(error) from error

    def _poll_once(self) -> None:
        """For ports without a file descriptor: pyserial waits, for as long as the port's own timeout."""
        try:
            data = self._port.read(1)
            if data:
                self._take(data + self._port.read(self._port.in_waiting))
        except (OSError, TypeError) as error:
            raise self._lost(error) from error

    def _take(self, data: bytes) -> None:
        if data:
            self._buffer += data
            self.received_bytes += len(data)
            self._note("<", data)

    def tap(self, hear: Tap | None) -> None:
        """From now on ``hear`` is told of every piece, and at once of those that are still known."""
        self._tap = hear
        if hear is not None:
            for piece in self._ring:
                hear(*piece)

    def _note(self, way: str, data: bytes) -> None:
        piece = self.clock(), way, data
        self._ring.append(piece)
        if self._tap is not None:
            self._tap(*piece)

    def _lost(self, error: Exception) -> LineError:
        if self._is_turned_away():
            return self.error(
                "most likely another program has it open: the other end hung up at once",
                hint="a socket serves one program at a time; close the other terminal, runner or tinykit.",
                code="PORT_BUSY",
                retryable=False,
            )
        return self.error(
            f"the port is gone: {' '.join(str(error).split())[:120]}",
            hint="plug it in again and run again; nothing of a broken exchange was kept.",
            code="PORT_LOST",
            retryable=False,
        )

    def _is_turned_away(self) -> bool:
        """Whether a socket's other end has said nothing, or nothing but what it says to a second client."""
        heard = b"".join(data for _, way, data in self._ring if way == "<")
        return self.name.startswith("socket://") and heard.strip() in (b"", _IN_USE)


def _watched(port: Any) -> list[int]:
    """The descriptor that select can wait on; none for Windows ports, rfc2217, loop and the like."""
    try:
        number = int(port.fileno())
        select.select([number], [], [], 0)
    except (OSError, ValueError, TypeError, AttributeError, io.UnsupportedOperation):
        return []
    return [number]


def _shown(data: bytes) -> str:
    text = data[:_SHOWN_BYTES].decode("ascii", "backslashreplace")
    printable = text.encode("unicode_escape").decode("ascii")
    return f"'{printable}'" + ("…" if len(data) > _SHOWN_BYTES else "")
