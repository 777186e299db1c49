"""What ``tinykit emulate`` does and prints: lines of JSON, schema ``tinykit.emulate``."""

from __future__ import annotations

import hashlib
import queue
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Literal, cast

from tinykit import __version__
from tinykit.bench import ServedBoard, Slip, serve_board
from tinykit.bench.clock_file import CLOCK
from tinykit.bench.rig_job import RigJob
from tinykit.bench.served import Event
from tinykit.boards import Board, load_board
from tinykit.cli.common import Output
from tinykit.cli.emulated_rig import described
from tinykit.errors import UsageError
from tinykit.progress import Progress

_LOOK_S = 0.5


@dataclass(frozen=True)
class Serving:
    """What was asked for. One of ``firmware``, ``model`` and ``example`` is not None."""

    board: str
    firmware: Path | None
    model: Path | None
    energy: bool
    pace: str
    ports: str
    rig: RigJob | None = None
    example: str | None = None


class _TerminatedError(Exception):
    """SIGTERM: how it is meant to end."""


def serve(output: Output, asked: Serving) -> None:
    """Serve until SIGTERM. Raises what `emulating` raises."""
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    with _terminable(), emulating(asked, output.progress, events.put) as running:
        output.close()
        output.line(_ready(asked, running))
        while True:
            _tell(output, events)
            running.served.check()


@dataclass(frozen=True)
class Running:
    """An emulated board that runs ``elf``."""

    board: Board
    elf: Path
    served: ServedBoard


@contextmanager
def emulating(asked: Serving, progress: Progress, on_event: Callable[[Event], None]) -> Iterator[Running]:
    """Build what is to run and start it, for the length of the ``with``.

    Raises what `tinykit.bench.serve_board` and the build raise.
    """
    board = load_board(asked.board)
    with tempfile.TemporaryDirectory(prefix="tinykit-emulate-") as scratch:
        elf = asked.firmware or _build(asked, board, Path(scratch) / "build", progress)
        pace = cast('Literal["real", "fast"]', asked.pace)
        port, rig = _port(asked.ports, "board"), _with_port(asked)
        folder = None if asked.ports.startswith("tcp:") else Path(asked.ports)
        with (
            described(folder, rig, board, pace, elf),
            serve_board(elf, board, pace=pace, port=port, rig=rig, on_event=on_event) as served,
        ):
            if served.slow:
                note = f"Counting in Python, about six times slower: {served.slow}"
                progress.warn("BENCH_SLOW", note)
            yield Running(board, elf, served)


def _build(asked: Serving, board: Board, folder: Path, progress: Progress) -> Path:
    from tinykit.compiler.image import build_model

    if asked.example is not None:
        from tinykit.toolchain.example import build_example

        return build_example(asked.example, board, folder, progress=progress)
    assert asked.model is not None
    built = build_model(asked.model, board, folder, energy=asked.energy, progress=progress)
    assert built.image is not None
    return built.image.elf


def _with_port(asked: Serving) -> RigJob | None:
    if asked.rig is None:
        return None
    if asked.ports.startswith("tcp:"):
        raise UsageError(
            "A meter's declaration lies in a folder beside its port.",
            hint="give --ports a folder with --meter.",
        )
    clock = Path(asked.ports).absolute() / CLOCK
    return replace(asked.rig, port=_port(asked.ports, "meter"), clock=str(clock))


def _port(ports: str, name: str) -> str:
    if ports.startswith("tcp:"):
        return ports if ports.count(":") > 1 else f"tcp:127.0.0.1:{ports.removeprefix('tcp:')}"
    return f"pty:{Path(ports).absolute() / name}"


@contextmanager
def _terminable() -> Iterator[None]:
    """End quietly on SIGTERM: for what runs until it is stopped, that is no failure."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise _TerminatedError

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except _TerminatedError:
        return
    finally:
        signal.signal(signal.SIGTERM, before)


def _document(event: str, **facts: object) -> dict[str, object]:
    return {"schema": "tinykit.emulate", "schema_version": 1, "event": event, **facts}


def _ready(asked: Serving, running: Running) -> dict[str, object]:
    board, served = running.board, running.served
    return _document(
        "ready",
        tinykit=__version__,
        simulated=True,
        board=board.name,
        firmware=hashlib.sha256(running.elf.read_bytes()).hexdigest(),
        clock_hz=board.clock_hz,
        baud=board.uart.energy_baud if asked.energy else board.uart.baud,
        energy=None if asked.model is None else asked.energy,
        pace=asked.pace,
        ports={"board": served.port} if asked.rig is None else {"board": served.port, "meter": served.meter},
    )


def _tell(output: Output, events: queue.SimpleQueue[Event]) -> None:
    try:
        event = events.get(timeout=_LOOK_S)
    except queue.Empty:
        return
    if isinstance(event, Slip):
        output.line(_document("slip", behind_s=event.behind_s))
    else:
        output.line(_document("fault", code=event.code, message=event.message, hint=event.hint))
