"""Models that TensorFlow's converter made, as cases. TensorFlow runs in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from compiler.operator_cases import RUNS, Case, stored

from tinykit.graph.reader import parse_model

PROGRAM = Path(__file__).with_name("converter_models.py")


def converter_cases(seed: int, numbers: Sequence[int], folder: Path) -> list[Case]:
    """The models of these numbers, which must be neighbours."""
    words = [str(folder), str(seed), str(numbers[0]), str(numbers[-1] + 1)]
    done = subprocess.run([sys.executable, str(PROGRAM), *words], capture_output=True, timeout=1800)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    return [_case(seed, number, (folder / f"{number:04d}.tflite").read_bytes()) for number in numbers]


def _case(seed: int, number: int, model: bytes) -> Case:
    graph = parse_model(model).main
    given = graph.tensor(graph.inputs[0])
    rng = np.random.default_rng([seed, 3, number])
    if given.dtype == "float32":
        x = (20 * rng.normal(size=(RUNS, *given.shape))).astype(np.float32)
    else:
        x = stored(rng, given.shape, given.dtype)
    return Case("converter", model, (x,))
