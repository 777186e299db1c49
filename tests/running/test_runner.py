"""Places to run, and what goes in and comes out of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinykit.boards import load_board
from tinykit.errors import InputError
from tinykit.running import RunRequest, TensorSpec, find_runner
from tinykit.running.places.emulated import EmulatedBoard
from tinykit.running.places.host import Host
from tinykit.running.places.qemu import QemuBoard
from tinykit.running.places.serial import SerialBoard

INT8 = np.dtype("int8")


def request(arrays, inputs, outputs=((1, 2),)):
    return RunRequest(
        Path("none.elf"),
        load_board("virtual-m4"),
        tuple(TensorSpec(shape, dtype) for shape, dtype in inputs),
        tuple(TensorSpec(shape, INT8) for shape in outputs),
        tuple(arrays),
    )


def test_a_name_says_which_runner() -> None:
    for name, runner in (
        ("virtual-m4", EmulatedBoard("virtual-m4")),
        ("qemu:virtual-m0", QemuBoard("virtual-m0")),
        ("boards/mine.toml", EmulatedBoard("boards/mine.toml")),
        ("C:\\boards\\mine.toml", EmulatedBoard("C:\\boards\\mine.toml")),
        ("host", Host()),
    ):
        assert find_runner(name) == runner
    for port in (
        "/dev/ttyACM0",
        "COM3",
        "socket://localhost:1",
        "rfc2217://h:2",
        "tinykit://x?elf=y",
        "auto",
    ):
        assert isinstance(find_runner(port), SerialBoard)
    with pytest.raises(InputError) as caught:
        find_runner("renode:virtual-m4")
    assert caught.value.code == "PLACE_UNKNOWN"
    assert "qemu:BOARD" in caught.value.hint


def test_inputs_are_interleaved_by_inference_and_outputs_taken_apart() -> None:
    one = np.array([[1, 2], [3, 4]], np.int8)
    two = np.array([[0.5], [2.0]], np.float32)
    asked = request([one, two], [((1, 2), INT8), ((1, 1), np.dtype("float32"))], [(1, 1), (1, 2)])
    expected = b"\x01\x02" + np.float32(0.5).tobytes() + b"\x03\x04" + np.float32(2.0).tobytes()
    assert asked.packed_inputs() == expected
    first, second = asked.unpack_outputs(bytes([1, 2, 3, 4, 5, 6]))
    assert first.tolist() == [[1], [4]]
    assert second.tolist() == [[2, 3], [5, 6]]


@pytest.mark.parametrize(
    ("array", "code"),
    [
        (np.zeros((2, 3), np.int8), "INPUT_SHAPE"),
        (np.zeros((2, 2), np.uint8), "INPUT_DTYPE"),
        (np.zeros((2, 2), np.float64), "INPUT_DTYPE"),
    ],
)
def test_arrays_that_are_not_the_models_are_refused(array, code) -> None:
    with pytest.raises(InputError) as caught:
        request([array], [((1, 2), INT8)]).packed_inputs()
    assert caught.value.code == code


def test_rows_of_several_inputs_must_be_as_many() -> None:
    short = request([np.zeros((2, 2), np.int8), np.zeros((1, 2), np.int8)], [((1, 2), INT8)] * 2)
    with pytest.raises(InputError) as caught:
        short.packed_inputs()
    assert caught.value.code == "INPUT_SHAPE"
