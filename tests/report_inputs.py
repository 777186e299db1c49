"""What reports are made of, made as a user makes it: sessions, comparisons, a conversion, a build."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner
from sessions import Script, record, session

from tinykit.bench.meters.ppk2 import Ppk2Faults
from tinykit.cli.group import cli
from tinykit.lab.analysis import analyse
from tinykit.lab.calibration import Calibration, Term
from tinykit.lab.finish import finish
from tinykit.lab.recorder import FILES
from tinykit.lab.start import START, read_start
from tinykit.resources import firmware_models

HOSTILE = (
    '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    "' onfocus='alert(3) javascript:alert(4) https://a.example/\"onload=x [click](javascript:alert(5))"
    " \0\x1b[31m\u202egnp\u200f{{7*7}} $\\frac{ ]]>--!>|`*"
)
DIGITS = firmware_models() / "models" / "digits"
FEW = ("--draws", "500", "--seed", "3", "--no-plots")


@dataclass(frozen=True)
class Inputs:
    """Where everything lies: a session, a comparison that begins with it, one of a published board."""

    session: Path
    simulated: Path
    published: Path
    conversion: Path
    build: Path
    inspection: Path

    @property
    def all(self) -> list[Path]:
        return [self.session, self.simulated, self.conversion, self.build, self.inspection]


def command(*words: object) -> str:
    """What ``tinykit WORDS`` prints on stdout."""
    ran = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def make_inputs(folder: Path) -> Inputs:
    """All of them in ``folder``."""
    session(folder / "session", Script(windows=2), faults=Ppk2Faults(losses=((25_900, 20),)))
    compare("--edge", folder / "session", "--grid", "KR,US", "-o", folder / "simulated")
    compare("--edge", "mlperf:v1.3/NUCLEO_L4R5ZI-P/vww", "-o", folder / "published")
    model = DIGITS / "digits.tflite"
    printed = {
        "build.json": ("build", model, "--board", "virtual-m4", "-o", folder / "fw", "--json", "-q"),
        "inspect.json": ("inspect", model, "--json", "-q"),
    }
    for name, words in printed.items():
        (folder / name).write_text(command(*words), encoding="utf-8")
    return Inputs(
        folder / "session",
        folder / "simulated",
        folder / "published",
        DIGITS / "digits.json",
        folder / "build.json",
        folder / "inspect.json",
    )


def make_example(folder: Path) -> None:
    """What the example of ``tinykit report --help`` names."""
    session(folder / "session-1")
    compare("--edge", "mlperf:v1.3/NUCLEO_L4R5ZI-P/vww", "-o", folder / "comparison")
    shutil.copy(DIGITS / "digits.json", folder / "model.json")


def compare(*words: object) -> None:
    """``tinykit compare`` with few draws."""
    command("compare", *words, *FEW, "-q")


def phases_session(folder: Path) -> Path:
    """A recording of five cycles of four phases, imported with their map; ``folder`` gets its files."""
    rate_hz, cycle = 100_000, ((4, 0.030, 20e-6), (1, 0.010, 4e-3), (3, 0.020, 12e-3), (2, 0.010, 30e-3))
    lengths = [round(seconds * rate_hz) for _, seconds, _ in cycle] * 5
    codes = np.repeat([code for code, _, _ in cycle] * 5, lengths)
    lines = np.full(len(codes), 0x5555, "<u2")
    for line in range(3):
        lines ^= np.where(codes >> line & 1, 0b11 << 2 * line, 0).astype("<u2")
    records = np.zeros(len(codes), [("ua", "<f4"), ("lines", ">u2")])
    records["ua"] = np.repeat([amperes * 1e6 for _, _, amperes in cycle] * 5, lengths)
    records["lines"] = lines
    about = {"formatVersion": 2, "metadata": {"samplesPerSecond": rate_hz}}
    with zipfile.ZipFile(folder / "run.ppk2", "w") as archive:
        archive.writestr("session.raw", records.tobytes())
        archive.writestr("metadata.json", json.dumps(about))
    bound = Calibration("ppk2#5", "ppk2", "a certificate", True, (Term("gain", "normal", 0.01),))
    (folder / "bound.json").write_text(json.dumps(bound.to_dict()))
    (folder / "map.toml").write_text(
        'cycle = "sense"\n[phases]\n1 = "sense"\n3 = "think"\n2 = "radio"\n4 = "rest"\n'
    )
    words = (
        "--voltage",
        3.0,
        "--calibration",
        folder / "bound.json",
        "--short",
        "-o",
        folder / "phases",
        "-q",
    )
    command("session", "import", folder / "run.ppk2", "--phases", folder / "map.toml", *words)
    return folder / "phases"


def hostile_session(folder: Path) -> Path:
    """A session whose names and notes want to be more than text, sealed as ``measure`` seals it."""
    known = replace(record(folder), complete=True)
    facts = {
        **read_start(folder).facts,
        "model": {"name": HOSTILE, "sha256": HOSTILE},
        "board": {"ran_on": HOSTILE, "text": HOSTILE, "name": HOSTILE, "firmware_sha256": HOSTILE},
        "notes": HOSTILE,
    }
    finish(folder, facts, known, analyse(folder, known), [*FILES, START])
    return folder


def hostile_document(path: Path, to: Path) -> Path:
    """The JSON document in ``path`` with a hostile text in place of every name in it."""
    to.write_text(json.dumps(_hostile(json.loads(path.read_bytes()))), encoding="utf-8")
    return to


def _hostile(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _hostile(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_hostile(one, key) for one in value]
    kept = key in ("schema", "kind", "kinds", "unit", "column", "policy", "than", "mode", "key", "site")
    return f"{value}{HOSTILE}" if isinstance(value, str) and not kept else value
