"""What every command shares: its flags, its one way to give a result, and the contract of a command file.

A command is one file ``tinykit/cli/NAME.py`` with a module-level ``command`` (a `click.Command`) and, where
it belongs in the path of the work, ``ORDER`` (an int; help lists commands by it). Other packages add commands
through the entry-point group ``tinykit.commands``. Top-level imports stay light: click, `tinykit.errors`,
this module. What draws much goes into ``NAME_view.py``, loaded when it draws::

    ORDER = 40

    @click.command("inspect", help="...", epilog="Example: tinykit inspect model.tflite")
    @click.argument("model", type=click.Path(path_type=Path))
    @common_options
    def command(output: Output, model: Path) -> None:
        from tinykit.graph.summary import summarize

        report = summarize(model, progress=output.progress)
        output.emit(report.to_dict(), lambda console: render(console, report))
"""

from __future__ import annotations

import codecs
import functools
import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from tinykit.errors import OutputError

if TYPE_CHECKING:
    from rich.console import Console

    from tinykit.console import Reporter

T = TypeVar("T")


def strict_json(value: object) -> object:
    """Copy ``value`` into what JSON can hold: NaN and infinities become None, tuples lists.

    Raises TypeError for anything else that JSON does not know; a bare NumPy integer is such a thing.
    """
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, list | tuple):
        return [strict_json(item) for item in value]
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("JSON keys must be strings")
        return {key: strict_json(item) for key, item in value.items()}
    raise TypeError(f"{type(value).__name__} does not go into JSON")


class Output:
    """Where a command's result, progress and messages go.

    Results go to stdout, all else to stderr. With ``json`` set, the document given to `emit` is kept until
    the command has ended, so that stdout holds exactly one object even where the command fails after it.
    """

    def __init__(self) -> None:
        self.json = False
        self.debug = False
        self.quiet = False
        self._document: dict[str, object] | None = None
        self._reporter: Reporter | None = None
        self._stdout_is_dead = False

    @property
    def progress(self) -> Reporter:
        """The reporter of long work (a `tinykit.progress.Progress`), drawing on stderr."""
        if self._reporter is None:
            from tinykit.console import Reporter

            self._reporter = Reporter(quiet=self.quiet)
        return self._reporter

    def emit(self, document: Mapping[str, object], render: Callable[[Console], None]) -> None:
        """Give the command's result, once: ``document`` with --json, else what ``render`` draws on stdout.

        ``document`` carries "schema" and "schema_version". An error raised afterwards joins the document as
        "error", so a failed gate still shows its figures.
        """
        if self._document is not None:
            raise RuntimeError("a command gives one result")
        if not {"schema", "schema_version"} <= document.keys():
            raise RuntimeError("a result names its schema and schema_version")
        self._document = dict(document)
        if not self.json:
            from tinykit.console import stdout_console

            self.close()
            with self._writing():
                render(stdout_console())

    def line(self, document: Mapping[str, object]) -> None:
        """Print one of several documents, a line each and at once: for commands that run until stopped."""
        from tinykit.console import print_plain

        text = json.dumps(strict_json(document), allow_nan=False)
        with self._writing():
            print_plain(text)

    def fail(self, code: str, message: str, hint: str) -> None:
        """Say that the command failed: on stdout as JSON with --json, else on stderr for people."""
        self.close()
        if self.json and not self._stdout_is_dead:
            document = self._document or {"schema": "tinykit.error", "schema_version": 1}
            self._document = {**document, "error": {"code": code, "message": message, "hint": hint}}
            self.flush()
        else:
            from tinykit.console import print_error

            print_error(code, message, hint)

    def discard(self) -> None:
        """Forget the emitted document: what failed is not what it tells about."""
        self._document = None

    def flush(self) -> None:
        """Write the kept document. ASCII, so that no terminal's encoding can refuse it."""
        if self.json and self._document is not None:
            text = json.dumps(strict_json(self._document), indent=2, allow_nan=False)
            from tinykit.console import print_plain

            with self._writing():
                print_plain(text)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Tell a closed stdout, and a full disk behind it, from a defect of the command."""
        # Python has no stdout where the shell closed it; drawing on it would go nowhere without a word.
        if sys.stdout is None or sys.stdout.closed:
            self._stdout_is_dead = True
            raise OutputError(
                "The result cannot be written: stdout is closed.",
                hint="send it to a file, or to /dev/null where only the exit code counts.",
            )
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            self._stdout_is_dead = True
            mute(sys.stdout)
            raise OutputError(
                f"The result cannot be written to stdout: {error.strerror}.",
                hint="free some space where the output goes, or send it elsewhere.",
            ) from error

    def close(self) -> None:
        """End any progress display."""
        if self._reporter is not None:
            self._reporter.close()


_PLAIN = {"×": "x", "→": "->", "±": "+/-", "µ": "u", "·": ".", "–": "-", "…": "..."}


def degrade(stream: TextIO | None) -> None:
    """Let ``stream`` show what its encoding lacks: our signs in ASCII, all else as backslash escapes."""
    if isinstance(stream, io.TextIOWrapper) and not stream.closed:
        codecs.register_error("tinykit.plain", _plainly)
        stream.reconfigure(errors="tinykit.plain")


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(
        _PLAIN.get(char) or char.encode("ascii", "backslashreplace").decode() for char in lacking
    ), error.end


def mute(stream: TextIO) -> None:
    """Lead a stream that cannot be written into nothing: Python flushes at exit and would complain again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _set_flag(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        setattr(ctx.ensure_object(Output), str(param.name), True)


_FLAGS = (
    click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_set_flag,
        help="Print exactly one JSON object on stdout.",
    ),
    click.option(
        "-q",
        "--quiet",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_set_flag,
        help="No progress; warnings and errors stay.",
    ),
    click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_set_flag,
        help="Show the traceback of an error.",
    ),
)


def output_flags(function: Callable[..., T]) -> Callable[..., T]:
    """Add --json, --quiet and --debug; they act through the context's `Output`."""
    for option in reversed(_FLAGS):
        function = option(function)
    return function


def common_options(function: Callable[..., T]) -> Callable[..., T]:
    """Add the flags of every command and pass its `Output` as the first argument."""

    @output_flags
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> T:
        output = click.get_current_context().ensure_object(Output)
        try:
            result = function(output, *args, **kwargs)
        finally:
            output.close()
        output.flush()
        return result

    return run


def config_option(function: Callable[..., T]) -> Callable[..., T]:
    """Add ``--config FILE``, passed as ``config_path: Path | None`` for `tinykit.config.load_config`."""
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The bench's tinykit.toml; without it, TINYKIT_CONFIG or the first one found upwards from here.",
    )(function)


def catalog_option(function: Callable[..., T]) -> Callable[..., T]:
    """Give a command ``--catalog FILE``, several times, as ``files``."""
    return click.option(
        "--catalog",
        "files",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Rows of your own: they replace rows of the same key. May be repeated.",
    )(function)
