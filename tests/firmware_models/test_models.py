"""The reference models are whole, alive, accurate, and what their cards say."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tinykit.graph.macs import macs
from tinykit.graph.model import Graph
from tinykit.graph.reader import read_model
from tinykit.resources import firmware_models
from tinykit.runtime import choose_runtime, infer

MODELS = firmware_models() / "models"
MACS = {"digits": 42_752, "kws": 2_656_768, "ic": 12_501_632, "vww": 7_489_664, "ad": 264_192}
SHAPES = {
    "digits": ((1, 8, 8, 1), (1, 10)),
    "kws": ((1, 49, 10, 1), (1, 12)),
    "ic": ((1, 32, 32, 3), (1, 10)),
    "vww": ((1, 96, 96, 3), (1, 2)),
    "ad": ((1, 640), (1, 640)),
}
ORIGINALS = {"kws": "kws_ref_model.tflite", "ic": "pretrainedResnet_quant.tflite"}
TWINS = ("kws", "ic", "vww", "ad")
NAMES = tuple(MACS)
AUC_ABOVE_CHANCE, TOP1_TIMES_CHANCE = 0.8, 1.5

each_model = pytest.mark.parametrize("name", NAMES)


def tflite(name: str) -> Path:
    return MODELS / name / f"{name}.tflite"


def evaluation(name: str) -> tuple[np.ndarray, np.ndarray]:
    with np.load(MODELS / name / "eval.npz") as data:
        return data["x"], data["y"]


def layers(graph: Graph) -> list[tuple[Any, ...]]:
    """Operators with the shapes of what they read and write, and how they stride and pad; RESHAPEs left out.

    A RESHAPE moves no byte, and TensorFlow 2.21 folds the one that the original files have before their
    dense layer, which then reads the pool's 1x1x1xN: hence the dense layer's input in flat form.
    """
    main = graph.main

    def shape(index: int) -> tuple[int, ...]:
        return tuple(n for n in main.tensor(index).shape if n != 1)

    return [
        (
            op.name,
            [shape(i) for i in op.inputs],
            [shape(i) for i in op.outputs],
            {k: v for k, v in op.options.items() if k.startswith(("padding", "stride", "fused", "filter"))},
        )
        for op in main.operators
        if op.name != "RESHAPE"
    ]


@pytest.fixture(scope="module")
def figures() -> ModuleType:
    spec = importlib.util.spec_from_file_location("model_figures", MODELS / "figures.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@each_model
def test_folder_is_complete(name: str) -> None:
    wanted = {
        f"{name}.keras",
        f"{name}.tflite",
        f"{name}.json",
        "train.py",
        "calibration.npz",
        "eval.npz",
        "card.md",
    }
    assert wanted <= {path.name for path in (MODELS / name).iterdir()}


def test_all_models_stay_small() -> None:
    assert sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file()) < 6_000_000


@each_model
def test_macs_and_shapes(name: str) -> None:
    main = read_model(tflite(name)).main
    assert sum(macs(op, main) for op in main.operators) == MACS[name]
    ends = [main.tensor(index) for index in (*main.inputs, *main.outputs)]
    assert tuple(tensor.shape for tensor in ends) == SHAPES[name]
    assert {tensor.dtype for tensor in ends} == {"int8"}


@pytest.mark.parametrize("name", ORIGINALS)
def test_twin_has_the_layers_of_the_original(name: str, reference_models: Path) -> None:
    assert layers(read_model(tflite(name))) == layers(read_model(reference_models / ORIGINALS[name]))


def test_vww_and_ad_have_the_published_layers() -> None:
    operators = {name: [op.name for op in read_model(tflite(name)).main.operators] for name in ("vww", "ad")}
    separable = ["DEPTHWISE_CONV_2D", "CONV_2D"] * 13
    assert operators["vww"] == ["CONV_2D", *separable, "AVERAGE_POOL_2D", "FULLY_CONNECTED", "SOFTMAX"]
    assert operators["ad"] == ["FULLY_CONNECTED"] * 10


@each_model
def test_sidecar_describes_the_files_beside_it(name: str, figures: ModuleType) -> None:
    report = figures.sidecar(name)
    for part in ("model", "output", "calibration", "evaluation"):
        content = (MODELS / name / report[part]["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == report[part]["sha256"], part
    assert report["needs"]["macs"] == MACS[name]
    fatal_or_not = [finding["code"] for finding in report["findings"]]
    assert not fatal_or_not, "the project's own calibration data should please the project's own checks"


@each_model
def test_eval_was_not_calibrated_on(name: str) -> None:
    with np.load(MODELS / name / "calibration.npz") as data:
        seen = {sample.tobytes() for sample in data["x"]}
    x, y = evaluation(name)
    assert len(x) == len(y) >= 100
    assert not any(sample.tobytes() in seen for sample in x)


def test_digits_are_the_scanned_ones_and_a_fair_third() -> None:
    from sklearn.datasets import load_digits

    source = load_digits()
    real = {
        (image.astype(np.uint8).tobytes(), int(label))
        for image, label in zip(source.images, source.target, strict=True)
    }
    x, y = evaluation("digits")
    assert len(x) == len(source.target) // 3
    assert {(image.tobytes(), int(label)) for image, label in zip(x, y, strict=True)} <= real
    share = np.bincount(y, minlength=10) / len(y) - np.bincount(source.target) / len(source.target)
    assert np.abs(share).max() < 0.005


def test_digits_accuracy_recomputed(figures: ModuleType) -> None:
    accuracy = figures.sidecar("digits")["accuracy"]
    x, y = evaluation("digits")
    outputs = infer(choose_runtime(), tflite("digits").read_bytes(), x.astype(np.float32))
    int8_accuracy = float((outputs.argmax(axis=1) == y).mean())
    float_accuracy = accuracy["float"]["estimate"]["value"]
    assert float_accuracy >= 0.97
    assert abs(float_accuracy - int8_accuracy) <= 0.005
    assert int8_accuracy == pytest.approx(accuracy["int8"]["estimate"]["value"], abs=1e-9)


@pytest.mark.parametrize("name", TWINS)
def test_twins_learned_something_and_lose_little(name: str, figures: ModuleType) -> None:
    accuracy = figures.sidecar(name)["accuracy"]
    floor = AUC_ABOVE_CHANCE if name == "ad" else TOP1_TIMES_CHANCE / SHAPES[name][1][1]
    for kind in ("float", "int8"):
        assert floor < accuracy[kind]["estimate"]["value"] < 1
    assert accuracy["drop"]["value"] < 0.03


@each_model
def test_every_layer_is_alive(name: str) -> None:
    model = tflite(name).read_bytes()
    main = read_model(tflite(name)).main
    interpreter = choose_runtime().interpreter(model, preserve_all_tensors=True)
    x, _ = evaluation(name)
    results: dict[int, list[bytes]] = {}
    for sample in interpreter.inputs[0].accept(x[:20].astype(np.float32)):
        interpreter.invoke(sample[None])
        for op in main.operators:
            results.setdefault(op.index, []).append(interpreter.tensor(op.outputs[0]).tobytes())
    stuck = [index for index, values in results.items() if len(set(values)) < len(values) / 4]
    assert not stuck, [main.operators[index].name for index in stuck]


@each_model
def test_few_channels_are_dead(name: str, figures: ModuleType) -> None:
    dead, channels = figures.dead_channels(name)
    assert channels > 0
    assert dead <= 0.02 * channels


@each_model
def test_card_is_true_and_names_licence_and_command(name: str, figures: ModuleType) -> None:
    card = (MODELS / name / "card.md").read_text(encoding="utf-8")
    assert figures.BEGIN + figures.card_table(name) + figures.END in card
    assert "**Licence.**" in card
    assert f"tinykit convert firmware_models/models/{name}/{name}.keras" in card


@pytest.mark.parametrize("name", TWINS)
def test_card_of_a_twin_claims_nothing(name: str) -> None:
    card = " ".join((MODELS / name / "card.md").read_text(encoding="utf-8").split())
    assert "Nothing measured with it is an MLPerf result" in card


def test_readme_table_is_true(figures: ModuleType) -> None:
    assert figures.BEGIN + figures.readme_table() + figures.END in (MODELS / "README.md").read_text(
        encoding="utf-8"
    )


@pytest.mark.slow
def test_digits_can_be_made_again(tmp_path: Path, figures: ModuleType) -> None:
    """In a copy, so that the committed files stay; the copy finds the package through the environment."""
    copy = tmp_path / "firmware_models" / "models"
    copy.mkdir(parents=True)
    for file in ("recipe.py", "figures.py", "README.md"):
        shutil.copy(MODELS / file, copy)
    (copy / "digits").mkdir()
    for file in ("train.py", "card.md"):
        shutil.copy(MODELS / "digits" / file, copy / "digits")
    environment = {**os.environ, "PYTHONPATH": str(MODELS.parents[1])}
    command = [sys.executable, str(copy / "digits" / "train.py")]
    subprocess.run(command, check=True, timeout=500, env=environment, capture_output=True)

    def accuracy(folder: Path) -> float:
        x, y = evaluation("digits")
        outputs = infer(choose_runtime(), (folder / "digits.tflite").read_bytes(), x.astype(np.float32))
        return float((outputs.argmax(axis=1) == y).mean())

    for file in ("calibration.npz", "eval.npz"):
        with np.load(copy / "digits" / file) as new, np.load(MODELS / "digits" / file) as old:
            assert all(np.array_equal(new[key], old[key]) for key in ("x", "y"))
    assert accuracy(copy / "digits") == pytest.approx(accuracy(MODELS / "digits"), abs=0.01)
