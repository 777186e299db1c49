"""``tinykit completion``."""

from __future__ import annotations

import click

from tinykit.cli.common import Output, common_options

ORDER = 990


@click.command(
    "completion",
    short_help="Print the script that completes tinykit's commands in a shell.",
    help="""Print the script that completes tinykit's commands and options in SHELL.

    bash and zsh read it from ~/.bashrc or ~/.zshrc with eval "$(tinykit completion bash)"; fish from the file
    ~/.config/fish/completions/tinykit.fish.""",
    epilog="Example: tinykit completion bash",
)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@common_options
def command(output: Output, shell: str) -> None:
    """Print the completion script."""
    from click.shell_completion import get_completion_class

    from tinykit.cli.app import COMPLETION_VARIABLE
    from tinykit.cli.group import PROGRAM, cli
    from tinykit.console import print_plain

    kind = get_completion_class(shell)
    assert kind is not None
    complete = kind(cli, {}, PROGRAM, COMPLETION_VARIABLE)
    script = complete.source_template % complete.source_vars()
    document = {"schema": "tinykit.completion", "schema_version": 1, "shell": shell, "script": script}
    output.emit(document, lambda console: print_plain(script))
