"""``tinykit session import``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tinykit.cli.common import Output, common_options
from tinykit.errors import UsageError

ORDER = 60
_PATH = click.Path(path_type=Path)


@click.command(
    "import",
    short_help="Make a session of a file that another program recorded.",
    help="""Make a session of a recording: .ppk2, PPK2 CSV, .jls, MLPerf Tiny's results.json, EnergyRunner
    traces, CSV with units.

    A line that was recorded with the current marks the windows, with --n inferences in each; with --phases,
    several lines show codes, and each phase gets its joules. The meter's
    errors are those of its data sheet, unless --calibration brings better ones. Exit code 4 where the verdict
    fails: then there is no number.""",
    epilog="Example: tinykit session import run.ppk2 --marker D0 --n 100 --voltage 3.0 -o sessions/run",
)
@click.argument("file", type=_PATH)
@click.option("--marker", default="D0", show_default=True, metavar="LINE", help="The line with the windows.")
@click.option(
    "--level",
    type=click.Choice(["high", "low", "pulses"]),
    default="high",
    show_default=True,
    help="A window is while the line is high, or low, or between two pulses (MLPerf Tiny).",
)
@click.option(
    "--n", "inferences", type=click.IntRange(min=1), metavar="N", help="Inferences a window, or an 'infer'."
)
@click.option("--phases", type=_PATH, metavar="MAP.toml", help="What the codes on several lines mean.")
@click.option("--windows", type=click.IntRange(min=1), metavar="N", help="How many windows there must be.")
@click.option(
    "--windows-from",
    type=click.Choice(["marker", "power"]),
    default="marker",
    show_default=True,
    help="Without a marker: by edges of the power, labelled as such.",
)
@click.option("--idle", multiple=True, metavar="A..B", help="The board idles from A to B s: net energy.")
@click.option(
    "--guard",
    "guard_s",
    type=click.FloatRange(0, 3600),
    default=0.0,
    metavar="S",
    help="It idles for S seconds on both sides of each window.",
)
@click.option("--skip", type=click.IntRange(0), default=0, metavar="N", help="Leave out the first N of them.")
@click.option("--voltage", "voltage_v", type=float, metavar="V", help="The rail's voltage, in volts.")
@click.option("--voltage-source", default="", metavar="TEXT", help="Who measured it; else it is assumed.")
@click.option("--rail", default="", metavar="TEXT", help="Which wire was measured.")
@click.option("--calibration", type=_PATH, metavar="FILE", help="The meter's certificate, or its check.")
@click.option(
    "--column", "columns", multiple=True, metavar="NAME=UNIT", help="Of a table: 'I=current:mA', 'x=skip'."
)
@click.option("--rate", "sample_rate_hz", type=float, metavar="HZ", help="For files without times.")
@click.option("--trial", type=click.IntRange(min=0), metavar="K", help="One of several trials, from 0.")
@click.option("--short", "short_asked", is_flag=True, help="Windows under 10 s are meant to be: a warning.")
@click.option("--simulated", is_flag=True, help="The recording is an emulator's: stamp it.")
@click.option("--notes", default="", metavar="TEXT", help="Kept in the session.")
@click.option("-o", "--output", "out", required=True, type=_PATH, metavar="DIR", help="The new folder.")
@common_options
def command(output: Output, file: Path, columns: tuple[str, ...], out: Path, **words: Any) -> None:
    """Import, then show."""
    from tinykit.cli.measure_view import report_view, require_pass
    from tinykit.lab.import_windows import Pointed
    from tinykit.lab.importer import Recording, import_recording
    from tinykit.lab.phase_map import load_phase_map

    if words["inferences"] is None and words["phases"] is None:
        raise UsageError("How many inferences does a window hold?", hint="say --n N, or --phases MAP.toml.")
    if words["phases"] is not None:
        words["phases"] = load_phase_map(words["phases"])
    pointed = Pointed(words.pop("windows_from"), _stretches(words.pop("idle")), words.pop("guard_s"))
    recording = Recording(file, columns=_columns(columns), pointed=pointed, **words)
    report = import_recording(recording, out, output.progress)
    output.emit(report.to_dict(), lambda console: console.print(report_view(report)))
    require_pass(report)


def _columns(words: tuple[str, ...]) -> dict[str, str]:
    pairs = [word.rpartition("=") for word in words]
    for word, (name, _, unit) in zip(words, pairs, strict=True):
        if not name or not unit:
            raise UsageError(f"'{word}' says nothing of a column.", hint="write --column 'I=current:mA'.")
    return {name: unit for name, _, unit in pairs}


def _stretches(words: tuple[str, ...]) -> tuple[tuple[float, float], ...]:
    pairs = [word.partition("..") for word in words]
    try:
        return tuple((float(start), float(stop)) for start, _, stop in pairs)
    except ValueError as error:
        raise UsageError(
            f"'{words[0]}' is no stretch of time.", hint="write --idle 0.5..2.5, in seconds of the recording."
        ) from error
