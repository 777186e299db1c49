"""From an open port to a session: wait for the board, ask what it is, and take the client that fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tinykit.boards import list_boards
from tinykit.errors import InputError
from tinykit.progress import SILENT, Progress
from tinykit.running.runner import Device, Session
from tinykit.running.serial.board import TinykitBoard
from tinykit.running.serial.exchange import Exchange, Patience
from tinykit.running.serial.foreign import ForeignBoard
from tinykit.running.serial.info import identify, model_id
from tinykit.running.serial.link import LineError, Link
from tinykit.running.serial.strict import sends_times
from tinykit.running.workload import Workload

_FIRST_WAIT_S = 0.3


@contextmanager
def session_on(
    link: Link,
    workload: Workload,
    *,
    patience: Patience | None = None,
    simulated: bool = False,
    expects_banner: bool = False,
    describe: Callable[[Device], Device] | None = None,
    progress: Progress = SILENT,
) -> Iterator[Session]:
    """The session on the board behind ``link``, which is closed at the end, and left answering.

    ``describe`` adds what the caller knows of the board to what it says itself.

    Raises LineError; InputError: BOARD_OTHER_MODEL, RUN_NEEDS_MODEL, FOREIGN_MODEL.
    """
    try:
        progress.start(f"Waiting for the board on {link.name}")
        exchange = Exchange(link, patience)
        name = await_board(exchange, expects_banner=expects_banner)
        board = _client(exchange, name, workload, simulated=simulated)
        if describe is not None:
            board.device = describe(board.device)
        progress.finish(board.device.text)
        try:
            yield board
        except BaseException as error:
            _leave_answering(board, error)
            raise
    finally:
        link.close()


def await_board(exchange: Exchange, *, expects_banner: bool = False) -> str:
    """Drain what is old, then ask for the name with growing patience until the board has started.

    Gives its name's line. Raises LineError: BOARD_SILENT, or what its last answer was.
    """
    link, patience = exchange.link, exchange.patience
    end = link.clock() + patience.boot_s
    if expects_banner:
        _banner(exchange, end)
    wait_s = min(_FIRST_WAIT_S, patience.turnaround_s)
    while True:
        link.drain(patience.quiet_s, end - link.clock())
        try:
            return exchange.greet(wait_s)
        except LineError as error:
            if not error.retryable or link.clock() >= end:
                raise
        wait_s = min(2 * wait_s, 4 * patience.turnaround_s)


def _banner(exchange: Exchange, end: float) -> None:
    """A board that was reset ends its banner with ``m-ready``; one without a banner is asked anyway."""
    link = exchange.link
    try:
        while link.line(end).strip() != "m-ready":
            pass
    except LineError as error:
        if error.code != "BOARD_SILENT":
            raise


def _client(
    exchange: Exchange, name: str, workload: Workload, *, simulated: bool
) -> TinykitBoard | ForeignBoard:
    info = exchange.retry(lambda: identify(exchange))
    if info is not None:
        return TinykitBoard(exchange, info, workload.model, simulated=simulated or _is_emulated(info.board))
    model = workload.require_model(f"{exchange.link.name}, a firmware that is not tinykit's,")
    if model.stateful or len(model.inputs) != 1:
        raise InputError(
            f"{exchange.link.name}: a strict MLPerf Tiny firmware runs models with one input and no state.",
            hint="build and flash this model with tinykit.",
            code="FOREIGN_MODEL",
        )
    times = exchange.retry(lambda: sends_times(exchange))
    return ForeignBoard(exchange, name, exchange.retry(lambda: model_id(exchange)), model, sends_times=times)


def _is_emulated(board: str) -> bool:
    """Whether the firmware was built for an emulated board: whatever port it is on, that is no hardware."""
    return any(known.name == board and known.is_emulated for known in list_boards())


def _leave_answering(board: TinykitBoard | ForeignBoard, error: BaseException) -> None:
    """Whatever ended the session, Ctrl-C included, must not leave half a command on the board."""
    if isinstance(error, LineError) and not error.retryable:
        return
    with suppress(LineError):  # the first error is the one to tell
        board.stop()
