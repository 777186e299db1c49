"""The demo's story: the commands it runs, in order, and what they mean in the end."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from itertools import count
from math import prod
from pathlib import Path

import numpy as np

from tinykit.boards import load_board
from tinykit.errors import InputError
from tinykit.lab.store import open_session
from tinykit.pretty import format_estimate
from tinykit.resources import firmware_models

DATA = ("calibration", "eval")
_NEXT = "With a model of your own: tinykit convert MODEL --calibration DATA --eval DATA -o OUT.tflite"


@dataclass(frozen=True)
class Choices:
    """What the user may change. ``model`` is a reference model's name, or a .keras file with its data beside
    it; ``grid`` are zones, of which the first is the device's."""

    out: Path
    board: str = "virtual-m4"
    meter: str = "ppk2"
    model: str = "digits"
    grid: str = "KR,US,FR,SE"


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
class Paths:
    """Where the demo's files are: what it reads, and what it makes."""

    keras: Path
    calibration: Path
    evaluation: Path
    model: Path
    report: Path
    firmware: Path
    ports: Path
    bench: Path
    session: Path
    shared: Path
    dedicated: Path
    page: Path


def find_paths(choices: Choices) -> Paths:
    """Raises InputError, code DEMO_MODEL, where the model or its data are not there."""
    named = firmware_models() / "models" / choices.model
    keras = named / f"{choices.model}.keras" if named.is_dir() else Path(choices.model)
    data = [keras.parent / f"{name}.npz" for name in DATA]
    missing = next((path for path in (keras, *data) if not path.is_file()), None)
    if missing is not None or keras.suffix != ".keras":
        names = ", ".join(sorted(path.parent.name for path in firmware_models().glob("models/*/*.keras")))
        raise InputError(
            f"--model {choices.model}: {missing or keras} is not there, or is no .keras file.",
            hint=f"name one of {names}, or a .keras file with calibration.npz and eval.npz beside it.",
            code="DEMO_MODEL",
        )
    out, name = choices.out, keras.stem
    return Paths(
        keras=keras,
        calibration=data[0],
        evaluation=data[1],
        model=out / f"{name}.tflite",
        report=out / f"{name}.json",
        firmware=out / "firmware",
        ports=out / "ports",
        bench=out / "bench",
        session=next(path for n in count(1) if not (path := out / f"session-{n}").exists()),
        shared=out / "shared",
        dedicated=out / "dedicated",
        page=out / "report.html",
    )


def steps(choices: Choices, paths: Paths) -> tuple[Step, ...]:
    """What the demo runs, in order. Raises InputError where the board cannot be emulated."""
    if not load_board(choices.board).is_emulated:
        raise InputError(
            f"The demo emulates its board, and '{choices.board}' cannot be emulated.",
            hint="tinykit boards lists those that can.",
            code="BOARD_NOT_EMULATED",
        )
    return (
        *_model_steps(choices.board, paths),
        *_bench_steps(choices, paths),
        *_answer_steps(choices, paths),
    )


def _model_steps(board: str, paths: Paths) -> tuple[Step, ...]:
    model, data = short(paths.model), short(paths.evaluation)
    return (
        Step(
            "A float network becomes int8, and may lose half a point at most on data it has never seen:",
            (
                *("convert", short(paths.keras), "--calibration", short(paths.calibration)),
                *("--eval", data, "--max-drop", "0.005", "-o", model),
            ),
        ),
        Step("What the int8 model is made of, and what it would need on a board:", ("inspect", model)),
        Step(
            "The same model as C, and as an image for a microcontroller (emulated here):",
            ("build", model, "--board", board, "-o", short(paths.firmware)),
        ),
        Step(
            "The image runs on the emulated board, and every output byte must be the reference's:",
            ("run", model, "--on", board, "--input", data, "--limit", "100", "--check"),
        ),
    )


