"""The entry point: starts a command and turns whatever happens into output and an exit code."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TextIO

import click

from tinykit.cli.common import Output, degrade, mute
from tinykit.cli.group import PROGRAM, cli
from tinykit.errors import InputError, TinykitError, UsageError

COMPLETION_VARIABLE = "_TINYKIT_COMPLETE"
EXIT_INTERRUPTED = 130
EXIT_CLOSED_PIPE = 141


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; ``args`` defaults to the process's own."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character must not end the work.
        degrade(stream)
    if args is None and COMPLETION_VARIABLE in os.environ:
        from click.shell_completion import shell_complete

        return shell_complete(cli, {}, PROGRAM, COMPLETION_VARIABLE, os.environ[COMPLETION_VARIABLE])
    with _signals_as_exceptions():
        return _run(list(sys.argv[1:] if args is None else args))


def _run(words: list[str]) -> int:
    output = Output()
    try:
        try:
            with cli.make_context(PROGRAM, list(words), obj=output) as ctx:
                cli.invoke(ctx)
            if sys.stdout is not None and not sys.stdout.closed:
                sys.stdout.flush()
            return 0
        except click.exceptions.Exit as stop:
            return stop.exit_code
        except (Exception, KeyboardInterrupt, _Signal) as error:
            if isinstance(error, BrokenPipeError) and _reader_is_gone():
                return EXIT_CLOSED_PIPE
            return _fail(output, error, words)
    except BrokenPipeError:
        _reader_is_gone()
        return EXIT_CLOSED_PIPE


@dataclass(frozen=True)
class _Failure:
    exit_code: int
    code: str
    message: str
    hint: str


def _fail(output: Output, error: BaseException, words: list[str]) -> int:
    failure = _failure(error)
    if isinstance(error, click.ClickException):
        # Parsing may have stopped before the options were read: --json is looked for in the words.
        output.json = output.json or "--json" in words[: words.index("--") if "--" in words else None]
    if failure.code == TinykitError.code:
        output.discard()
    if output.debug:
        from tinykit.console import print_traceback

        output.close()
        print_traceback(error)
    output.fail(failure.code, failure.message, failure.hint)
    return failure.exit_code


def _failure(error: BaseException) -> _Failure:
    if isinstance(error, TinykitError):
        return _Failure(error.exit_code, error.code, error.message, error.hint)
    if isinstance(error, click.ClickException):
        kind = UsageError if isinstance(error, click.UsageError) else InputError
        context = getattr(error, "ctx", None)
        path = PROGRAM if context is None else context.command_path
        return _Failure(
            kind.exit_code, kind.code, error.format_message(), f"{path} --help shows what it takes."
        )
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return _Failure(EXIT_INTERRUPTED, "INTERRUPTED", "Interrupted.", "Run it again to start over.")
    if isinstance(error, _Signal):
        return _Failure(
            128 + error.number, "TERMINATED", f"Ended by {error.name}.", "Run it again to start over."
        )
    return _Failure(
        TinykitError.exit_code,
        TinykitError.code,
        f"internal error: {type(error).__name__}: {error}",
        "This is a defect of tinykit: run it again with --debug and please report what it prints.",
    )


def _reader_is_gone() -> bool:
    """Tell whether stdout or stderr is the broken pipe (a device's socket may be another), and mute it."""
    gone = [stream for stream in (sys.stdout, sys.stderr) if stream is not None and _is_broken(stream)]
    for stream in gone:
        mute(stream)
    return bool(gone)


def _is_broken(stream: TextIO) -> bool:
    try:
        number = stream.fileno()
    except (OSError, ValueError):  # not a file of the system's: a test's, a notebook's
        return False
    if not hasattr(select, "poll"):  # Windows cannot be asked
        return True
    poll = select.poll()
    poll.register(number, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


class _Signal(BaseException):
    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.name = signal.Signals(number).name


@contextmanager
def _signals_as_exceptions() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack as Ctrl-C does, so that clean-up runs."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise _Signal(number)

    previous = {}
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # What nohup told us to ignore stays ignored.
        if number is None or signal.getsignal(number) is not signal.SIG_DFL:
            continue
        try:
            previous[number] = signal.signal(number, stop)
        except ValueError:  # not the main thread: the program around us has its own handlers
            break
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
