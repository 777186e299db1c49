"""``tinykit session recover``."""

from __future__ import annotations

from pathlib import Path

import click

from tinykit.cli.common import Output, common_options

ORDER = 70


@click.command(
    "recover",
    short_help="Finish a session that was cut off.",
    help="""Make of a session that was killed what can honestly be made.

    Only what came to its end before is kept: windows with their guards, states. At most the last second of
    data is lost. The session is marked as recovered, and its verdict says so. Exit code 4 where the verdict
    fails.""",
    epilog="Example: tinykit session recover sessions/kws-1",
)
@click.argument("folder", type=click.Path(path_type=Path))
@common_options
def command(output: Output, folder: Path) -> None:
    """Recover, then show."""
    from tinykit.cli.measure_view import require_pass
    from tinykit.cli.session_view import recover_view
    from tinykit.lab.recover import recover

    output.progress.start("Reading what is there")
    result = recover(folder)
    output.progress.finish(f"{result.kept} phases")
    output.emit(result.to_dict(), lambda console: console.print(recover_view(result)))
    require_pass(result.report)
