"""Whole models on this computer, with the portable kernels: byte for byte LiteRT's reference."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from compiler.generated import compare
from compiler.host import outputs
from compiler.operator_cases import Case
from graph.litert_reading import pack, unpack

from tinykit.graph.reader import parse_model

STEPS = 20
RUNS = 3


def case(path: Path, runs: int) -> Case:
    """The model with random inputs, half of them at the ends of the range."""
    rng = np.random.default_rng(7)
    model = path.read_bytes()
    main = parse_model(model).main
    inputs = []
    for tensor in map(main.tensor, main.inputs):
        limits = np.iinfo(tensor.dtype)
        array = rng.integers(limits.min, limits.max + 1, (runs, *tensor.shape))
        array[::2] = rng.choice([limits.min, limits.max, limits.min + 127], (len(array[::2]), *tensor.shape))
        inputs.append(array.astype(tensor.dtype))
    return Case(path.stem, model, tuple(inputs))


def test_digits_on_its_own_data(digits, tmp_path):
    with np.load(digits.eval) as data:
        images = data["x"][:50]
    main = parse_model(digits.tflite.read_bytes()).main
    quantization = main.tensor(main.inputs[0]).quantization
    assert quantization is not None
    stored = np.rint(images / quantization.scale[0] + quantization.zero_point[0])
    stored = np.clip(stored, -128, 127).astype(np.int8).reshape(50, *main.tensor(main.inputs[0]).shape)
    assert compare([Case("digits", digits.tflite.read_bytes(), (stored,))], tmp_path) == {"digits": 1}


@pytest.mark.parametrize("name", ["ad", "ic", "kws", "vww"])
def test_the_twins(name, checkout, tmp_path):
    path = checkout / "firmware_models" / "models" / name / f"{name}.tflite"
    assert compare([case(path, RUNS)], tmp_path, partial(outputs, flags=("-O2",))) == {name: 1}


@pytest.mark.parametrize("name", ["kws_ref_model", "pretrainedResnet_quant"])
def test_the_official_models(name, reference_models, tmp_path):
    assert compare(
        [case(reference_models / f"{name}.tflite", RUNS)], tmp_path, partial(outputs, flags=("-O2",))
    ) == {name: 1}


def revealed(path: Path, names: tuple[str, ...]) -> bytes:
    """The model with the results of all operators called ``names`` as further outputs."""
    model = unpack(path.read_bytes())
    main = parse_model(path.read_bytes()).main
    inner = [op.outputs[0] for op in main.operators if op.name in names]
    model.subgraphs[0].outputs = [*main.outputs, *inner]
    model.signatureDefs = []
    return pack(model)


def test_every_layer_of_the_wake_words(wakeword_models, tmp_path):
    """The score of random sound is mostly 0 at both; the layers before it say more."""
    cases = []
    for path in wakeword_models:
        plain = case(path, STEPS)
        cases.append(
            replace(plain, model=revealed(path, ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")))
        )
    assert compare(cases, tmp_path) == {path.stem: 1 for path in wakeword_models}


def test_wake_words_over_many_steps(wakeword_models, tmp_path):
    cases = [case(path, STEPS) for path in wakeword_models]
    assert compare(cases, tmp_path) == {path.stem: 1 for path in wakeword_models}
