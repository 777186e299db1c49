"""Every model at hand, exact to the byte wherever it fits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinykit.errors import BuildError
from tinykit.graph.reader import read_model
from tinykit.running.execute import RunOptions, RunReport, run_model

TWINS = ("kws", "ic", "vww", "ad")
BENCHMARK = ("kws_ref_model", "pretrainedResnet_quant")
TOO_LARGE_FOR_M0 = {"ic", "vww", "ad", "pretrainedResnet_quant"}
STREAM_STEPS = 20


def exact(model: Path, place: str, folder: Path, samples: int) -> RunReport:
    graph = read_model(model)
    shape = graph.main.tensors[graph.main.inputs[0]].shape
    x = np.random.default_rng(11).integers(-128, 128, (samples, *shape[1:])).astype(np.int8)
    np.save(folder / "x.npy", x)
    report = run_model(model, place, options=RunOptions(inputs=folder / "x.npy", check=True))
    assert report.check.state == "equal", report.check.note
    return report


@pytest.mark.slow
@pytest.mark.parametrize("name", TWINS)
def test_twins(name: str, checkout: Path, tmp_path: Path) -> None:
    model = checkout / "firmware_models" / "models" / name / f"{name}.tflite"
    exact(model, "virtual-m4", tmp_path, 2)
    if name not in TOO_LARGE_FOR_M0:
        exact(model, "virtual-m0", tmp_path, 2)
        return
    with pytest.raises(BuildError) as caught:
        exact(model, "virtual-m0", tmp_path, 2)
    assert caught.value.code == "BOARD_TOO_SMALL"


# Instructions are half of TFLite Micro's with CMSIS-NN, RAM is 0.85 of its arena.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "most_instructions", "most_ram"),
    [
        ("kws_ref_model", 7_845_360 // 2, 0.85 * 22_820),
        ("pretrainedResnet_quant", 29_875_000 // 2, 0.85 * 54_996),
    ],
)
def test_the_benchmarks_own_models_keep_their_budgets(
    name: str, most_instructions: int, most_ram: float, reference_models: Path, tmp_path: Path
) -> None:
    report = exact(reference_models / f"{name}.tflite", "virtual-m4", tmp_path, 2)
    assert report.result.counts.mean_instructions <= most_instructions
    assert report.ram_bytes <= most_ram
    assert report.build.size.flash_beside_weights <= 40_000
    if name not in TOO_LARGE_FOR_M0:
        exact(reference_models / f"{name}.tflite", "virtual-m0", tmp_path, 1)


@pytest.mark.slow
@pytest.mark.parametrize("i", range(4))
@pytest.mark.parametrize("board", ["virtual-m4", "virtual-m0"])
def test_wake_words_keep_their_state(
    i: int, board: str, wakeword_models: tuple[Path, ...], tmp_path: Path
) -> None:
    exact(wakeword_models[i], board, tmp_path, STREAM_STEPS)


@pytest.mark.slow
@pytest.mark.qemu
@pytest.mark.parametrize("name", [*TWINS, *BENCHMARK, 0, 1, 2, 3])
def test_qemu_agrees_and_counts_the_same(
    name: str | int, checkout: Path, request: pytest.FixtureRequest, tmp_path: Path, require
) -> None:
    require("qemu-system-arm")
    stream = isinstance(name, int)
    if stream:
        model = request.getfixturevalue("wakeword_models")[name]
    elif name in BENCHMARK:
        model = request.getfixturevalue("reference_models") / f"{name}.tflite"
    else:
        model = checkout / "firmware_models" / "models" / name / f"{name}.tflite"
    ours, theirs = (
        exact(model, place, tmp_path, STREAM_STEPS if stream else 1)
        for place in ("virtual-m4", "qemu:virtual-m4")
    )
    step = theirs.result.counts.instructions_step
    for counted, timed in zip(
        ours.result.counts.instructions, theirs.result.counts.instructions, strict=True
    ):
        assert abs(counted - timed) <= 2 * step
    assert ours.result.counts.stack_bytes == theirs.result.counts.stack_bytes
