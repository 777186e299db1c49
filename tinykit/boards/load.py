"""Reading board files: every key is checked, unknown ones are refused."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from tinykit.boards.board import Board, Marker, Memory, Power, PowerState, Qemu, Timer, Uart
from tinykit.boards.cores import find_core
from tinykit.errors import InputError

BOARDS = Path(__file__).resolve().parent
MAX_BOARD_BYTES = 64 * 1024
_KINDS = ("measured", "modelled", "published", "assumed")

T = TypeVar("T")


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
            raise _refuse(path, "it is too large to be a board file")
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _refuse(path, str(error)) from error
    return _board(_Table(path, "", table))


def _refuse(path: Path, what: str) -> InputError:
    return InputError(
        f"The board file {path} is refused: {what}.",
        hint="tinykit/boards/virtual-m4.toml is an example with every key.",
        code="BOARD_FILE",
    )


class _Table:
    """A TOML table whose keys are taken one by one; what is left at the end is refused."""

    def __init__(self, path: Path, name: str, table: Mapping[str, Any]) -> None:
        self.path = path
        self._name = name
        self._left = dict(table)

    def error(self, key: str, what: str) -> InputError:
        return _refuse(self.path, f"'{self._name}{key}' {what}")

    def _take(self, key: str, default: Any) -> Any:
        value = self._left.pop(key, default)
        if value is ...:
            raise self.error(key, "is missing")
        return value

    def integer(self, key: str, lowest: int, highest: int = 2**32, default: Any = ...) -> int:
        value = self._take(key, default)
        if type(value) is not int or not lowest <= value <= highest:
            raise self.error(key, f"must be an integer from {lowest} to {highest}")
        return value

    def number(self, key: str) -> float:
        value = self._take(key, ...)
        if type(value) not in (int, float) or not 0 <= value < float("inf"):
            raise self.error(key, "must be a number, zero or more")
        return float(value)

    def text(self, key: str, default: Any = ..., allowed: str = "") -> str:
        value = self._take(key, default)
        if type(value) is not str or not value.strip():
            raise self.error(key, "must be text")
        if allowed and not set(value) <= set(allowed):
            raise self.error(key, "may hold small letters, digits, '-' and '_' only")
        return value

    def flag(self, key: str) -> bool:
        value = self._take(key, ...)
        if type(value) is not bool:
            raise self.error(key, "must be true or false")
        return value

    def words(self, key: str) -> tuple[str, ...]:
        value = self._take(key, [])
        if type(value) is not list or not all(type(word) is str and word for word in value):
            raise self.error(key, "must be a list of words")
        return tuple(value)

    def table(self, key: str, make: Callable[[_Table], T]) -> T:
        value = self._take(key, ...)
        if type(value) is not dict:
            raise self.error(key, "must be a table")
        inner = _Table(self.path, f"{self._name}{key}.", value)
        made = make(inner)
        inner.done()
        return made

    def optional(self, key: str, make: Callable[[_Table], T]) -> T | None:
        return self.table(key, make) if key in self._left else None

    def rest(self) -> tuple[str, ...]:
        return tuple(self._left)

    def done(self) -> None:
        if self._left:
            raise self.error(next(iter(self._left)), "is not a key of a board file")


_NAME = "abcdefghijklmnopqrstuvwxyz0123456789-_"


def _board(table: _Table) -> Board:
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
        uart=table.table("uart", lambda t: Uart(_address(t), t.integer("baud", 300, 20_000_000))),
        timer=table.table("timer", lambda t: Timer(_address(t), t.integer("clock_hz", 1, default=clock_hz))),
        marker=table.table("marker", lambda t: Marker(_address(t), t.integer("pin", 0, 31))),
        power=table.table("power", _power),
        flash_command=table.words("flash_command"),
        qemu=table.optional("qemu", _qemu),
        source_path=str(table.path),
    )
    table.done()
    _check_map(table, board)
    return board


def _address(table: _Table) -> int:
    return table.integer("base", 0, 2**32 - 4096)


def _memory(table: _Table) -> Memory:
    memory = Memory(table.integer("origin", 0), table.integer("size_bytes", 4096))
    if memory.end > 2**32:
        raise table.error("size_bytes", "leaves the address space")
    if memory.origin % 4096 or memory.size_bytes % 4096:
        raise table.error("origin", "and the size must be multiples of 4096")
    return memory


def _power(table: _Table) -> Power:
    kind, source = table.text("kind"), table.text("source")
    if kind not in _KINDS:
        raise table.error("kind", f"must be one of {', '.join(_KINDS)}")
    states = tuple(PowerState(key.removesuffix("_w"), table.number(key)) for key in table.rest())
    if missing := {"active", "idle", "sleep", "uart"} - {state.name for state in states}:
        raise table.error(f"{min(missing)}_w", "is missing")
    return Power(states, kind, source)


def _qemu(table: _Table) -> Qemu:
    return Qemu(table.text("machine", allowed=_NAME), table.integer("timer_hz", 1), table.text("core"))


def _check_map(table: _Table, board: Board) -> None:
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
