"""Images that the tests of the bench share, compiled once a session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import hand_model
import port_firmware
import pytest

from tinykit.boards import load_board
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


@pytest.fixture(scope="session")
def port_image(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """``port_image("virtual-m4")``: the image of `port_firmware` for that board."""
    known: dict[str, Path] = {}

    def build(board: str) -> Path:
        if board not in known:
            known[board] = port_firmware.build(tmp_path_factory.mktemp("port") / "build", load_board(board))
        return known[board]

    return build
