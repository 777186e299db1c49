"""Files that TensorFlow's converter writes today are all read, and as LiteRT reads them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from graph.litert_reading import differences

from tinykit.graph.reader import read_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    program = Path(__file__).with_name("converter_zoo.py")
    done = subprocess.run([sys.executable, program, folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def test_every_kind_is_read_as_litert_reads_it(zoo: Path) -> None:
    paths = sorted(zoo.glob("*.tflite"))
    assert len(paths) == 32
    for path in paths:
        assert differences(read_model(path), path.read_bytes()) == [], path.name


def test_the_zoo_holds_what_it_is_there_for(zoo: Path) -> None:
    """What the reader is lenient with does occur in real files."""
    dead = read_model(zoo / "dead_old_quantizer.tflite").main
    scales = [t.quantization.scale for t in dead.tensors if t.quantization is not None]
    assert any((scale == 0).any() for scale in scales)
    assert [s.key for s in read_model(zoo / "variables.tflite").signatures] == ["add", "scale"]
    assert any(t.dtype == "resource" for t in read_model(zoo / "variables.tflite").main.tensors)
    assert -1 in read_model(zoo / "open.tflite").main.tensors[0].shape_signature
    assert len(read_model(zoo / "while.tflite").subgraphs) > 1
    assert any(
        t.dtype == "string" and t.data is not None for t in read_model(zoo / "strings.tflite").main.tensors
    )
    assert {"int16", "int8"} <= {t.dtype for t in read_model(zoo / "alive_int16.tflite").main.tensors}
