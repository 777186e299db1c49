"""Images that the tests of the bench share, compiled once a session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import hand_model
import pytest

from tinykit.toolchain import BuiltImage

Compile = Callable[..., BuiltImage]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """``compiled("virtual-m4", in_layer="...")``: the hand-written model with that C in it."""
    known: dict[object, BuiltImage] = {}

    def build(board: str, **code: str) -> BuiltImage:
        key = (board, *sorted(code.items()))
        if key not in known:
            known[key] = hand_model.build(tmp_path_factory.mktemp("image"), board, **code)
        return known[key]

    return build


@pytest.fixture
def job(compiled: Compile, tmp_path: Path):
    """``job("virtual-m4", inputs, ...)``: a job for the hand-written model; further words go to the job."""
    from tinykit.bench import BenchJob

    def make(board, inputs, elf=None, code=None, **words):
        (tmp_path / "in.bin").write_bytes(inputs.tobytes())
        return BenchJob(
            elf=str(elf or compiled(board, **(code or {})).elf),
            board=board,
            inferences=len(inputs),
            input_bytes=(hand_model.SIZE,),
            output_bytes=(hand_model.SIZE,),
            input_path=str(tmp_path / "in.bin"),
            output_path=str(tmp_path / "out.bin"),
            **words,
        )

    return make
