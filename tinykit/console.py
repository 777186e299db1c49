"""The only module that prints: results on stdout, progress and messages on stderr.

Colour is rich's decision (NO_COLOR, FORCE_COLOR and TERM=dumb are respected) and is never the only sign.
Text that came from a file goes through `escape_text` before it meets a terminal.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import TimeRemainingColumn as _TimeRemaining
from rich.table import Table
from rich.text import Text

# Wide enough that a table in a pipe or a log is not cut; a terminal's own width wins.
PIPE_WIDTH = 200
# The longest of the usual operators' names, DEPTHWISE_CONV_2D, stays in one piece.
LEAST_COLUMN = 17
# Surrogates and private use would break or fool an encoder; Cf holds bidi controls and zero-width joiners.
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


# Rich takes a backslash before any bracket for an escape, and `escape` adds one before tags only.
_BACKSLASHES = re.compile(r"\\+(?=\[(?![a-z#/@][^[]*?\]))")


def _visible(char: str) -> str:
    if unicodedata.category(char) not in _UNSAFE_CATEGORIES:
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def safe_text(text: str) -> str:
    """Make control characters, ANSI sequences, line breaks and bidi controls visible as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def escape_text(text: object) -> str:
    """Make text from a file or a device safe to print inside rich markup.

    What `safe_text` does, and what looks like rich markup loses its meaning. A backslash at the very end may
    show twice: rich cannot know what follows. `table` and `key_values` take plain text and need no escaping.
    """
    return escape(_BACKSLASHES.sub(r"\g<0>\\", safe_text(str(text))))


class _Console(Console):
    def on_broken_pipe(self) -> None:
        # rich would exit with 1 from here; the command line decides what a closed pipe means.
        raise BrokenPipeError


def _console(file: TextIO | None, *, stderr: bool) -> Console:
    stream = file or (sys.stderr if stderr else sys.stdout)
    width = None if _is_terminal(stream) or "COLUMNS" in os.environ else PIPE_WIDTH
    return _Console(file=file, stderr=stderr, width=width, emoji=False, highlight=False)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def stdout_console(file: TextIO | None = None) -> Console:
    """Return the console for results. Strings are rich markup: text from files goes through `escape_text`."""
    return _console(file, stderr=False)


def stderr_console(file: TextIO | None = None) -> Console:
    """Return the console for messages."""
    return _console(file, stderr=True)


def _message(console: Console, word: str, style: str, code: str, message: str, hint: str) -> None:
    first = Text(word, style=style)
    first.append(f" [{safe_text(code)}] ", style="bold")
    first.append(safe_text(message), style="not bold default")
    console.print(first, soft_wrap=True)
    if hint:
        console.print(Text("  hint: ", style="cyan").append(safe_text(hint), style="default"), soft_wrap=True)


def print_error(code: str, message: str, hint: str, *, console: Console | None = None) -> None:
    """Print ``error [CODE] message`` and the hint on stderr."""
    _message(console or stderr_console(), "error", "bold red", code, message, hint)


def print_warning(code: str, message: str, hint: str = "", *, console: Console | None = None) -> None:
    """Print ``warning [CODE] message`` and the hint, if any, on stderr."""
    _message(console or stderr_console(), "warning", "bold yellow", code, message, hint)


def print_plain(text: str) -> None:
    """Print text on stdout exactly as it is: for programs, not for people."""
    if sys.stdout is not None:
        print(text, flush=True)


