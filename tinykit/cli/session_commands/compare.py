"""``tinykit session compare``."""

from __future__ import annotations

from pathlib import Path

import click

from tinykit.cli.common import Output, common_options
from tinykit.errors import GateError

ORDER = 50


@click.command(
    "compare",
    short_help="Compare the joules of two sessions.",
    help="""Compare two sessions: difference B - A and ratio B / A, with intervals, and whether they are
    significant.

    What differs beside the result is listed; some of it blocks the comparison (exit code 4). Errors of the
    meter cancel where both sessions share them: the same unit and calibration, in the same range.""",
    epilog="Example: tinykit session compare sessions/before sessions/after",
)
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@common_options
def command(output: Output, a: Path, b: Path) -> None:
    """Compare, then show."""
    from tinykit.cli.session_view import compare_view
    from tinykit.lab.compare import compare_sessions

    result = compare_sessions(a, b)
    output.emit(result.to_dict(), lambda console: console.print(compare_view(result)))
    if not result.is_comparable:
        codes = ", ".join(one.code for one in result.differences if one.effect == "blocks")
        raise GateError(
            f"These sessions cannot be compared: {codes}.",
            hint="measure both with the same meter and rail, or calibrate the meters.",
            code="NOT_COMPARABLE",
        )
