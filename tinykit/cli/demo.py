"""``tinykit demo``: the main job on real data, as the plain commands that a user would type."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinykit.cli.common import Output, common_options
from tinykit.errors import OutputError, TinykitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinykit.cli.demo_steps import Step

ORDER = 900

# -P: a file of the user's that is called like a module must not be imported instead of it.
_PYTHON = (sys.executable, "-P", "-m", "tinykit")


@dataclass(frozen=True)
class Outcome:
    """A step that ran: its exit code and, with --json, the document that it printed."""

    step: Step
    exit_code: int
    document: dict[str, Any] | None

    def to_dict(self) -> dict[str, Any]:
        """Return the step for the demo's own document."""
        return {
            "command": ["tinykit", *self.step.words],
            "exit_code": self.exit_code,
            "result": self.document,
        }


@click.command(
    "demo",
    short_help="Run the main job on real data, as plain commands.",
    help="""Run the main job on real data, as plain commands, each printed before it runs.

    A float model becomes int8, C and firmware; an emulated board runs it beside an emulated power meter; its
    joules are compared with a data centre's; a report says what came out. No board, no meter and no network
    are needed.

    The demo ends at the first step that fails, with its exit code.""",
    epilog="Example: tinykit demo -o demo",
)
@click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    metavar="DIR",
    help="The folder for what the demo makes.",
)
@click.option(
    "--board",
    default="virtual-m4",
    show_default=True,
    metavar="BOARD",
    help="An emulated board, or its .toml.",
)
@click.option(
    "--meter",
    type=click.Choice(["ppk2", "lpm01a"]),
    default="ppk2",
    show_default=True,
    help="The emulated meter.",
)
@click.option(
    "--model",
    default="digits",
    show_default=True,
    metavar="NAME|MODEL.keras",
    help="A reference model, or yours with calibration.npz and eval.npz beside it.",
)
@click.option(
    "--grid",
    default="KR,US,FR,SE",
    show_default=True,
    metavar="ZONE[,ZONE]",
    help="The device's grid, and others for the data centre.",
)
@common_options
def command(output: Output, out: Path, **words: str) -> None:
    """Run the steps; the first that fails ends the demo with its exit code."""
    from tinykit.cli.demo_steps import Choices, closing, find_paths, steps

    t_start = time.monotonic()
    choices = Choices(out, **words)
    paths = find_paths(choices)
    story = steps(choices, paths)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder {out} cannot be made: {error.strerror}.", hint="give another one with -o."
        ) from error
    outcomes = _tell(story, output)
    failed = next((one for one in outcomes if one.exit_code != 0), None)
    document = {
        "schema": "tinykit.demo",
        "schema_version": 1,
        "steps": [outcome.to_dict() for outcome in outcomes],
        "seconds": time.monotonic() - t_start,
        "closing": None if failed else closing(choices, paths),
    }
    output.emit(document, lambda console: console.print(f"\n{_end(document)}", soft_wrap=True, markup=False))
    if failed is not None:
        failure = TinykitError(
            f"The demo's step 'tinykit {failed.step.words[0]}' failed.",
            hint="what it said itself stands before this; the command can be run alone.",
            code="DEMO_STEP",
        )
        failure.exit_code = max(failed.exit_code, 1)
        raise failure


def _end(document: dict[str, Any]) -> str:
    from tinykit.pretty import format_duration

    took = format_duration(document["seconds"])
    return f"{document['closing']}\nThe demo took {took}." if document["closing"] else f"It took {took}."


def _tell(story: Sequence[Step], output: Output) -> list[Outcome]:
    """Run the steps until one fails; what serves goes on until the last one has ended."""
    outcomes: list[Outcome] = []
    with ExitStack() as serving:
        for number, step in enumerate(story, 1):
            if not output.json:
                _announce(step, f"{number} of {len(story)}")
            outcomes.append(_serve(step, serving) if step.serves else _run(step, output))
            if outcomes[-1].exit_code != 0:
                break
    return outcomes


def _serve(step: Step, serving: ExitStack) -> Outcome:
    """Start ``step`` and wait for its first line; ``serving`` stops it."""
    process = serving.enter_context(
        subprocess.Popen([*_PYTHON, *step.words, "--json", "--quiet"], stdout=subprocess.PIPE, text=True)
    )
    serving.callback(process.terminate)
    assert process.stdout is not None
    line = process.stdout.readline()
    document = json.loads(line) if line else None
    if document is None or "error" in document:
        return Outcome(step, process.wait() or 1, document)
    return Outcome(step, 0, document)


def _run(step: Step, output: Output) -> Outcome:
    argv = [*_PYTHON, *step.words]
    if output.json:
        done = subprocess.run([*argv, "--json", "--quiet"], stdout=subprocess.PIPE, check=False)
        return Outcome(step, done.returncode, json.loads(done.stdout) if done.stdout else None)
    argv += ["--quiet"] if output.quiet else []
    return Outcome(step, subprocess.run(argv, check=False).returncode, None)


def _announce(step: Step, place: str) -> None:
    from rich.markup import escape

    from tinykit.console import stdout_console

    behind = " &" if step.serves else ""
    stdout_console().print(
        f"\n{escape(f'[{place}] {step.why}')}\n[bold]$ {escape(step.line)}{behind}[/bold]", soft_wrap=True
    )
    sys.stdout.flush()
