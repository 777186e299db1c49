"""Inputs as MLPerf Tiny's host sends them, for the benchmarks that have another form than the model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiler.operator_cases import Case
from compiler.oracle import expected
from compiler.writer import Writer
from wire.pipes import HostBoard, hex_commands, raw_output

from tinykit.compiler.build import compile_graph
from tinykit.errors import ModelError
from tinykit.graph.reader import read_model
from tinykit.wire import parse

Make = Callable[..., HostBoard]


@pytest.fixture(scope="session")
def models(checkout: Path) -> Path:
    return checkout / "firmware_models" / "models"


def ends(board: HostBoard) -> dict[str, tuple[str, ...]]:
    return {line.name: line.fields for line in map(parse, board.ask("tk info%")) if line.name}


def test_ic01_takes_bytes_128_too_high(make_board: Make, models: Path) -> None:
    path = models / "ic" / "ic.tflite"
    board = make_board(path, mlperf="ic01")
    pixels = np.random.default_rng(1).integers(0, 256, (1, 1, 32, 32, 3), np.uint8)
    truth = expected(Case("ic", path.read_bytes(), ((pixels.astype(np.int16) - 128).astype(np.int8),)))[0]
    said = board.run(*hex_commands(pixels.tobytes()), "infer 1 0%", "tk output 0%", "profile%")
    assert raw_output(said.replies[-2]) == truth.tobytes()
    assert "m-model-[ic01]" in said.replies[-1]
    own = make_board(path)
    told, raw = ends(board)["tk-input"], ends(own)["tk-input"]
    assert told[:3] == ("0", "uint8", "3072")
    assert int(told[4]) == int(raw[4]) + 128
    assert told[3] == raw[3]


def test_kws01_takes_int8_and_cuts_decimals(make_board: Make, models: Path) -> None:
    path = models / "kws" / "kws.tflite"
    board, plain = make_board(path, mlperf="kws01"), make_board(path)
    data = np.random.default_rng(2).integers(-128, 128, (1, 1, 49, 10, 1)).astype(np.int8)
    commands = [*hex_commands(data.tobytes()), "infer 1 0%", "tk output 0%"]
    cut, rounded = board.run(*commands), plain.run(*commands)
    output = raw_output(cut.replies[-1])
    assert output == raw_output(rounded.replies[-1])
    real = (np.frombuffer(output, np.int8).astype(int) + 128) / 256
    shown = [parse(said.replies[-2][-1]).fields for said in (cut, rounded)]
    assert shown[0] == tuple(f"{np.floor(x * 1000) / 1000:.3f}" for x in real)
    assert shown[1] == tuple(f"{x:.3f}" for x in real)


def test_ad01_takes_floats_and_gives_the_error(make_board: Make, models: Path) -> None:
    path = models / "ad" / "ad.tflite"
    board = make_board(path, mlperf="ad01")
    main = read_model(path).main
    into, out = (main.tensor(i).quantization for i in (main.inputs[0], main.outputs[0]))
    scale = np.float32(into.scale[0])
    real = np.random.default_rng(3).normal(0, 60 * scale, 640).astype(np.float32)
    real[:5] = np.array([0.5, -0.5, 1.5, 300, -300], np.float32) * scale
    ratio = real / scale
    away = np.trunc(ratio) + np.sign(ratio) * (np.abs(ratio - np.trunc(ratio)) >= 0.5)
    stored = np.clip(away + into.zero_point[0], -128, 127).astype(np.int8)
    truth = expected(Case("ad", path.read_bytes(), (stored.reshape(1, 1, 640),)))[0].ravel()
    said = board.run(*hex_commands(real.tobytes()), "infer 1 1%", "tk output 0%")
    assert raw_output(said.replies[-1]) == truth.tobytes()
    back = (truth.astype(np.float64) - out.zero_point[0]) * out.scale[0]
    fields = parse(said.replies[-2][-1]).fields
    assert len(fields) == 1
    assert float(fields[0]) == pytest.approx(np.mean((back - real) ** 2), rel=1e-4, abs=0.001)
    assert ends(board)["tk-input"] == ("0", "float32", "2560", "00000000", "0", "1x640")


def test_ad01_clamps_what_is_no_number(make_board: Make, models: Path) -> None:
    """In place of an undefined conversion: the lowest for NaN, the ends for what is beyond them."""
    board = make_board(models / "ad" / "ad.tflite", mlperf="ad01")
    for odd, plain in ((np.nan, -1e6), (np.inf, 1e6), (-np.inf, -1e6), (3e38, 1e6)):
        outputs = []
        for value in (odd, plain):
            data = np.full(640, value, np.float32).tobytes()
            outputs.append(board.run(*hex_commands(data), "infer 1 0%", "tk output 0%").replies[-1])
        assert outputs[0] == outputs[1]


def test_ad01_counts_floats(make_board: Make, models: Path) -> None:
    board = make_board(models / "ad" / "ad.tflite", mlperf="ad01")
    said = board.run("db load 8%", f"db {'00' * 8}%", "infer 1 0%")
    assert b"Input db has 2 elemented, expected 640\n" in said.raw


@pytest.mark.parametrize(("kind", "mlperf"), [("uint8", "ic01"), ("float32", "ad01")])
def test_a_model_of_another_kind_is_refused(tmp_path: Path, kind: str, mlperf: str, models: Path) -> None:
    w = Writer()
    options: dict[str, Any] = {} if kind == "float32" else {"scale": 0.5, "zero_point": 3}
    x = w.tensor([1, 4], kind, **options)
    y = w.tensor([1, 4], "int8", scale=0.5, zero_point=0)
    w.op("QUANTIZE", [x], [y])
    path = tmp_path / "m.tflite"
    path.write_bytes(w.finish([x], [y]))
    with pytest.raises(ModelError) as caught:
        compile_graph(read_model(path), mlperf=mlperf)
    assert caught.value.code == "MLPERF_MODEL"
    with pytest.raises(ModelError) as uneven:
        compile_graph(read_model(models / "digits" / "digits.tflite"), mlperf="ad01")
    assert "10 of int8 for 64" in uneven.value.message
