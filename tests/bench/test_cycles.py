"""Cycles as Arm's tables give them, from machine code."""

from __future__ import annotations

import struct

import pytest

from tinykit.bench.cycles import CYCLE_MODELS
from tinykit.bench.decode import BlockCost, Decoder


def cost(core: str, *halfwords: int) -> BlockCost:
    found = Decoder(CYCLE_MODELS[core]).block(struct.pack(f"<{len(halfwords)}H", *halfwords), 0x100)
    assert found is not None
    return found


def ends(core: str, *halfwords: int) -> tuple[int, int]:
    found = cost(core, *halfwords)
    return found.cycles, found.cycles + found.spread


# Arm 100166, tables 3-1 and 3-2, and 3.3.3.
@pytest.mark.parametrize(
    ("code", "cycles"),
    [
        ((0x1840,), (1, 1)),  # adds r0,r0,r1
        ((0xFB20, 0x3001), (1, 1)),  # smlad r0,r0,r1,r3
        ((0xFB80, 0x2301), (1, 1)),  # smull
        ((0x6808,), (2, 2)),  # ldr r0,[r1]
        ((0x6808, 0x684A, 0x688B), (4, 4)),  # three ldr in a row: 2 + 1 + 1
        ((0x6809, 0x6808), (4, 4)),  # the second's address is what the first loads
        ((0x6008,), (1, 2)),  # str r0,[r1]
        ((0x1849, 0x6808), (4, 4)),  # adds r1,r1,r1; ldr r0,[r1]: the address is not ready
        ((0xE9D0, 0x2300), (3, 3)),  # ldrd r2,r3,[r0]
        ((0xB5F0,), (6, 6)),  # push {r4-r7,lr}
        ((0xBDF0,), (6, 6)),  # pop {r4-r7,pc}; the refill is a taken branch
        ((0xFBB0, 0xF0F1), (2, 12)),  # udiv
        ((0xEEA0, 0x0A80), (3, 3)),  # vfma.f32
        ((0xEE80, 0x0A80), (14, 14)),  # vdiv.f32
        ((0xED91, 0x0A00), (2, 2)),  # vldr s0,[r1]
        ((0xED91, 0x0B00), (3, 3)),  # vldr d0,[r1]
        ((0xBF08, 0x3001), (1, 2)),  # it eq; addeq
    ],
)
def test_cortex_m4(code: tuple[int, ...], cycles: tuple[int, int]) -> None:
    assert ends("cortex-m4f", *code) == cycles


@pytest.mark.parametrize(
    ("code", "cycles"),
    [
        ((0x1840,), (1, 1)),
        ((0x4348,), (1, 1)),  # muls, the fast one
        ((0x6808,), (2, 2)),
        ((0x6808, 0x684A), (4, 4)),  # nothing overlaps
        ((0xB5F0,), (6, 6)),
        ((0xBDF0,), (7, 7)),  # 4 + N, two of it the refill
        ((0xF000, 0xF801), (2, 2)),  # bl: 4, two of it the refill
        ((0xC870,), (4, 4)),  # ldm r0!,{r4-r6}
    ],
)
def test_cortex_m0(code: tuple[int, ...], cycles: tuple[int, int]) -> None:
    assert ends("cortex-m0", *code) == cycles


def test_float_instructions_are_noticed() -> None:
    assert cost("cortex-m4f", 0xEE30, 0x0A00).uses_fpu
    assert not cost("cortex-m4f", 0x1840, 0x6808).uses_fpu


def test_what_is_no_instruction_has_no_cost() -> None:
    decoder = Decoder(CYCLE_MODELS["cortex-m4f"])
    assert decoder.block(b"\xff\xff\xff\xff", 0) is None


def test_every_board_has_a_model_that_states_its_error() -> None:
    from tinykit.boards import list_boards

    for board in list_boards():
        model = CYCLE_MODELS[board.core.name]
        assert "%" in model.error
        assert "Arm" in model.name


@pytest.mark.parametrize(("core", "relative"), [("cortex-m4f", 0.1), ("cortex-m0", 0.25)])
def test_a_model_s_error_is_a_number_and_the_same_in_words(core: str, relative: float) -> None:
    model = CYCLE_MODELS[core]
    assert model.error_relative == relative
    assert model.error.startswith(f"about ±{relative:.0%}".replace("%", " % "))
    assert "no board was compared" in model.error
