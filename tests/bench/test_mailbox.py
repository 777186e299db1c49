"""The mailbox's two descriptions, in C and in Python, are one."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.bench import mailbox
from tinykit.boards import load_board
from tinykit.errors import InputError

BOARD = load_board("virtual-m4")


def fields(checkout: Path) -> list[str]:
    text = (checkout / "firmware_models/firmware/mailbox.h").read_text()
    body = re.search(r"struct tk_mailbox \{(.*?)\};", text, re.DOTALL)
    assert body is not None
    return re.findall(r"uint32_t (\w+)", body[1])


def test_the_header_is_the_one_in_c(checkout: Path) -> None:
    layout = mailbox.lay_out(BOARD, 3, (5, 6), (7,))
    words = struct.unpack_from("<18I", mailbox.write_mailbox(layout, bytes(33), reset_each=True))
    named = dict(zip(fields(checkout), words, strict=True))
    assert named["magic"] == mailbox.MAGIC
    assert named["inferences"] == 3
    assert (named["inputs"], named["outputs"], named["reset_each"]) == (2, 1, 1)
    assert (named["input_at"], named["output_at"], named["ticks_at"]) == (
        layout.input_at,
        layout.output_at,
        layout.ticks_at,
    )
    answer = mailbox.read_answer(struct.pack("<32I", *range(100, 132)))
    order = fields(checkout)
    for name in (
        "state",
        "completed",
        "stack_bytes",
        "fault_pc",
        "fault_lr",
        "fault_status",
        "fault_address",
    ):
        assert getattr(answer, name) == 100 + order.index(name)


def test_states_are_in_the_order_of_the_header(checkout: Path) -> None:
    text = (checkout / "firmware_models/firmware/mailbox.h").read_text()
    found = re.search(r"enum \{([^}]*)\}", text)
    assert found is not None
    names = re.findall(r"TK_MAILBOX_(\w+)", found[1])
    assert [getattr(mailbox, name) for name in names] == list(range(len(names)))


sizes = st.lists(st.integers(1, 5000), min_size=1, max_size=8)


@given(st.integers(1, 300), sizes, sizes)
def test_nothing_overlaps_and_all_is_inside(n: int, inputs: list[int], outputs: list[int]) -> None:
    try:
        layout = mailbox.lay_out(BOARD, n, inputs, outputs)
    except InputError as error:
        assert error.code == "MAILBOX_FULL"
        return
    header = 4 * (16 + 2 * mailbox.TENSORS)
    assert header <= layout.ticks_at
    assert layout.ticks_at + 4 * n <= layout.output_at == layout.outputs.start
    assert layout.outputs.stop <= layout.input_at
    assert layout.input_at + n * sum(inputs) <= layout.size_bytes <= 16 << 20


def test_more_tensors_than_the_mailbox_holds_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        mailbox.lay_out(BOARD, 1, (1,) * 9, (1,))
    assert caught.value.code == "MAILBOX_TENSORS"
