"""Where the emulated board's serial line leaves the process: a pseudo-terminal or a TCP port.

Both are watched with select(), lose what is written while nobody is there, as a cable does that ends in the
air, and can be closed and opened again by the host at any time.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
from pathlib import Path
from typing import Protocol

from tinykit.errors import DeviceError, OutputError, UsageError

CHUNK_BYTES = 4096
# What a TCP port says to whoever comes second, in ser2net's words.
IN_USE = b"Port already in use\r\n"
_IN_THE_AIR = (errno.EIO, errno.ENXIO)


class HostPort(Protocol):
    """A serial line to whoever opens it."""

    url: str
    device: str

    @property
    def is_open(self) -> bool:
        """Somebody is there, by what `read` saw last."""

    def watched(self) -> list[int]:
        """File numbers to wait on for the host; empty where it must be looked for (`read`) now and then."""

    def read(self) -> bytes:
        """What the host has sent; sees it come and go (``is_open``). Never waits."""

    def write(self, data: bytes) -> int:
        """Write what fits; return how much that was. Never waits; with nobody there, all is gone."""

    def writable(self) -> list[int]:
        """File numbers to wait on for room."""

    def close(self) -> None:
        """End it, and remove what it has published."""


def open_port(text: str) -> HostPort:
    """Open ``pty:LINK`` or ``tcp:HOST:PORT`` (port 0: any free one).

    Raises UsageError for other words, OutputError where the link cannot be made, DeviceError, code
    PORT_TAKEN, where the TCP port cannot be had.
    """
    kind, _, rest = text.partition(":")
    if kind == "pty" and rest:
        return PtyPort(Path(rest))
    host, _, number = rest.rpartition(":")
    if kind == "tcp" and number.isdecimal() and int(number) < 65536:
        return TcpPort(host or "127.0.0.1", int(number))
    raise UsageError(
        f"'{text}' names no port.", hint="write pty:LINK, or tcp:HOST:PORT.", code="PORT_UNKNOWN"
    )


class PtyPort:
    """A pseudo-terminal, published as a symbolic link."""

    def __init__(self, link: Path) -> None:
        self.url = str(link)
        self.is_open = False
        self._link = link
        self._master, slave = _open_raw_pty()
        self.device = os.ttyname(slave)
        # Kept open by us it would never be seen to close.
        os.close(slave)
        os.set_blocking(self._master, False)
        self._publish()

    def _publish(self) -> None:
        link = self._link
        try:
            link.parent.mkdir(parents=True, exist_ok=True)
            if link.is_symlink() and not link.exists():  # an emulator that was killed has left it
                link.unlink()
            link.symlink_to(self.device)
        except OSError as error:
            os.close(self._master)
            raise OutputError(
                f"The port cannot be published as {link}: {error.strerror}.",
                hint="another emulator may be using it; else remove it, or name another folder.",
                code="PORT_LINK",
            ) from error

    def watched(self) -> list[int]:
        """With nobody there, a pty is always readable: then it is not to be waited for."""
        return [self._master] if self.is_open else []

    def writable(self) -> list[int]:
        """See `HostPort`."""
        return [self._master] if self.is_open else []

    def read(self) -> bytes:
        """See `HostPort`."""
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        events = poll.poll(0)
        self.is_open = not (events and events[0][1] & select.POLLHUP)
        if not (events and events[0][1] & select.POLLIN):
            return b""
        with contextlib.suppress(BlockingIOError):
            try:
                return os.read(self._master, CHUNK_BYTES)
            except OSError as error:
                if error.errno not in _IN_THE_AIR:
                    raise
                self.is_open = False
        return b""

    def write(self, data: bytes) -> int:
        """See `HostPort`."""
        if not self.is_open:
            return len(data)
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            if error.errno not in _IN_THE_AIR:
                raise
            self.is_open = False
            return len(data)

    def close(self) -> None:
        """See `HostPort`."""
        if self._link.is_symlink() and str(self._link.readlink()) == self.device:
            self._link.unlink(missing_ok=True)
        os.close(self._master)


def _open_raw_pty() -> tuple[int, int]:
    try:
        import pty
        import tty
    except ImportError as error:
        raise UsageError(
            "This system has no pseudo-terminals.", hint="use tcp:127.0.0.1:PORT.", code="PORT_NO_PTY"
        ) from error
    master, slave = pty.openpty()
    # Before anybody opens it: it stays so, and nothing is echoed or turned into other bytes.
    tty.setraw(slave)
    return master, slave


class TcpPort:
    """One client at a time; whoever comes meanwhile is told so, and sent away."""

    def __init__(self, host: str, port: int) -> None:
        self._client: socket.socket | None = None
        self._next: socket.socket | None = None
        try:
            self._server = socket.create_server((host, port))
        except OSError as error:
            raise DeviceError(
                f"TCP port {port} of {host} cannot be had: {error.strerror}.",
                hint="take another one, or tcp:0 for any that is free.",
                code="PORT_TAKEN",
            ) from error
        self._server.setblocking(False)
        self.url = f"socket://{host}:{self._server.getsockname()[1]}"
        self.device = self.url

    @property
    def is_open(self) -> bool:
        """Somebody is connected."""
        return self._client is not None

    def watched(self) -> list[int]:
        """See `HostPort`."""
        seen = (self._client, None if self._next else self._server)
        return [one.fileno() for one in seen if one is not None]

    def writable(self) -> list[int]:
        """See `HostPort`."""
        return [self._client.fileno()] if self._client else []

    def read(self) -> bytes:
        """See `HostPort`."""
        self._accept()
        if self._client is None:
            return b""
        try:
            data = self._client.recv(CHUNK_BYTES)
        except BlockingIOError:
            # It is still there: had it left before the next one came, its end would be read by now.
            self._turn_away()
            return b""
        except ConnectionError:
            data = b""
        if not data:
            self._drop()
        return data

    def _accept(self) -> None:
        if self._next is not None:
            return
        with contextlib.suppress(BlockingIOError):
            self._next = self._server.accept()[0]
            self._next.setblocking(False)
            # Without it, an answer waits 40 ms for the host's acknowledgement of the one before.
            self._next.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._client is None:
            self._client, self._next = self._next, None

    def _turn_away(self) -> None:
        if self._next is not None:
            with contextlib.suppress(OSError):
                self._next.send(IN_USE)
            self._next.close()
        self._next = None

    def write(self, data: bytes) -> int:
        """See `HostPort`."""
        if self._client is None:
            return len(data)
        try:
            return self._client.send(data)
        except BlockingIOError:
            return 0
        except ConnectionError:
            self._drop()
            return len(data)

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client, self._next = self._next, None

    def close(self) -> None:
        """See `HostPort`."""
        self._drop()
        self._drop()
        self._server.close()
