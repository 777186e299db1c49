"""The boards that are no emulators: an image can be built for each, and lies where its chip looks for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinykit.boards import list_boards, load_board
from tinykit.compiler.image import build_model
from tinykit.toolchain import read_image

REAL = [board.name for board in list_boards() if not board.is_emulated]


@pytest.mark.parametrize("energy", [False, True], ids=["performance", "energy"])
@pytest.mark.parametrize("name", REAL)
def test_an_image_for_each(tmp_path: Path, digits, name: str, energy: bool) -> None:
    board = load_board(name)
    build_model(digits.tflite, board, tmp_path / "out", energy=energy)
    image = read_image(tmp_path / "out" / "firmware.elf")
    first = min(image.segments, key=lambda segment: segment.load_address)
    stack, start = (int.from_bytes(first.data[at : at + 4], "little") for at in (0, 4))
    assert first.load_address == board.flash.origin == image.find("tk_vectors").address
    assert board.ram.origin < stack <= board.ram.end
    assert start == image.find("tk_reset_handler").address | 1
    end = max(segment.load_address + len(segment.data) for segment in image.segments)
    assert end <= board.flash.end


def test_what_is_not_known_of_a_real_board_is_not_claimed() -> None:
    for board in map(load_board, REAL):
        assert board.mailbox is None
        assert board.power.kind == "assumed"
        assert board.uart.tx is not None and board.uart.rx is not None
