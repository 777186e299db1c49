"""The chip's port and the emulated chip, together: what a host sees, and what a meter would."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import port_firmware
import pytest

from tinykit.bench.listener import PowerState
from tinykit.bench.machine import Machine
from tinykit.boards import load_board
from tinykit.toolchain import read_image

BOARDS = ("virtual-m4", "virtual-m0")
BAUD = 115_200


class Log:
    """A listener that keeps everything."""

    def __init__(self) -> None:
        self.edges: list[tuple[int, bool]] = []
        self.states: list[tuple[int, PowerState]] = []
        self.sent: list[tuple[int, int]] = []

    def marker(self, cycle: int, high: bool) -> None:
        self.edges.append((cycle, high))

    def state(self, cycle: int, state: PowerState) -> None:
        self.states.append((cycle, state))

    def sending(self, start: int, end: int) -> None:
        self.sent.append((start, end))


class Board:
    """A machine with the firmware above, at the end of its boot."""

    def __init__(self, name: str, elf: Path, hook: str = "c") -> None:
        self.log = Log()
        self.machine = Machine(load_board(name), read_image(elf), {}, 1, hook)
        self.machine.listeners.append(self.log)
        assert self.rest() == b"boot\r\n"

    def rest(self) -> bytes:
        """Run until only the host can go on; give what was said."""
        machine = self.machine
        for _ in range(1000):
            machine.run_to(machine.cycles() + 10_000_000, frozen=True)
            if machine.fault or (machine.is_at_rest and machine.next_event() is None):
                break
        machine.run_to(machine.chip.uart.last_sent() or 0)
        return machine.chip.uart.take(machine.cycles())

    def ask(self, text: str) -> bytes:
        self.machine.chip.uart.receive(text.encode() + b"%")
        return self.rest()

    def last(self, state: PowerState) -> tuple[int, int]:
        """When the board was last in ``state``: from, to."""
        at = max(i for i, (_, what) in enumerate(self.log.states) if what == state)
        return self.log.states[at][0], self.log.states[at + 1][0]


@pytest.fixture(params=BOARDS)
def board(request: pytest.FixtureRequest, port_image: Callable[[str], Path]) -> Board:
    return Board(request.param, port_image(request.param))


def test_what_is_sent_comes_back_and_nothing_is_lost(board: Board) -> None:
    text = "e" + "0123456789" * 8
    assert board.ask(text) == text[1:].encode() + port_firmware.END
    assert board.machine.chip.uart.lost == 0


def test_time_stands_still_at_rest_until_the_host_sends(board: Board) -> None:
    before = board.machine.cycles()
    board.machine.run_to(before + 10**12, frozen=True)
    assert board.machine.cycles() == before
    assert board.machine.is_at_rest
    board.machine.run_to(before + 1000)
    assert board.machine.cycles() == before + 1000


def test_the_line_takes_its_time_both_ways(board: Board) -> None:
    machine = board.machine
    before = machine.cycles()
    reply = board.ask("e" + "x" * 38)
    byte_s = 10 / BAUD
    taken_s = (machine.cycles() - before) / machine.board.clock_hz
    assert taken_s == pytest.approx((40 + len(reply)) * byte_s, rel=0.02)
    busy = sum(end - start for start, end in board.log.sent[-len(reply) :]) / machine.board.clock_hz
    assert busy == pytest.approx(len(reply) * byte_s, rel=0.01)


@pytest.mark.parametrize(("word", "state"), [("i", "idle"), ("s", "sleep")])
def test_idle_and_sleep_last_as_asked_and_are_seen(board: Board, word: str, state: PowerState) -> None:
    reply = board.ask(f"{word}2500")
    assert reply.endswith(port_firmware.END)
    clock_hz = board.machine.board.clock_hz
    rise, fall = (cycle for cycle, _ in board.log.edges[-2:])
    assert (fall - rise) / clock_hz == pytest.approx(2.5, rel=1e-4)
    if word == "i":
        assert int(reply[:8], 16) == pytest.approx(2_500_000, abs=50)
    resting = [
        end - start
        for (start, what), (end, _) in pairwise(board.log.states)
        if what == state and rise <= start <= fall
    ]
    assert sum(resting) / (fall - rise) > 0.999
    assert ("sleep" in {what for _, what in board.log.states}) == (word == "s")


def test_the_core_sleeps_between_bytes(board: Board) -> None:
    start = board.machine.cycles()
    board.ask("e" + "x" * 60)
    log = board.log.states
    idle = sum(end - begin for (begin, what), (end, _) in pairwise(log) if what == "idle" and begin >= start)
    assert idle / (board.machine.cycles() - start) > 0.9


def test_stray_bytes_while_it_computes_overrun(board: Board) -> None:
    uart = board.machine.chip.uart
    uart.receive(b"b5000000%" + b"z" * 20)
    board.rest()
    assert uart.lost > 0
    assert board.ask("") != b""  # it answers still, whatever was left of the stray bytes
    assert board.ask("ehere") == b"here" + port_firmware.END


def test_a_switched_off_uart_hears_nothing_and_comes_back(board: Board) -> None:
    board.machine.chip.uart.receive(b"o200%ezzz%")
    assert board.rest() == port_firmware.END
    assert board.ask("eback") == b"back" + port_firmware.END


def test_a_firmware_that_polls_is_served_and_stays_active(board: Board) -> None:
    assert board.ask("p1") == port_firmware.END
    since, said = len(board.log.states), len(board.log.sent)
    instructions = board.machine.tallies()[0].instructions
    assert board.ask("e" + "y" * 70) == b"y" * 70 + port_firmware.END
    # While it answers it may well idle: the transmitter wakes it.
    answering = board.log.sent[said][0]
    waiting = {what for cycle, what in board.log.states[since:] if cycle < answering}
    assert waiting <= {"active"}
    assert board.machine.tallies()[0].instructions - instructions < 200_000
    assert board.ask("p0") == port_firmware.END


def test_the_firmware_resets_itself(board: Board) -> None:
    time_before = board.machine.cycles()
    assert board.ask("r").endswith(b"boot\r\n")
    assert board.machine.cycles() > time_before
    assert board.ask("eagain") == b"again" + port_firmware.END


def test_a_reset_revives_a_board_that_has_faulted(board: Board) -> None:
    board.ask("f1")
    assert board.machine.fault is not None
    assert board.machine.fault.code == "WRITE_UNMAPPED"
    where = board.machine.image.locate(board.machine.fault.pc)
    assert where.startswith(("main+", "obey+"))
    stopped = board.machine.cycles()
    board.machine.run_to(stopped + 1000)
    assert board.machine.cycles() == stopped + 1000, "time goes on without it"
    board.machine.reset()
    assert board.rest() == b"boot\r\n"
    assert board.ask("ealive") == b"alive" + port_firmware.END


def test_the_firmwares_own_handler_tells_of_a_fault_once(board: Board) -> None:
    board.ask("f1")
    fault = board.machine.fault
    assert fault is not None
    assert board.machine.enter_fault_handler()
    words = board.rest().split()
    assert words[0] == b"fault"
    assert int(words[1], 16) == fault.pc
    if board.machine.board.name == "virtual-m4":  # Armv6-M has neither
        assert [int(word, 16) for word in words[2:]] == [0x8200, 0x60000000]
    assert board.machine.fault is None
    board.machine.fault = fault
    assert not board.machine.enter_fault_handler(), "a core locks up"


def test_wfe_rests_like_wfi(port_image: Callable[[str], Path]) -> None:
    board = Board("virtual-m4", port_image("virtual-m4"))
    board.machine.chip.uart.receive(b"w%")
    board.rest()
    assert board.machine.fault is None
    board.machine.chip.uart.receive(b"e1%")
    assert board.rest().endswith(port_firmware.END)


def test_the_debugger_is_absent_or_unknowable(board: Board) -> None:
    expected = {"virtual-m4": b"00000000", "virtual-m0": b"ffffffff"}[board.machine.board.name]
    assert board.ask("d") == expected + port_firmware.END


def test_time_does_not_depend_on_hook_or_slices(port_image: Callable[[str], Path]) -> None:
    elf = port_image("virtual-m4")
    seen = []
    for hook in ("c", "python"):
        for quantum in (1_000, 120_000, 10_000_000):
            board = Board("virtual-m4", elf, hook)
            machine = board.machine
            machine.chip.uart.receive(b"i20%")
            while machine.cycles() < 12_000_000:
                machine.run_to(min(machine.cycles() + quantum, 12_000_000))
            seen.append((machine.chip.uart.take(), board.log.edges, board.log.sent))
    assert all(one == seen[0] for one in seen)


@pytest.fixture
def qemu(require, port_image, request, tmp_path: Path) -> Iterator[socket.socket]:
    """The same image under QEMU, its UART on a socket."""
    board = load_board(request.param)
    assert board.qemu is not None
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        words = [
            *(str(require("qemu-system-arm")), "-M", board.qemu.machine, "-display", "none"),
            *("-monitor", "none", "-icount", "shift=0", "-kernel", str(port_image(request.param))),
            *(
                "-chardev",
                f"socket,id=uart,host=127.0.0.1,port={number},nodelay=on",
                "-serial",
                "chardev:uart",
            ),
        ]
        with (tmp_path / "qemu.txt").open("w") as complaints:
            process = subprocess.Popen(words, stderr=complaints)
            try:
                server.settimeout(60)
                line, _ = server.accept()
                line.settimeout(60)
                with line:
                    yield line
            finally:
                process.kill()
                process.wait()


def heard(line: socket.socket, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        data += line.recv(4096)
    return data


@pytest.mark.qemu
@pytest.mark.parametrize("qemu", BOARDS, indirect=True)
def test_the_same_image_answers_under_qemu(qemu: socket.socket, request, port_image) -> None:
    assert heard(qemu, b"\n") == b"boot\r\n"

    def ask(text: str) -> bytes:
        qemu.sendall(text.encode() + b"%")
        return heard(qemu, port_firmware.END)

    text = "e" + "0123456789" * 8
    for _ in range(5):
        assert ask(text) == text[1:].encode() + port_firmware.END
    # QEMU's timer counts 25 MHz, the firmware believes in the board's clock.
    assert int(ask("i20")[:8], 16) == pytest.approx(20_000, rel=0.05)
    assert ask("s20") == port_firmware.END
    assert ask("o5") == port_firmware.END
    assert ask("eback") == b"back" + port_firmware.END
    qemu.sendall(b"f1%")
    told = heard(qemu, b"\n")
    name = request.node.callspec.params["qemu"]
    ours = Board(name, port_image(name))
    ours.ask("f1")
    assert ours.machine.enter_fault_handler()
    assert ours.rest() == told, "the same place, the same status, the same address"
