"""The emitted folder, firmware included, as a static analyser sees it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tinykit.boards import load_board
from tinykit.compiler.image import build_model

# What it says that is meant: the linker's symbols mark the two ends of one region, and >> of a negative
# number is arithmetic in every compiler that can build for these cores (the exactness tests rely on it). With
# a model's own constants, some conditions of results.c are always the same: a single output, no negative one.
MEANT = (
    "comparePointers",
    "shiftTooManyBitsSigned",
    "missingIncludeSystem",
    "unusedFunction",
    "knownConditionTrueFalse:*/firmware/wire/results.c",
)


@pytest.mark.slow
@pytest.mark.parametrize("board", ["virtual-m4", "virtual-m0"])
@pytest.mark.parametrize("name", ["digits", "kws", "okay_nabu"])
def test_emitted_c_has_nothing_to_be_found(
    tmp_path: Path,
    checkout: Path,
    wakeword_models: tuple[Path, ...],
    require: Callable[[str], Path],
    name: str,
    board: str,
) -> None:
    cppcheck = require("cppcheck")
    ours = checkout / "firmware_models" / "models" / name / f"{name}.tflite"
    model = ours if ours.exists() else next(path for path in wakeword_models if path.stem == name)
    build_model(model, load_board(board), tmp_path / "out")
    out = tmp_path / "out"
    includes = [
        f"-I{out / folder}" for folder in ("", "kernels", "firmware", "firmware/wire", "firmware/include")
    ]
    dsp = ["-D__ARM_FEATURE_DSP=1", "-D__ARM_FP=4"] if board == "virtual-m4" else []
    done = subprocess.run(
        [
            cppcheck,
            "--quiet",
            "--std=c99",
            "--enable=warning,style,performance,portability",
            "--error-exitcode=1",
        ]
        + [f"--suppress={code}" for code in MEANT]
        + ["-D__GNUC__=12", *dsp, *includes, out],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert sum(1 for _ in out.rglob("*.c")) > 8
