"""An image on an emulated board, over the bench's serial line instead of through memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tinykit.bench import serve_board
from tinykit.boards import Board
from tinykit.progress import SILENT, Progress
from tinykit.running.runner import Device, Session
from tinykit.running.serial.connect import session_on
from tinykit.running.serial.port import open_link
from tinykit.running.serial.reset import PLANS
from tinykit.running.workload import Workload


@contextmanager
def bench_session(workload: Workload, board: Board, progress: Progress = SILENT) -> Iterator[Session]:
    """The session on the image of ``workload``. Raises what `serve_board` and `session_on` raise."""
    assert workload.image is not None

    def describe(device: Device) -> Device:
        return replace(device, ran_on=board.name, text=f"unicorn, served; {device.text}")

    with serve_board(workload.image, board, pace="fast") as served:
        link = open_link(served.port, board.uart.baud, PLANS["none"])
        link.name = board.name
        with session_on(link, workload, simulated=True, describe=describe, progress=progress) as session:
            yield session
