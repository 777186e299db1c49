"""The mailbox of ``firmware_models/firmware/mailbox.h``, from the host's side."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from tinykit.boards import Board
from tinykit.errors import InputError

MAGIC = 0x424D4B54
VERSION = 1
TENSORS = 8
WAITING, RUNNING, DONE, FAULT, REFUSED = range(5)

_HEADER = struct.Struct(f"<{16 + 2 * TENSORS}I")
_STATE_AT = 8
_COMPLETED_AT = 16
_ALIGN = 16


@dataclass(frozen=True)
class Layout:
    """Where things lie, in bytes from the mailbox's origin."""

    inferences: int
    input_bytes: tuple[int, ...]
    output_bytes: tuple[int, ...]
    ticks_at: int
    output_at: int
    input_at: int
    size_bytes: int

    @property
    def outputs(self) -> slice:
        """The bytes of all outputs."""
        return slice(self.output_at, self.output_at + self.inferences * sum(self.output_bytes))


@dataclass(frozen=True)
class Answer:
    """What the firmware wrote: ``state`` is one of WAITING, RUNNING, DONE, FAULT, REFUSED."""

    state: int
    completed: int
    stack_bytes: int
    fault_pc: int
    fault_lr: int
    fault_status: int
    fault_address: int


def lay_out(board: Board, inferences: int, input_bytes: Sequence[int], output_bytes: Sequence[int]) -> Layout:
    """Place ``inferences`` inferences.

    Raises InputError, code MAILBOX_FULL, where they do not fit at once.
    """
    if max(len(input_bytes), len(output_bytes)) > TENSORS:
        raise InputError(
            f"The model has {len(input_bytes)} inputs and {len(output_bytes)} outputs.",
            hint=f"an emulated board takes at most {TENSORS} of each.",
            code="MAILBOX_TENSORS",
        )
    ticks_at = _up(_HEADER.size)
    output_at = _up(ticks_at + 4 * inferences)
    input_at = _up(output_at + inferences * sum(output_bytes))
    size = _up(input_at + inferences * sum(input_bytes))
    if board.mailbox is None or size > board.mailbox.size_bytes:
        raise InputError(
            f"{inferences} inferences need {size} bytes of the mailbox of board '{board.name}'.",
            hint="give fewer inputs at once.",
            code="MAILBOX_FULL",
        )
    return Layout(inferences, tuple(input_bytes), tuple(output_bytes), ticks_at, output_at, input_at, size)


def _up(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN


def write_mailbox(layout: Layout, inputs: bytes, *, reset_each: bool) -> bytes:
    """The mailbox as the firmware finds it: the header, and ``inputs`` in their place."""
    if len(inputs) != layout.inferences * sum(layout.input_bytes):
        raise ValueError(f"{len(inputs)} bytes of input for {layout.inferences} inferences")
    header = _HEADER.pack(
        MAGIC,
        VERSION,
        WAITING,
        layout.inferences,
        0,
        len(layout.input_bytes),
        len(layout.output_bytes),
        layout.input_at,
        layout.output_at,
        layout.ticks_at,
        int(reset_each),
        0,
        0,
        0,
        0,
        0,
        *_padded(layout.input_bytes),
        *_padded(layout.output_bytes),
    )
    return header.ljust(layout.input_at, b"\0") + inputs.ljust(layout.size_bytes - layout.input_at, b"\0")


def _padded(sizes: tuple[int, ...]) -> tuple[int, ...]:
    return sizes + (0,) * (TENSORS - len(sizes))


def read_answer(data: bytes) -> Answer:
    """The firmware's words, from the mailbox's first bytes."""
    words = _HEADER.unpack_from(data)
    return Answer(words[2], words[4], *words[11:16])


def read_ticks(layout: Layout, data: bytes) -> tuple[int, ...]:
    """The timer ticks of each inference, from the whole mailbox."""
    return struct.unpack_from(f"<{layout.inferences}I", data, layout.ticks_at)