def _bench_steps(choices: Choices, paths: Paths) -> tuple[Step, ...]:
    model, samples = short(paths.model), ("--input", short(paths.evaluation))
    emulate = ("emulate", "--board", choices.board, "--model", model, "--pace", "fast")
    return (
        Step(
            "The same board on a serial port, as a real one would be; any program may open it:",
            (*emulate, "--ports", short(paths.ports)),
            serves=True,
        ),
        Step(
            "Over that port, in the serial dialect of MLPerf Tiny, with uploads and outputs under a CRC:",
            (
                *("run", model, "--on", short(paths.ports / "board"), *samples),
                *("--limit", "20", "--seconds", "2", "--check"),
            ),
        ),
        Step(
            "The board again, supplied by an emulated power meter that watches its marker pin, on one clock:",
            (*emulate, "--meter", choices.meter, "--ports", short(paths.bench)),
            serves=True,
        ),
        Step(
            "Five windows of ten seconds, idle and sleep: how many joules an inference costs, and how sure "
            "that is:",
            (
                *("measure", model, "--on", short(paths.bench / "board")),
                *("--meter", f"{choices.meter}:{short(paths.bench / 'meter')}", "--voltage", "3.0"),
                *("--states", "idle,sleep", *samples, "-o", short(paths.session)),
            ),
        ),
    )


def _answer_steps(choices: Choices, paths: Paths) -> tuple[Step, ...]:
    shared, dedicated = short(paths.shared), short(paths.dedicated)
    sources = (shared, dedicated, *map(short, (paths.session, paths.report, paths.model)))
    return (
        Step(
            "Those joules against an A10 that others share: the device reports 1 % of its decisions over "
            "Wi-Fi, from a primary cell; the data centre stands in each grid in turn:",
            (
                *("compare", "--edge", short(paths.session), "--cloud", "shared:a10"),
                *("--network", "wifi,average", "--grid", choices.grid, "--supply", "primary"),
                *("--payload", str(input_bytes(paths.evaluation)), "--report-share", "0.01"),
                *("--sweep", "cloud.case=shared,dedicated", "--sweep", "supply.kind=primary,rechargeable"),
                *("-o", shared),
            ),
        ),
        Step(
            "Again from the scenario that it wrote, with an A10 of one's own and a rechargeable cell:",
            (
                *("compare", str(Path(shared) / "scenario.toml"), "--cloud", "dedicated:a10"),
                *("--supply", "rechargeable:li-ion", "-o", dedicated),
            ),
        ),
        Step(
            "All of it on one page that needs no network:",
            ("report", *sources, "-o", short(paths.page)),
        ),
    )


def input_bytes(data: Path) -> int:
    """Bytes of one input as int8, a byte a value: what a node would send."""
    with np.load(data) as arrays:
        return prod(arrays["x"].shape[1:])


def closing(choices: Choices, paths: Paths) -> str:
    """What was modelled, what was measured, and what it means: from the files that the demo has made."""
    session = open_session(paths.session, raw=False)
    joules = "no number" if session.headline is None else format_estimate(session.headline)
    documents = [json.loads((p / "comparison.json").read_bytes()) for p in (paths.shared, paths.dedicated)]
    shared, dedicated = (document["answers"]["edge"] for document in documents)
    return (
        f"Measured on hardware: nothing. {choices.board} and the {choices.meter} are emulated: instructions "
        f"are counted, cycles and power modelled. So {joules} an inference (SIMULATED) says how well the "
        "measuring works; a real chip may differ by tens of per cent. What is real is the accuracy, of the "
        "int8 model on data it had not seen, and that the board's outputs are the reference's to the byte. "
        "Radio, network, servers and grids are figures that others published, or judgements marked as "
        "assumed. What it means, for a device that decides by itself and reports 1 %, beside an A10 that "
        f"others share: {shared} Beside an A10 of one's own, with a rechargeable cell: {dedicated} Both hold "
        "for the scenario.toml beside them and leave out what they list without a figure; "
        f"{short(paths.page)} shows every figure with its kind and its source.\n\n{_NEXT}"
    )


def short(path: Path) -> str:
    """Return the path from here where it lies below, so that the printed command stays readable."""
    whole, here = path.absolute(), Path.cwd()
    return os.fspath(whole.relative_to(here) if whole.is_relative_to(here) else whole)
