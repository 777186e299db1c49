"""Outputs come back in the model's own shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinykit.boards import load_board
from tinykit.running.image_job import RunRequest
from tinykit.running.result import TensorSpec


def test_only_a_leading_one_is_the_batch() -> None:
    kind = np.dtype(np.int8)
    request = RunRequest(
        elf=Path("a.elf"),
        board=load_board("virtual-m4"),
        inputs=(TensorSpec((1, 4), kind),),
        outputs=(TensorSpec((1, 2, 3), kind), TensorSpec((2, 3), kind), TensorSpec((6,), kind)),
        arrays=(np.zeros((2, 4), np.int8),),
        reset_each=True,
        flash_read_bytes=(),
    )
    got = request.unpack_outputs(np.arange(36, dtype=np.uint8).tobytes())
    assert [array.shape for array in got] == [(2, 2, 3), (2, 2, 3), (2, 6)]
    assert got[1][1].tolist() == [[24, 25, 26], [27, 28, 29]]
