"""The UART behaves as Arm's CMSDK manual says, in virtual time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.bench.uart import Uart

DATA, STATE, CTRL, INTSTATUS, BAUDDIV = 0x00, 0x04, 0x08, 0x0C, 0x10
TX_FULL, RX_FULL, RX_OVERRUN = 1, 2, 8
TX, RX = 1, 0
ALL_ON = 0x0F
BYTE = 1000  # ten bits at a divider of 100


class Around:
    """A clock that a test sets, and what the UART has asked for."""

    def __init__(self) -> None:
        self.now = 0
        self.pended: list[int] = []
        self.sent: list[tuple[int, int]] = []
        self.held = 0

    def cycles(self) -> int:
        return self.now

    def pend(self, interrupt: int) -> None:
        self.pended.append(interrupt)

    def skip_to(self, cycle: int) -> None:
        self.now = max(self.now, cycle)

    def stop_polling(self) -> None:
        self.held += 1

    def sending(self, start: int, end: int) -> None:
        self.sent.append((start, end))


@pytest.fixture
def around() -> Around:
    return Around()


@pytest.fixture
def uart(around: Around) -> Uart:
    made = Uart(around, TX, RX)
    made.write(BAUDDIV, 100)
    made.write(CTRL, ALL_ON)
    return made


def test_a_byte_takes_ten_bits_to_leave(uart: Uart, around: Around) -> None:
    uart.write(DATA, ord("a"))
    assert not uart.read(STATE) & TX_FULL, "the shift register has taken it"
    uart.write(DATA, ord("b"))
    assert uart.read(STATE) & TX_FULL
    around.now = BYTE - 1
    assert uart.take(around.now) == b""
    assert uart.read(STATE) & TX_FULL
    around.now = BYTE
    assert uart.take(around.now) == b"a"
    assert not uart.read(STATE) & TX_FULL
    around.now = 2 * BYTE
    assert uart.take(around.now) == b"b"
    assert around.sent == [(0, BYTE), (BYTE, 2 * BYTE)]


def test_nothing_leaves_while_the_transmitter_is_off(uart: Uart, around: Around) -> None:
    uart.write(CTRL, 0)
    uart.write(DATA, ord("a"))
    assert uart.take() == b""
    assert around.sent == []


def test_a_byte_arrives_ten_bits_after_it_was_sent(uart: Uart, around: Around) -> None:
    around.now = 50
    uart.receive(b"xy")
    around.now = 50 + BYTE - 1
    assert not uart.read(STATE) & RX_FULL
    around.now = 50 + BYTE
    assert uart.read(STATE) & RX_FULL
    assert uart.read(DATA) == ord("x")
    assert not uart.read(STATE) & RX_FULL
    around.now = 50 + 2 * BYTE
    assert uart.read(DATA) == ord("y")
    assert uart.lost == 0


def test_the_register_holds_one_byte(uart: Uart, around: Around) -> None:
    uart.receive(b"abc")
    around.now = 3 * BYTE
    assert uart.read(STATE) & (RX_FULL | RX_OVERRUN) == RX_FULL | RX_OVERRUN
    assert uart.read(DATA) == ord("c")
    assert uart.lost == 2
    assert uart.read(STATE) & RX_OVERRUN, "it stays until it is cleared"
    uart.write(STATE, RX_OVERRUN)
    assert not uart.read(STATE) & RX_OVERRUN


def test_nothing_arrives_while_the_receiver_is_off(uart: Uart, around: Around) -> None:
    uart.write(CTRL, 1)
    uart.receive(b"a")
    around.now = BYTE
    assert not uart.read(STATE) & RX_FULL
    assert uart.lost == 1


def test_interrupts_are_raised_at_their_time_and_cleared_by_hand(uart: Uart, around: Around) -> None:
    uart.receive(b"a")
    assert uart.next_interrupt() == BYTE
    assert not uart.interrupt(RX)
    around.now = BYTE
    assert uart.interrupt(RX)
    assert around.pended == [RX]
    uart.read(DATA)
    assert uart.interrupt(RX), "reading does not clear it"
    uart.write(INTSTATUS, 2)
    assert not uart.interrupt(RX)
    assert uart.next_interrupt() is None


def test_the_transmitter_interrupts_when_its_buffer_is_empty(uart: Uart, around: Around) -> None:
    uart.write(DATA, 1)
    uart.write(INTSTATUS, 1)
    uart.write(DATA, 2)
    assert not uart.interrupt(TX)
    assert uart.next_interrupt() == BYTE
    around.now = BYTE
    assert uart.interrupt(TX)


def test_no_interrupt_without_its_enable(uart: Uart, around: Around) -> None:
    uart.write(CTRL, 3)
    uart.receive(b"a")
    uart.write(DATA, 1)
    uart.write(DATA, 2)
    assert uart.next_interrupt() is None
    around.now = BYTE
    assert not uart.interrupt(RX)
    assert not uart.interrupt(TX)


def test_polling_for_a_byte_on_its_way_is_passed_over(uart: Uart, around: Around) -> None:
    uart.receive(b"a")
    reads = 0
    while not uart.read(STATE) & RX_FULL:
        around.now += 10
        reads += 1
    assert reads < 10
    assert around.now == BYTE


def test_polling_for_the_host_holds_the_firmware(uart: Uart, around: Around) -> None:
    for _ in range(16):
        assert around.held == 0
        around.now += 10
        uart.read(STATE)
    assert around.held == 1


def test_sending_byte_after_byte_is_no_polling(uart: Uart, around: Around) -> None:
    for _ in range(100):
        while uart.read(STATE) & TX_FULL:
            around.now += 10
        uart.write(DATA, 0)
        around.now += 10
    assert around.held == 0


def test_a_look_now_and_then_is_no_polling(uart: Uart, around: Around) -> None:
    for _ in range(100):
        around.now += 5000
        uart.read(STATE)
    assert around.held == 0
    assert around.now == 500_000


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=5), st.integers(0, 10_000)), max_size=20))
def test_what_is_read_in_time_is_all_there(bursts: list[tuple[bytes, int]]) -> None:
    around = Around()
    uart = Uart(around, TX, RX)
    uart.write(BAUDDIV, 100)
    uart.write(CTRL, ALL_ON)
    heard = bytearray()
    for burst, pause in bursts:
        uart.receive(burst)
        end = around.now + pause
        while (due := uart.next_arrival()) is not None and due <= end:
            around.now = due
            heard.append(uart.read(DATA))
        around.now = end
    while (due := uart.next_arrival()) is not None:
        around.now = due
        heard.append(uart.read(DATA))
    assert bytes(heard) == b"".join(burst for burst, _ in bursts)
    assert uart.lost == 0
