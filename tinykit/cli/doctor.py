"""``tinykit doctor``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykit.cli.common import Output, common_options, config_option
from tinykit.errors import GateError

if TYPE_CHECKING:
    from rich.console import Console

    from tinykit.doctor import Diagnosis

ORDER = 10


@click.command(
    "doctor",
    short_help="Say what this machine can do, and how to get what is missing.",
    help="""Say what this machine can do, and how to get what is missing.

    "installed" is there and was not tried, because that takes long. "missing" is no fault: install it when
    you need what it is for. "problem" is there and does not work; then the exit code is 4.""",
    epilog="Example: tinykit doctor",
)
@config_option
@common_options
def command(output: Output, config_path: Path | None) -> None:
    """Examine the machine, print the findings, exit 4 where something is broken."""
    from tinykit.doctor import examine

    diagnosis = examine(config_path, progress=output.progress)
    output.emit(diagnosis.to_dict(), lambda console: _render(console, diagnosis))
    if diagnosis.problems:
        names = ", ".join(check.name for check in diagnosis.problems)
        raise GateError(
            f"Installed or named, but not working: {names}.",
            hint="the list says what to do about each.",
            code="DOCTOR_PROBLEM",
        )


def _render(console: Console, diagnosis: Diagnosis) -> None:
    from rich.text import Text

    from tinykit.console import table

    styles = {"ok": "green", "installed": "cyan", "missing": "dim", "problem": "bold red"}
    rows = []
    group = ""
    for check in diagnosis.checks:
        heading = "" if check.group == group else check.group
        group = check.group
        state = Text(check.state, style=styles[check.state])
        found = f"{check.found}: {check.remedy}" if check.remedy else check.found
        rows.append((heading, state, check.name, check.purpose, found))
    console.print(table(("", "state", "part", "for", "found"), rows))
    counts = Counter(check.state for check in diagnosis.checks)
    console.print(
        f"\n{counts['ok']} ok, {counts['installed']} installed and not tried, {counts['missing']} missing, "
        f"{counts['problem']} with a problem."
    )
