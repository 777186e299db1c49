"""The root of the command line: finds the commands and loads only the one that is asked for."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

import tinykit.cli
from tinykit import __version__
from tinykit.cli.common import Output, output_flags
from tinykit.errors import TinykitError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint

    from rich.console import Console

PROGRAM = "tinykit"
PLUGIN_GROUP = "tinykit.commands"
PATH = ("convert", "build", "run", "measure", "compare", "report")
LAST = 1000


class CommandGroup(click.Group):
    """Commands are the modules of `tinykit.cli` that hold a ``command``, and other packages' entry points."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the command's own module and no other."""
        command = _command_of(_built_in(cmd_name))
        return command if command is not None else _plugin(cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List names in the order of the work: each module's ORDER, then alphabetically."""
        orders = {}
        for info in pkgutil.iter_modules(tinykit.cli.__path__):
            module = _built_in(info.name)
            if _command_of(module) is not None:
                orders[info.name] = getattr(module, "ORDER", LAST)
        for point in _plugged():
            orders.setdefault(point.name, LAST)
        return sorted(orders, key=lambda name: (orders[name], name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a name, with "did you mean" where there is no such command."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is not None or ctx.resilient_parsing:
            return name, command, args[1:]
        near = difflib.get_close_matches(name, self.list_commands(ctx), n=2)
        ctx.fail(f"No such command '{name}'." + (f" Did you mean {' or '.join(near)}?" if near else ""))


def _built_in(name: str) -> ModuleType | None:
    # A file with an underscore in its name draws for a command; looking for commands must not load it.
    if not re.fullmatch(r"[a-z][a-z0-9]*", name):
        return None
    full_name = f"{tinykit.cli.__name__}.{name}"
    if full_name not in sys.modules and importlib.util.find_spec(full_name) is None:
        return None
    return importlib.import_module(full_name)


def _command_of(module: ModuleType | None) -> click.Command | None:
    command = getattr(module, "command", None)
    return command if isinstance(command, click.Command) else None


def _plugged(name: str | None = None) -> Iterable[EntryPoint]:
    """Entry points of other packages' commands.

    Importing importlib.metadata takes a fifth of the time of ``--help``; most machines have no such package.
    """
    folders = (Path(entry or ".") for entry in sys.path)
    listed = (path for folder in folders for path in folder.glob("*-info/entry_points.txt"))
    if not any(PLUGIN_GROUP.encode() in path.read_bytes() for path in listed):
        return ()
    from importlib.metadata import entry_points

    points = entry_points(group=PLUGIN_GROUP)
    return points if name is None else points.select(name=name)


def _plugin(name: str) -> click.Command | None:
    for point in _plugged(name):
        try:
            command = point.load()
        # Whatever another package's module raises, the rest of the command line goes on working.
        except Exception as error:
            return _broken(name, f"{point.value}: {type(error).__name__}: {error}")
        if isinstance(command, click.Command):
            return command
        return _broken(name, f"{point.value} is not a click command")
    return None


def _broken(name: str, reason: str) -> click.Command:
    def refuse() -> None:
        raise TinykitError(
            f"The command '{name}' of another package cannot be loaded: {reason}.",
            hint="update or remove that package.",
            code="BROKEN_PLUGIN",
        )

    lenient = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(name, callback=refuse, short_help="(cannot be loaded)", context_settings=lenient)


@click.group(
    PROGRAM,
    cls=CommandGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="From a trained model to a microcontroller, to a joule with an uncertainty, to a decision.",
    epilog="Exit codes: 0 done, 1 internal, 2 usage, 3 input refused, 4 a gate or verdict failed, 5 device.",
)
@click.version_option(__version__, prog_name=PROGRAM)
@output_flags
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Show the path of the work where no command was given."""
    if ctx.invoked_subcommand is not None:
        return
    output = ctx.ensure_object(Output)
    commands = summaries(ctx)
    document = {
        "schema": "tinykit.commands",
        "schema_version": 1,
        "version": __version__,
        "commands": [{"name": name, "help": text} for name, text in commands],
    }
    output.emit(document, lambda console: _welcome(console, commands))
    output.flush()


def summaries(ctx: click.Context) -> list[tuple[str, str]]:
    """Return (name, one-line help) of every command that is not hidden, in the order of the work."""
    group = ctx.command
    assert isinstance(group, CommandGroup)
    found = ((name, group.get_command(ctx, name)) for name in group.list_commands(ctx))
    return [(name, one.get_short_help_str(100)) for name, one in found if one is not None and not one.hidden]


def _welcome(console: Console, commands: list[tuple[str, str]]) -> None:
    from tinykit.console import key_values

    console.print(f"{PROGRAM} {__version__}: {cli.help}\n")
    console.print(f"The path of the work: {' → '.join(PATH)}\n")
    console.print(key_values((f"  {name}", text) for name, text in commands))
    console.print(
        f"\nNext: {PROGRAM} demo -o demo/ goes the whole path on real data, with nothing plugged in."
    )
    console.print(f"Then: {PROGRAM} COMMAND --help, which has an example that works.")
    console.print(f"Where something is missing, {PROGRAM} doctor says what, and how to get it.")
