"""Registers behave as Arm's CMSDK manual says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tinykit.bench.peripherals import Gpio, SystemControl, Timer, Uart


class Now:
    def __init__(self) -> None:
        self.time = 0

    def __call__(self) -> int:
        return self.time


def test_a_byte_takes_ten_bits_of_time() -> None:
    now = Now()
    uart = Uart(now)
    uart.write(0x00, ord("x"))
    assert uart.sent == b"", "the transmitter is off"
    uart.write(0x10, 100)
    uart.write(0x08, 1)
    uart.write(0x00, ord("a"))
    assert uart.read(0x04) == 1
    now.time = 999
    assert uart.read(0x04) == 1
    now.time = 1000
    assert uart.read(0x04) == 0
    assert uart.sent == b"a"


@given(st.integers(0, 2**32 - 1), st.integers(0, 1000), st.integers(0, 5000))
def test_the_timer_counts_down_and_begins_again(reload: int, value: int, gone: int) -> None:
    now = Now()
    timer = Timer(now)
    timer.write(0x08, reload)
    timer.write(0x04, value)
    now.time = 77
    assert timer.read(0x04) == value, "it is not running yet"
    timer.write(0x00, 1)
    now.time += gone
    expected = value
    for _ in range(gone):
        expected = reload if expected == 0 else expected - 1
    assert timer.read(0x04) == expected


def test_the_pin_follows_only_where_it_is_an_output() -> None:
    edges: list[bool] = []
    gpio = Gpio(3, edges.append)
    gpio.write(0x04, 8)
    assert edges == []
    gpio.write(0x10, 8)
    gpio.write(0x04, 9)
    gpio.write(0x04, 1)
    assert edges == [True, False]
    assert gpio.read(0x00) == 1


def test_the_fpu_is_on_with_full_access_to_both_coprocessors() -> None:
    control = SystemControl()
    for value, expected in ((0, False), (0x3 << 20, False), (0xC << 20, False), (0xF << 20, True)):
        control.write(0xD88, value)
        assert control.fpu_enabled is expected
        assert control.read(0xD88) == value
