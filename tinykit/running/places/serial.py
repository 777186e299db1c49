"""Boards on a serial port: anything that pyserial's ``serial_for_url`` takes, and ``auto``."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tinykit.boards import load_board
from tinykit.errors import DeviceError
from tinykit.progress import SILENT, Progress
from tinykit.running.runner import Runner, Session
from tinykit.running.serial.connect import session_on
from tinykit.running.serial.exchange import Patience
from tinykit.running.serial.port import open_link
from tinykit.running.serial.reset import ResetPlan, find_plan
from tinykit.running.targets import Target
from tinykit.running.workload import Workload

DEFAULT_BAUD = 115_200
AUTO = "auto"


@dataclass(frozen=True)
class SerialBoard:
    """A board on the port that ``target`` names."""

    target: Target
    patience: Patience | None = None

    @contextmanager
    def open(self, workload: Workload, progress: Progress = SILENT) -> Iterator[Session]:
        """Open the port and find out what is there.

        Raises what `open_link` and `session_on` raise.
        """
        target = self.target
        if target.where == AUTO:
            from tinykit.running.serial.discover import choose_port

            choice = choose_port()
            progress.warn("PORT_CHOSEN", choice.reason, "name the port with --on to be sure.")
            target = replace(target, where=choice.port)
        plan = plan_of(target)
        link = open_link(target.where, baud_of(target), plan)
        with session_on(
            link,
            workload,
            patience=self.patience,
            simulated=target.where.startswith("tinykit:"),
            expects_banner=plan.expects_banner,
            progress=progress,
        ) as session:
            yield session


def baud_of(target: Target) -> int:
    """What was asked for, else the board file's speed, else MLPerf Tiny's."""
    if target.baud is not None:
        return target.baud
    return load_board(target.board).uart.baud if target.board else DEFAULT_BAUD


def plan_of(target: Target) -> ResetPlan:
    """How the port is opened: as was asked for, else as the board's file says. Raises InputError."""
    return find_plan(target.reset or (load_board(target.board).reset if target.board else ""))


_WINDOWS = re.compile(r"(?i)com\d+|\\\\\.\\com\d+")
_ADDRESS = re.compile(r"(?:(?:socket|tcp):/?)?([A-Za-z0-9.-]+:\d+)")


def is_port(where: str) -> bool:
    """Whether ``where`` is meant for a port: a URL, COM3, a device, or the path of one that is not there.

    Raises DeviceError, code PORT_MISSING, for the address of a socket that is no URL.
    """
    if address := _ADDRESS.fullmatch(where):
        raise DeviceError(
            f"There is no port {where}.",
            hint=f"a socket is written socket://{address[1]}.",
            code="PORT_MISSING",
        )
    if "://" in where or _WINDOWS.fullmatch(where) or where.startswith("tty"):
        return True
    try:
        return stat.S_ISCHR(Path(where).stat().st_mode)
    except (OSError, ValueError):
        # A board's name has no folder, a board's file an ending.
        return "/" in where and not where.endswith(".toml")


class _Place:
    form = "a port (/dev/ttyACM0, COM3, socket://HOST:PORT, auto)"
    order = 0

    def find(self, target: Target) -> Runner | None:
        """Ports, and "auto"."""
        return SerialBoard(target) if target.where == AUTO or is_port(target.where) else None


PLACE = _Place()
