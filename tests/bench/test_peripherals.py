"""Registers behave as Arm's CMSDK manual says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tinykit.bench.peripherals import Gpio, SystemControl, Timer


class Now:
    def __init__(self) -> None:
        self.time = 0

    def __call__(self) -> int:
        return self.time


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


def test_the_timer_interrupts_at_zero_and_at_each_turn() -> None:
    now = Now()
    pended: list[int] = []
    timer = Timer(now, lambda: pended.append(now.time))
    timer.write(0x08, 99)
    timer.write(0x04, 30)
    timer.write(0x00, 9)
    assert timer.next_interrupt() == 30
    now.time = 29
    assert not timer.interrupt()
    now.time = 30
    assert timer.interrupt()
    assert timer.read(0x0C) == 1
    timer.write(0x0C, 1)
    assert not timer.interrupt()
    assert timer.next_interrupt() == 130
    now.time = 135
    assert timer.interrupt()
    assert pended == [30, 135]


def test_a_timer_that_does_not_reload_ends() -> None:
    now = Now()
    timer = Timer(now)
    timer.write(0x04, 5)
    timer.write(0x00, 9)
    assert timer.next_interrupt() == 5
    now.time = 6
    assert timer.interrupt()
    assert timer.next_interrupt() is None


def test_a_timer_without_its_interrupt_never_wakes() -> None:
    now = Now()
    timer = Timer(now)
    timer.write(0x04, 5)
    timer.write(0x00, 1)
    assert timer.next_interrupt() is None
    now.time = 100
    assert not timer.interrupt()


def test_an_interrupt_stays_pending_until_it_is_cleared() -> None:
    control = SystemControl()
    level = [False]
    control.connect(3, lambda: level[0])
    control.write(0x100, 1 << 3)
    assert not control.wakes()
    control.pend(3)
    assert control.wakes(), "an edge that has gone again is remembered"
    control.write(0x280, 1 << 3)
    assert not control.wakes()
    level[0] = True
    assert control.wakes()
    control.write(0x280, 1 << 3)
    assert control.wakes(), "the line is asserted still"
    control.write(0x180, 1 << 3)
    assert not control.wakes(), "it is not enabled"
    assert control.read(0x200) == 1 << 3


def test_a_reset_needs_its_key() -> None:
    control = SystemControl()
    control.write(0xD0C, 4)
    assert not control.is_reset_asked
    control.write(0xD0C, 0x05FA0004)
    assert control.is_reset_asked
