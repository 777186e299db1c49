"""``tinykit://BOARD?elf=PATH`` or ``?model=PATH``: a port whose opening starts an emulated board.

``pace=real|fast`` (fast) may follow, and with a model ``energy=1`` for the energy build. The board boots when
the port has been opened, and ends when it is closed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tinykit.bench.served import ServedBoard, serve_board
from tinykit.boards import load_board
from tinykit.errors import UsageError


def serial_class_for_url(url: str) -> tuple[str, type[Any]]:
    """pyserial's way in: the URL as it is, and the class that opens it."""
    import socket

    from serial.urlhandler import protocol_socket

    class EmulatedSerial(protocol_socket.Serial):  # type: ignore[misc]
        """A socket to a board of its own. Speeds and modem lines are accepted and mean nothing."""

        BAUDRATES = (*protocol_socket.Serial.BAUDRATES, 230400, 460800, 921600)
        board: ServedBoard | None = None

        def from_url(self, url: str) -> tuple[str, int]:
            assert self.board is not None
            host, _, port = self.board.port.removeprefix("socket://").rpartition(":")
            return host, int(port)

        def open(self) -> None:
            if not self.is_open:
                self.board = start(self.portstr)
            try:
                super().open()
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except BaseException:
                self._end()
                raise

        def close(self) -> None:
            super().close()
            self._end()

        def _end(self) -> None:
            if self.board is not None:
                self.board.stop()
                self.board = None

        @property
        def in_waiting(self) -> int:
            """pyserial's own socket answers 0 or 1."""
            if not self.is_open:
                raise protocol_socket.PortNotOpenError
            try:
                return len(self._socket.recv(65536, socket.MSG_PEEK))
            except BlockingIOError:
                return 0

    return url, EmulatedSerial


def start(url: str) -> ServedBoard:
    """Start the board that ``url`` names.

    Raises UsageError, code PORT_URL, for a URL that is not one of ours; what `serve_board` and the build
    raise.
    """
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    energy = options.get("energy", "0")
    unknown = set(options) - {"elf", "model", "pace", "energy"}
    pace = options.get("pace", "fast")
    is_known = not unknown and pace in ("real", "fast") and energy in ("0", "1")
    if not is_known or ("elf" in options) == ("model" in options) or (energy == "1" and "elf" in options):
        raise UsageError(
            f"'{url}' does not say what to run where.",
            hint="write tinykit://BOARD?elf=PATH or tinykit://BOARD?model=PATH, then &pace=real if you like.",
            code="PORT_URL",
        )
    board = load_board(unquote(parts.netloc + parts.path))
    if "elf" in options:
        return serve_board(Path(options["elf"]), board, pace=pace, awaits_host=True)  # type: ignore[arg-type]
    from tinykit.compiler.image import build_model

    with tempfile.TemporaryDirectory(prefix="tinykit-board-") as folder:
        built = build_model(Path(options["model"]), board, Path(folder) / "build", energy=energy == "1")
        assert built.image is not None
        # The image is in the board's flash once it is served.
        return serve_board(built.image.elf, board, pace=pace, awaits_host=True)  # type: ignore[arg-type]
