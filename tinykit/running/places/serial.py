"""Boards on a serial port: anything that pyserial's ``serial_for_url`` takes, and ``auto``."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tinykit.boards import load_board
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


def is_port(where: str) -> bool:
    """Whether ``where`` names a port: a URL, COM3, or a device (a pty's link too)."""
    if "://" in where or re.fullmatch(r"(?i)com\d+|\\\\\.\\com\d+", where):
        return True
    if where.startswith("/dev/"):
        return True
    try:
        return stat.S_ISCHR(Path(where).stat().st_mode)
    except (OSError, ValueError):
        return False


class _Place:
    form = "a port (/dev/ttyACM0, COM3, socket://HOST:PORT, auto)"
    order = 0

    def find(self, target: Target) -> Runner | None:
        """Ports, and "auto"."""
        return SerialBoard(target) if target.where == AUTO or is_port(target.where) else None


PLACE = _Place()
