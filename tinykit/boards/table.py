"""A board file's tables: every key is taken with its check, and what nobody took is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from tinykit.errors import InputError

T = TypeVar("T")


def refuse(path: Path, what: str) -> InputError:
    """The refusal of a board file, code BOARD_FILE."""
    return InputError(
        f"The board file {path} is refused: {what}.",
        hint="tinykit/boards/virtual-m4.toml is an example; docs/how-to/add-a-board.md names every key.",
        code="BOARD_FILE",
    )


class Table:
    """A TOML table whose keys are taken one by one; ``name`` is its path in the file, with a dot at the end.

    A key without ``default`` must be there. Whatever is wrong raises InputError, code BOARD_FILE.
    """

    def __init__(self, path: Path, name: str, table: Mapping[str, Any]) -> None:
        self.path = path
        self._name = name
        self._left = dict(table)

    def error(self, key: str, what: str) -> InputError:
        """The refusal of the file for what ``key`` says."""
        return refuse(self.path, f"'{self._name}{key}' {what}")

    def _take(self, key: str, default: Any) -> Any:
        value = self._left.pop(key, default)
        if value is ...:
            raise self.error(key, "is missing")
        return value

    def integer(self, key: str, lowest: int, highest: int = 2**32, default: Any = ...) -> int:
        """An integer from ``lowest`` to ``highest``."""
        value = self._take(key, default)
        if type(value) is not int or not lowest <= value <= highest:
            raise self.error(key, f"must be an integer from {lowest} to {highest}")
        return value

    def optional_integer(self, key: str, lowest: int, highest: int) -> int | None:
        """The same, or None where the file does not say."""
        return self.integer(key, lowest, highest) if key in self._left else None

    def number(self, key: str) -> float:
        """A number, zero or more."""
        value = self._take(key, ...)
        if type(value) not in (int, float) or not 0 <= value < float("inf"):
            raise self.error(key, "must be a number, zero or more")
        return float(value)

    def text(self, key: str, default: Any = ..., allowed: str = "") -> str:
        """Text that is not empty, of the characters ``allowed``."""
        value = self._take(key, default)
        if type(value) is not str or not value.strip():
            raise self.error(key, "must be text")
        if allowed and not set(value) <= set(allowed):
            raise self.error(key, "may hold small letters, digits, '-' and '_' only")
        return value

    def choice(self, key: str, allowed: tuple[str, ...], default: Any = ...) -> str:
        """One of the words ``allowed``."""
        value = self.text(key, default)
        if value not in allowed:
            raise self.error(key, f"must be one of {', '.join(allowed)}")
        return value

    def flag(self, key: str, default: Any = ...) -> bool:
        """A truth value."""
        value = self._take(key, default)
        if type(value) is not bool:
            raise self.error(key, "must be true or false")
        return value

    def words(self, key: str) -> tuple[str, ...]:
        """A list of words; none where the file does not say."""
        value = self._take(key, [])
        if type(value) is not list or not all(type(word) is str and word for word in value):
            raise self.error(key, "must be a list of words")
        return tuple(value)

    def table(self, key: str, make: Callable[[Table], T]) -> T:
        """What ``make`` makes of the table ``key``; keys that it leaves are refused."""
        value = self._take(key, ...)
        if type(value) is not dict:
            raise self.error(key, "must be a table")
        inner = Table(self.path, f"{self._name}{key}.", value)
        made = make(inner)
        inner.done()
        return made

    def optional(self, key: str, make: Callable[[Table], T]) -> T | None:
        """The same, or None where there is no such table."""
        return self.table(key, make) if key in self._left else None

    def rest(self) -> tuple[str, ...]:
        """The keys that nobody took yet."""
        return tuple(self._left)

    def done(self) -> None:
        """Refuse what nobody took."""
        if self._left:
            raise self.error(next(iter(self._left)), "is not a key of a board file")
