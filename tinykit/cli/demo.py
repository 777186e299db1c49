"""``tinykit demo``: the main job on real data, as the plain commands that a user would type."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinykit.cli.common import Output, common_options
from tinykit.errors import OutputError, TinykitError

if TYPE_CHECKING:
    from rich.console import Console

ORDER = 900

BOARD = "virtual-m4"
METER = "ppk2"
# -P: a file of the user's that is called like a module must not be imported instead of it.
_PYTHON = (sys.executable, "-P", "-m", "tinykit")
CLOSING = """\
{model} is a full-integer model, checked on data that neither its training nor its calibration saw.
Its report, with every figure and the hashes of what went in, is {report}.
{firmware} holds the model as C99 for any project, and the board's image. It ran SIMULATED: instructions are
counted, cycles are modelled, and nothing has run on hardware.
{session} is the measurement: raw samples, windows, budget and verdict. Board and meter were emulated, so its
joules say how well the measuring works, and nothing about a real chip.
Now with a model of your own: tinykit convert MODEL --calibration DATA --eval DATA -o OUT.tflite"""


@dataclass(frozen=True)
class Step:
    """One command of the demo; ``why`` is printed above it.

    One that ``serves`` goes on beside the following steps, from its first line on, and is stopped at the end.
    """

    why: str
    words: tuple[str, ...]
    serves: bool = False

    @property
    def line(self) -> str:
        """The step as a user would type it."""
        return shlex.join(("tinykit", *self.words))


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


def steps(out: Path) -> tuple[Step, ...]:
    """Return what the demo runs, in order; every file that it makes goes into ``out``."""
    from tinykit.resources import firmware_models

    digits = firmware_models() / "models" / "digits"
    data = [arg for name in ("calibration", "eval") for arg in (f"--{name}", _short(digits / f"{name}.npz"))]
    model = _short(out / "digits.tflite")
    ports, bench = out / "ports", out / "bench"
    return (
        Step(
            "A float network that reads handwritten digits becomes int8, and may lose half a point at most:",
            ("convert", _short(digits / "digits.keras"), *data, "--max-drop", "0.005", "-o", model),
        ),
        Step("What the int8 model is made of, and what it would need on a board:", ("inspect", model)),
        Step(
            "The same model as C, and as an image for a Cortex-M4 (emulated here):",
            ("build", model, "--board", BOARD, "-o", _short(out / "firmware")),
        ),
        Step(
            "The image runs on the emulated board, and every output byte must be the reference's:",
            ("run", model, "--on", BOARD, "--input", _short(digits / "eval.npz"), "--check"),
        ),
        Step(
            "The same board on a serial port, as a real one would be; any program may open it:",
            ("emulate", "--board", BOARD, "--model", model, "--pace", "fast", "--ports", _short(ports)),
            serves=True,
        ),
        Step(
            "Over that port, in the serial dialect of MLPerf Tiny, with uploads and outputs under a CRC:",
            ("run", model, "--on", _short(ports / "board"), *_samples(digits), "--limit", "20", "--check"),
        ),
        Step(
            "The board again, supplied by an emulated power meter that watches its marker pin, on one clock:",
            (
                *("emulate", "--board", BOARD, "--model", model, "--pace", "fast"),
                *("--meter", METER, "--ports", _short(bench)),
            ),
            serves=True,
        ),
        Step(
            "Five windows of ten seconds: how many joules an inference costs, and how sure that is:",
            (
                *("measure", model, "--on", _short(bench / "board")),
                *("--meter", f"{METER}:{_short(bench / 'meter')}", "--voltage", "3.0"),
                *(*_samples(digits), "-o", _short(_new_session(out))),
            ),
        ),
    )


def _new_session(out: Path) -> Path:
    """The first of session-1, session-2, … that is not there: sessions are kept."""
    return next(path for n in count(1) if not (path := out / f"session-{n}").exists())


def _samples(digits: Path) -> tuple[str, str]:
    return "--input", _short(digits / "eval.npz")


@click.command(
    "demo",
    short_help="Run the main job on real data, as plain commands.",
    help="Run the main job on real data, as plain commands, each printed before it runs.",
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
@common_options
def command(output: Output, out: Path) -> None:
    """Run the steps; the first that fails ends the demo with its exit code."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder {out} cannot be made: {error.strerror}.", hint="give another one with -o."
        ) from error
    outcomes = []
    with ExitStack() as serving:
        for step in steps(out):
            outcomes.append(_serve(step, output, serving) if step.serves else _run(step, output))
            if outcomes[-1].exit_code != 0:
                break
    document = {
        "schema": "tinykit.demo",
        "schema_version": 1,
        "steps": [outcome.to_dict() for outcome in outcomes],
    }
    last = outcomes[-1]
    output.emit(
        document, lambda console: None if last.exit_code else _close(console, out, last.step.words[-1])
    )
    if last.exit_code != 0:
        failure = TinykitError(
            f"The demo's step 'tinykit {last.step.words[0]}' failed.",
            hint="what it said itself stands before this; the command can be run alone.",
            code="DEMO_STEP",
        )
        failure.exit_code = max(last.exit_code, 1)
        raise failure


def _serve(step: Step, output: Output, serving: ExitStack) -> Outcome:
    """Start ``step`` and wait for its first line; ``serving`` stops it."""
    if not output.json:
        _announce(step)
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
    _announce(step)
    return Outcome(step, subprocess.run(argv, check=False).returncode, None)


def _announce(step: Step) -> None:
    from rich.markup import escape

    from tinykit.console import stdout_console

    behind = " &" if step.serves else ""
    stdout_console().print(
        f"\n{escape(step.why)}\n[bold]$ {escape(step.line)}{behind}[/bold]", soft_wrap=True
    )
    sys.stdout.flush()


def _close(console: Console, out: Path, session: str) -> None:
    from rich.text import Text

    model = _short(out / "digits.tflite")
    text = CLOSING.format(
        model=model,
        report=_short(out / "digits.json"),
        firmware=_short(out / "firmware"),
        session=session,
    )
    console.print()
    console.print(Text(text), soft_wrap=True)


def _short(path: Path) -> str:
    """Return the path from here where it lies below, so that the printed command stays readable."""
    whole, here = path.absolute(), Path.cwd()
    return os.fspath(whole.relative_to(here) if whole.is_relative_to(here) else whole)
