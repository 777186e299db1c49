"""How the values of a file become what a model stores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinykit.errors import InputError
from tinykit.running.inputs import load_samples, random_samples, store
from tinykit.running.result import TensorSpec

PIXELS = TensorSpec((1, 4), np.dtype(np.int8), 1 / 16, -128, "x")
WIDE = TensorSpec((1, 4), np.dtype(np.int8), 0.5, 0, "x")
FLOAT = TensorSpec((1, 4), np.dtype(np.float32), name="f")


class Heard:
    def __init__(self) -> None:
        self.codes: list[str] = []

    def start(self, *words) -> None: ...
    def finish(self, *words) -> None: ...
    def advance(self, *words) -> None: ...

    def warn(self, code: str, *words) -> None:
        self.codes.append(code)


def test_stored_values_go_in_as_they_are() -> None:
    data = np.arange(-4, 4, dtype=np.int8).reshape(2, 4)
    stored, how = store(PIXELS, data)
    assert (stored == data).all()
    assert how == "stored int8 values, as they are"


def test_real_values_are_quantized_and_said_so() -> None:
    stored, how = store(PIXELS, np.array([[0.0, 1 / 16, 1.0, 15.9]], np.float32))
    assert stored.tolist() == [[-128, -127, -112, 126]]
    assert "real float32 values, quantized by scale 0.0625" in how


def test_integers_of_another_type_are_real_numbers_and_it_says_so() -> None:
    stored, how = store(PIXELS, np.array([[0, 1, 8, 15]], np.uint8))
    assert stored.tolist() == [[-128, -112, 0, 112]]
    assert "uint8 values taken as real numbers" in how


def test_integers_that_only_make_sense_as_stored_values_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        store(PIXELS, np.array([[-100, 5, 80, 100]], np.int32))
    assert caught.value.code == "INPUT_INTEGERS"


def test_saturation_is_warned_about() -> None:
    heard = Heard()
    store(WIDE, np.array([[0.0, 1.0, 500.0, -900.0]], np.float32), heard)
    assert heard.codes == ["INPUT_SATURATED"]
    quiet = Heard()
    store(WIDE, np.array([[0.0, 1.0, 63.0, -64.0]], np.float32), quiet)
    assert quiet.codes == []


def test_float_inputs_take_floats() -> None:
    stored, _ = store(FLOAT, np.array([[1.5, 2, 3, 4]], np.float64))
    assert stored.dtype == np.float32


def test_several_inputs_come_by_name(tmp_path: Path) -> None:
    first, second = TensorSpec((1, 2), np.dtype(np.int8), 0.5, 0, "a"), FLOAT
    x = {"a": np.array([[1, 2], [3, 4]], np.int8), "f": np.ones((2, 4), np.float32)}
    np.savez(tmp_path / "x.npz", **x)
    samples = load_samples((first, second), tmp_path / "x.npz", limit=1)
    assert [array.shape for array in samples.arrays] == [(1, 2), (1, 4)]
    assert samples.data is None
    np.savez(tmp_path / "short.npz", a=x["a"])
    np.savez(tmp_path / "uneven.npz", a=x["a"][:1], f=x["f"])
    np.savez(tmp_path / "shape.npz", a=x["a"], f=np.ones((2, 5), np.float32))
    (tmp_path / "junk.npz").write_bytes(b"PK junk")
    for name, code in (
        ("short.npz", "NO_ARRAY"),
        ("uneven.npz", "INPUT_SHAPE"),
        ("shape.npz", "INPUT_SHAPE"),
        ("junk.npz", "DAMAGED"),
        ("absent.npz", "DATASET"),
    ):
        with pytest.raises(InputError) as caught:
            load_samples((first, second), tmp_path / name)
        assert caught.value.code == code, name


def test_random_samples_are_the_same_each_time() -> None:
    first, second = random_samples((PIXELS, FLOAT)), random_samples((PIXELS, FLOAT))
    assert all((a == b).all() for a, b in zip(first.arrays, second.arrays, strict=True))
    assert len(first) == 1 and first.source == "random, seed 0"