def print_traceback(error: BaseException) -> None:
    """Print the traceback on stderr, as --debug asks for."""
    import traceback

    traceback.print_exception(error)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table with escaped cells; a column whose name starts with ">" holds numbers and aligns right.

    A cell that is already a rich `Text` keeps its style. Where the terminal is too narrow for columns, each
    row becomes a list of names and values.
    """
    result = _Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        numeric = name.startswith(">")
        result.add_column(
            name.removeprefix(">"), justify="right" if numeric else "left", no_wrap=numeric, overflow="fold"
        )
    for row in rows:
        cells = [_cell(value) for value in row]
        result.add_row(*cells)
        result.lines.append(cells)
    return result


class _Table(Table):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.lines: list[list[Text]] = []

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._least_width() <= options.max_width:
            yield from super().__rich_console__(console, options)
        else:
            yield self._listed()

    def _least_width(self) -> int:
        """Rich narrows the widest text column first; with this width none gets below `LEAST_COLUMN`."""
        widths = [
            max([cell_len(str(column.header)), *(line[i].cell_len for line in self.lines)])
            for i, column in enumerate(self.columns)
        ]
        pairs = zip(widths, self.columns, strict=True)
        least = sum(width if column.no_wrap else min(width, LEAST_COLUMN) for width, column in pairs)
        return least + 2 * (len(self.columns) - 1)

    def _listed(self) -> Table:
        result = Table.grid(padding=(0, 1))
        result.add_column()
        result.add_column(overflow="fold")
        names = [str(column.header).strip() for column in self.columns]
        for line in self.lines:
            pairs = [(name, cell) for name, cell in zip(names, line, strict=True) if cell.plain.strip()]
            shown = [Text.assemble((f"{name} " if name else "", "dim"), cell) for name, cell in pairs]
            result.add_row("-", Text("; ").join(shown))
        return result


def key_values(pairs: Iterable[tuple[str, object]]) -> Table:
    """Return a block of names and values, one pair a line, with escaped values."""
    result = Table.grid(padding=(0, 2))
    result.add_column(style="bold", no_wrap=True)
    result.add_column(overflow="fold")
    for name, value in pairs:
        result.add_row(_cell(name), _cell(value))
    return result


def _cell(value: object) -> Text:
    return value if isinstance(value, Text) else Text(safe_text(str(value)))


def _seconds(duration_s: float) -> str:
    if duration_s < 60:
        return f"{duration_s:.1f} s"
    minutes, seconds = divmod(round(duration_s), 60)
    return f"{minutes} min {seconds} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


class Reporter:
    """Shows how long work moves on; implements `tinykit.progress.Progress`. Calls may come from any thread.

    On a terminal a bar with elapsed and remaining time; elsewhere plain lines, at most one every ``every_s``
    seconds beside the first and the last of a stage. ``quiet`` leaves only the warnings.
    """

    def __init__(self, *, quiet: bool = False, file: TextIO | None = None, every_s: float = 5.0) -> None:
        self._console = stderr_console(file)
        # FORCE_COLOR makes rich call a log file a terminal; a moving bar needs a real one.
        self._live = _is_terminal(file or sys.stderr) and not self._console.is_dumb_terminal
        self._quiet = quiet
        self._every_s = every_s
        self._lock = threading.RLock()
        self._bar: Progress | None = None
        self._stage: str | None = None
        self._total: int | None = None
        self._done = 0
        self._t_start_s = self._t_line_s = 0.0

    def start(self, stage: str, total: int | None = None) -> None:
        """Begin a stage; one that is still open is finished first."""
        with self._lock:
            if self._stage is not None:
                self.finish()
            self._stage, self._total, self._done = stage, total, 0
            self._t_start_s = self._t_line_s = time.monotonic()
            if self._quiet:
                return
            if self._live:
                self._bar = _bar(self._console)
                self._bar.add_task(escape_text(stage), total=total)
                self._bar.start()
            else:
                self._line(f"{stage} ...")

    def advance(self, steps: int = 1) -> None:
        """Count steps of the current stage."""
        with self._lock:
            self._done += steps
            if self._bar is not None:
                self._bar.advance(self._bar.task_ids[0], steps)
            elif self._stage is not None and not self._quiet and not self._live:
                self._line_when_due()

    def finish(self, note: str = "") -> None:
        """End the current stage with one line."""
        with self._lock:
            stage, self._stage = self._stage, None
            self._stop_bar()
            if stage is not None and not self._quiet:
                took = _seconds(time.monotonic() - self._t_start_s)
                self._line(f"{stage}: {note} ({took})" if note else f"{stage}: done ({took})")

    def warn(self, code: str, message: str, hint: str = "") -> None:
        """Print a warning, above the bar where there is one."""
        with self._lock:
            print_warning(code, message, hint, console=self._console)

    def close(self) -> None:
        """Take the display down, whatever state the stage is in. Further stages may start afterwards."""
        with self._lock:
            self._stop_bar()
            self._stage = None

    def _stop_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _line_when_due(self) -> None:
        now_s = time.monotonic()
        if now_s - self._t_line_s < self._every_s:
            return
        self._t_line_s = now_s
        elapsed_s = now_s - self._t_start_s
        if self._total and 0 < self._done <= self._total:
            left_s = elapsed_s / self._done * (self._total - self._done)
            self._line(f"{self._stage}: {self._done} of {self._total}, {_seconds(left_s)} left")
        else:
            self._line(f"{self._stage}: {self._done} done, {_seconds(elapsed_s)} so far")

    def _line(self, text: str) -> None:
        self._console.print(Text(safe_text(text)), soft_wrap=True)


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        _TimeRemaining(),
        console=console,
        transient=True,
    )
