"""The chips' part of the firmware alone: no warnings, and under QEMU it does what tk_port.h says."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import port_image
import pytest
from qemu_line import ICOUNT, PROGRAM, qemu_line

from tinykit.boards import CORES, Board, Memory, load_board
from tinykit.errors import BuildError

BOARDS = ("stm32f405", "nucleo-l4r5zi", "nrf52840dk", "virtual-m4", "virtual-m0")


class Echo:
    """The other end of the UART."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def read(self) -> tuple[str, int]:
        text = b""
        while not text.endswith(b"\n"):
            byte = self._line.recv(1)
            assert byte, f"QEMU ended after {text!r}"
            text += byte
        return chr(text[0]), int(text[1:], 16)

    def ask(self, command: str) -> int:
        self._line.sendall(command.encode())
        key, value = self.read()
        assert key == command or key == "?"
        return value


@contextmanager
def running(machine: str, elf: Path, *options: str) -> Iterator[Echo]:
    with qemu_line(machine, elf, *options) as line:
        yield Echo(line)


@pytest.mark.parametrize("board", BOARDS)
def test_ports_compile_without_a_warning(tmp_path: Path, board: str) -> None:
    port_image.build(load_board(board), tmp_path)


@pytest.mark.parametrize("board", BOARDS[:3])
def test_gcc_too(tmp_path: Path, board: str, require: Callable[[str], Path]) -> None:
    require("arm-none-eabi-gcc")
    port_image.build(load_board(board), tmp_path, "gcc")


@pytest.mark.parametrize(
    ("board", "change", "says"),
    [
        ("stm32f405", {"clock_hz": 180_000_000}, "clock_hz must be whole MHz"),
        ("stm32f405", {"oscillator_hz": 25_000_000}, "oscillator_hz must be a multiple"),
        ("nucleo-l4r5zi", {"oscillator_hz": 8_000_000}, "leave oscillator_hz out"),
        ("nrf52840dk", {"clock_hz": 32_000_000}, "clock_hz must be 64 MHz"),
    ],
)
def test_what_a_chip_cannot_do_is_the_compilers_refusal(
    tmp_path: Path, board: str, change: dict[str, int], says: str
) -> None:
    with pytest.raises(BuildError) as caught:
        port_image.build(replace(load_board(board), **change), tmp_path)
    assert says in caught.value.message


def test_a_timer_rate_that_the_fall_back_cannot_keep_is_refused(tmp_path: Path) -> None:
    board = load_board("stm32f405")
    with pytest.raises(BuildError) as caught:
        port_image.build(replace(board, timer=replace(board.timer, clock_hz=84_000_000)), tmp_path)
    assert "must divide both its clock and 16 MHz" in caught.value.message


@pytest.mark.qemu
def test_stm32f405_under_qemu(tmp_path: Path, require: Callable[[str], Path]) -> None:
    require(PROGRAM)
    board = load_board("stm32f405")
    elf = port_image.build(board, tmp_path)
    with running("netduinoplus2", elf, *ICOUNT) as echo:
        assert echo.read() == ("!", board.timer.clock_hz)
        # QEMU's RCC answers zeros: no oscillator, no PLL. The firmware neither hangs nor hides it.
        assert echo.ask("c") == 16_000_000
        assert echo.ask("d") == 0
        assert echo.ask("x") == ord("x")
        assert echo.ask("p") == 1
        # SysTick counts 168 MHz there, TIM2 1 GHz divided by 4, and the firmware believes in 16 MHz.
        # On a busy host QEMU's own timers come late, never early: the shortest of some counts.
        for letter, seconds in (("i", 0.25), ("s", 0.05)):
            shortest = min(echo.ask(letter) for _ in range(5))
            assert shortest / 250e6 == pytest.approx(seconds * 16 / 168, rel=0.3)
        _sleeps_between_bytes(echo)
        _says_where_it_faulted(echo, bus_fault=0x8200)


@pytest.mark.qemu
def test_nrf_registers_under_qemus_nrf51(tmp_path: Path, require: Callable[[str], Path]) -> None:
    """QEMU has no nRF52; its nRF51 has the same UART, TIMER and GPIO, a Cortex-M0 and less memory. No RTC."""
    require(PROGRAM)
    smaller = {"core": CORES["cortex-m0"], "flash": Memory(0, 1 << 18), "ram": Memory(0x2000_0000, 1 << 14)}
    board: Board = replace(load_board("nrf52840dk"), stack_bytes=1024, **smaller)  # type: ignore[arg-type]
    elf = port_image.build(board, tmp_path)
    with running("microbit", elf) as echo:
        assert echo.read() == ("!", board.timer.clock_hz)
        assert echo.ask("c") == board.clock_hz
        assert echo.ask("d") == 0xFFFFFFFF  # -1: an M0 cannot know
        assert echo.ask("p") == 1
        # The counter's rate is kept: 250 ms on the host's clock, not less, and on an idle host not much more.
        assert 0.25 <= min(echo.ask("i") for _ in range(5)) / board.timer.clock_hz < 0.5
        _sleeps_between_bytes(echo)
        _says_where_it_faulted(echo, bus_fault=0)


def _sleeps_between_bytes(echo: Echo) -> None:
    """A tenth of a second of silence costs a wake-up or two: the byte, and what was pending from the last."""
    before = echo.ask("w")
    time.sleep(0.1)
    assert 1 <= echo.ask("w") - before <= 3


def _says_where_it_faulted(echo: Echo, bus_fault: int) -> None:
    echo._line.sendall(b"f")
    key, at = echo.read()
    assert key == "F"
    assert at > 0
    assert echo.read() == ("F", bus_fault)
