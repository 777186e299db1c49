"""Reading board files: every key is checked, unknown ones are refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tinykit.boards.board import Board, Memory, Power, PowerState, Qemu
from tinykit.boards.cores import find_core
from tinykit.boards.pins import read_marker, read_reset, read_timer, read_uart, read_usb
from tinykit.boards.table import Table, refuse
from tinykit.errors import InputError

BOARDS = Path(__file__).resolve().parent
MAX_BOARD_BYTES = 64 * 1024
_KINDS = ("measured", "modelled", "published", "assumed")


def list_boards() -> tuple[Board, ...]:
    """The boards that come with tinykit, by name."""
    return tuple(read_board(path) for path in sorted(BOARDS.glob("*.toml")))


def load_board(name: str | Path) -> Board:
    """The board called ``name``, or the one described by the TOML file ``name``.

    Raises InputError: BOARD_UNKNOWN, or BOARD_FILE where the file is not sound.
    """
    text = str(name)
    if text.endswith(".toml"):
        return read_board(Path(name))
    known = {path.stem: path for path in BOARDS.glob("*.toml")}
    if text not in known:
        raise InputError(
            f"There is no board '{text}'.",
            hint=f"tinykit knows {', '.join(sorted(known))}; for your own, give the path of its .toml file.",
            code="BOARD_UNKNOWN",
        )
    return read_board(known[text])


def read_board(path: Path) -> Board:
    """Read one board file. Raises InputError, code BOARD_FILE, naming the key that is wrong."""
    try:
        if path.stat().st_size > MAX_BOARD_BYTES:
            raise refuse(path, "it is too large to be a board file")
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise refuse(path, str(error)) from error
    return _board(Table(path, "", table))


_NAME = "abcdefghijklmnopqrstuvwxyz0123456789-_"


def _board(table: Table) -> Board:
    name = table.text("name", allowed=_NAME)
    clock_hz = table.integer("clock_hz", 1_000, 2_000_000_000)
    board = Board(
        name=name,
        title=table.text("title"),
        core=find_core(table.text("core"), f"The board file {table.path}"),
        clock_hz=clock_hz,
        chip=table.text("chip", allowed=_NAME),
        is_emulated=table.flag("emulated"),
        flash=table.table("flash", _memory),
        ram=table.table("ram", _memory),
        stack_bytes=table.integer("stack_bytes", 256, 1 << 20),
        flash_wait_states=table.integer("flash_wait_states", 0, 64),
        flash_fetch_bytes=table.integer("flash_fetch_bytes", 2, 256),
        mailbox=table.optional("mailbox", _memory),
        uart=table.table("uart", read_uart),
        timer=table.table("timer", lambda t: read_timer(t, clock_hz)),
        marker=table.table("marker", read_marker),
        power=table.table("power", _power),
        flash_command=table.words("flash_command"),
        qemu=table.optional("qemu", _qemu),
        source_path=str(table.path),
        oscillator_hz=table.integer("oscillator_hz", 0, 100_000_000, default=0),
        has_low_speed_crystal=table.flag("low_speed_crystal", default=False),
        usb=read_usb(table),
        reset=read_reset(table),
    )
    table.done()
    _check_map(table, board)
    return board


def _memory(table: Table) -> Memory:
    memory = Memory(table.integer("origin", 0), table.integer("size_bytes", 4096))
    if memory.end > 2**32:
        raise table.error("size_bytes", "leaves the address space")
    if memory.origin % 4096 or memory.size_bytes % 4096:
        raise table.error("origin", "and the size must be multiples of 4096")
    return memory


def _power(table: Table) -> Power:
    kind, source = table.text("kind"), table.text("source")
    if kind not in _KINDS:
        raise table.error("kind", f"must be one of {', '.join(_KINDS)}")
    states = tuple(PowerState(key.removesuffix("_w"), table.number(key)) for key in table.rest())
    if missing := {"active", "idle", "sleep", "uart"} - {state.name for state in states}:
        raise table.error(f"{min(missing)}_w", "is missing")
    return Power(states, kind, source)


def _qemu(table: Table) -> Qemu:
    return Qemu(table.text("machine", allowed=_NAME), table.integer("timer_hz", 1), table.text("core"))


def _check_map(table: Table, board: Board) -> None:
    regions = {"flash": board.flash, "ram": board.ram}
    if board.mailbox is not None:
        regions["mailbox"] = board.mailbox
    names = sorted(regions)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if regions[one].overlaps(regions[other]):
                raise table.error(one, f"overlaps '{other}'")
    if board.stack_bytes % 8 or board.stack_bytes >= board.ram.size_bytes:
        raise table.error("stack_bytes", "must be a multiple of 8 and leave room in RAM")
