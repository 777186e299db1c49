"""A group whose commands are the files of a folder beside it, loaded only when they are asked for."""

from __future__ import annotations

import difflib
import importlib
import pkgutil

import click


class SubCommands(click.Group):
    """The commands of package ``folder``: each module holds a ``command``, and an ORDER.

    A module's name is the command's; one that Python has taken as a word ends in an underscore.
    """

    def __init__(self, name: str, folder: str, **attributes: object) -> None:
        super().__init__(name, **attributes)  # type: ignore[arg-type]
        self._folder = folder

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the work."""
        package = importlib.import_module(self._folder)
        names = [found.name.rstrip("_") for found in pkgutil.iter_modules(package.__path__)]
        return sorted(names, key=lambda name: (getattr(self._module(name), "ORDER", 1000), name))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the command's own module."""
        package = importlib.import_module(self._folder)
        names = {found.name.rstrip("_") for found in pkgutil.iter_modules(package.__path__)}
        command = getattr(self._module(cmd_name), "command", None) if cmd_name in names else None
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a name, with "did you mean" where there is no such command."""
        command = self.get_command(ctx, args[0])
        if command is None and not ctx.resilient_parsing:
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=2)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            ctx.fail(f"No such command '{args[0]}'.{hint}")
        return args[0], command, args[1:]

    def _module(self, name: str) -> object:
        package = importlib.import_module(self._folder)
        known = {found.name for found in pkgutil.iter_modules(package.__path__)}
        return importlib.import_module(f"{self._folder}.{name if name in known else f'{name}_'}")
