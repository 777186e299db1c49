"""Our firmware under a host that was written from the description of MLPerf Tiny's dialect alone."""

from __future__ import annotations

import os
import pty
import socket
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import serial
from compiler.operator_cases import Case
from compiler.oracle import expected
from qemu_line import ICOUNT, PROGRAM, qemu_line
from wire.independent_client import Dut, DutError, accuracy, benchmark

from tinykit.bench import serve_board
from tinykit.bench.machine import Machine
from tinykit.boards import load_board
from tinykit.compiler.image import build_model
from tinykit.toolchain import read_image

BOARD = "virtual-m4"
SHAPES = {"kws01": (49, 10, 1), "ic01": (32, 32, 3), "vww01": (96, 96, 3), "ad01": (640,)}
Build = Callable[..., Path]


@pytest.fixture(scope="module")
def elf(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """``elf("kws01", board=, energy=)``: our own model of that benchmark, as its firmware."""
    made: dict[object, Path] = {}

    def build(benchmark: str, board: str = BOARD, energy: bool = False) -> Path:
        key = benchmark, board, energy
        if key not in made:
            out = tmp_path_factory.mktemp("dut") / "out"
            build_model(twin(checkout, benchmark), load_board(board), out, energy=energy, mlperf=benchmark)
            made[key] = out / "firmware.elf"
        return made[key]

    return build


def twin(checkout: Path, benchmark: str) -> Path:
    name = benchmark.removesuffix("01")
    return checkout / "firmware_models" / "models" / name / f"{name}.tflite"


def inputs(benchmark: str, count: int) -> tuple[list[bytes], np.ndarray]:
    """What the benchmark's host sends, and what the model's input then is."""
    rng = np.random.default_rng(len(benchmark) + SHAPES[benchmark][0])
    shape = (count, 1, *SHAPES[benchmark])
    if benchmark == "kws01":
        stored = rng.integers(-128, 128, shape).astype(np.int8)
        return [one.tobytes() for one in stored], stored
    pixels = rng.integers(0, 256, shape, np.uint8)
    return [one.tobytes() for one in pixels], (pixels.astype(np.int16) - 128).astype(np.int8)


def shown(model: Path, benchmark: str, stored: np.ndarray) -> list[tuple[float, ...]]:
    """What ``results`` should print for the oracle's outputs: three decimals, for kws01 cut."""
    output = expected(Case(benchmark, model.read_bytes(), (stored,)))[0]
    real = (output.reshape(len(stored), -1).astype(float) + 128) / 256
    decimals = np.floor(real * 1000) / 1000 if benchmark == "kws01" else np.round(real, 3)
    return [tuple(float(f"{value:.3f}") for value in row) for row in decimals]


@contextmanager
def served(elf: Path) -> Iterator[Dut]:
    with (
        serve_board(elf, load_board(BOARD), port="tcp:127.0.0.1:0", awaits_host=True) as board,
        serial.serial_for_url(board.port, 115_200, timeout=0.1) as port,
    ):
        dut = Dut(port)
        dut.await_boot()
        yield dut


def test_a_performance_session(elf: Build, checkout: Path) -> None:
    data, stored = inputs("kws01", 5)
    with served(elf("kws01")) as dut:
        session = benchmark(dut, data, 3, 1)
        assert dut.printed() == data[-1]
    assert (session.name, session.model) == ("tinykit", "kws01")
    assert session.lone_us is not None
    wanted = shown(twin(checkout, "kws01"), "kws01", stored)
    assert [window.results for window in session.windows] == wanted
    durations = [window.duration_us or 0 for window in session.windows]
    assert all(window.texts == () for window in session.windows)
    # One model, one clock: its windows take as long, but for the line that is sent within each.
    assert 10_000 < min(durations) <= max(durations) < 1.05 * min(durations)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ic01", "vww01"])
def test_pixels(elf: Build, checkout: Path, name: str) -> None:
    data, stored = inputs(name, 2)
    with served(elf(name)) as dut:
        assert dut.model() == name
        assert accuracy(dut, data) == shown(twin(checkout, name), name, stored)


@pytest.mark.slow
def test_a_window_of_spectrogram_gives_its_error(elf: Build, checkout: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter

    model = twin(checkout, "ad01")
    native: Any = Interpreter(model_path=str(model))
    (scale, zero), (out_scale, out_zero) = (
        one[0]["quantization"] for one in (native.get_input_details(), native.get_output_details())
    )
    rows = np.random.default_rng(9).normal(0, 40 * scale, (3, 1, 640)).astype(np.float32)
    steps = np.rint(rows / np.float32(scale)) + zero
    stored = np.clip(steps, -128, 127).astype(np.int8).reshape(3, 1, 640)
    output = expected(Case("ad01", model.read_bytes(), (stored,)))[0].reshape(3, 640).astype(float)
    errors = np.mean((out_scale * (output - out_zero) - rows.reshape(3, 640)) ** 2, axis=1)
    with served(elf("ad01")) as dut:
        assert dut.model() == "ad01"
        found = accuracy(dut, [row.astype("<f4").tobytes() for row in rows])
    for (value,), error in zip(found, errors, strict=True):
        assert value == pytest.approx(error, rel=1e-5, abs=0.0006)


class Pulses:
    """Hears a board's marker and its line, in core cycles."""

    def __init__(self) -> None:
        self.edges: list[tuple[int, bool]] = []
        self.sent: list[tuple[int, int]] = []

    def marker(self, cycle: int, high: bool) -> None:
        self.edges.append((cycle, high))

    def state(self, cycle: int, state: str) -> None:
        pass

    def sending(self, start: int, end: int) -> None:
        self.sent.append((start, end))

    def lows(self) -> list[tuple[int, int]]:
        """Each low pulse behind the first time that it was high: from, to."""
        return [(a, b) for (a, was), (b, now) in pairwise(self.edges) if not was and now]


@contextmanager
def marked(elf: Path) -> Iterator[tuple[Dut, Pulses, Machine]]:
    """The emulated board in this process, behind a pty."""
    pulses = Pulses()
    machine = Machine(load_board(BOARD), read_image(elf), {}, 1)
    machine.listeners.append(pulses)
    here, there = pty.openpty()
    tty.setraw(there)
    stop, wake = os.pipe()

    def run() -> None:
        from select import select

        while True:
            for _ in range(100_000):
                machine.run_to(machine.cycles() + 10_000_000, frozen=True)
                assert machine.fault is None
                if machine.is_at_rest and machine.next_event() is None:
                    break
            machine.run_to(machine.chip.uart.last_sent() or 0)
            os.write(here, machine.chip.uart.take(machine.cycles()))
            ready, _, _ = select([here, stop], [], [])
            if stop in ready:
                return
            machine.chip.uart.receive(os.read(here, 4096))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        with serial.Serial(os.ttyname(there), 9600, timeout=0.1) as port:
            yield Dut(port), pulses, machine
    finally:
        os.write(wake, b"x")
        thread.join(30)
        for file in (here, there, stop, wake):
            os.close(file)


@pytest.mark.slow
def test_an_energy_session(elf: Build, checkout: Path) -> None:
    data, stored = inputs("kws01", 5)
    with marked(elf("kws01", energy=True)) as (dut, pulses, machine):
        assert dut.await_boot() == ["m-timestamp-mode-energy", "m-init-done"]
        session = benchmark(dut, data, 4, 2)
        hz = machine.board.clock_hz
        assert machine.chip.uart.lost == 0
    assert session.lone_us is None
    assert [one.results for one in session.windows] == shown(twin(checkout, "kws01"), "kws01", stored)
    lows = pulses.lows()
    assert len(lows) == 1 + 1 + 2 * 5
    assert all(1e-6 <= (end - start) / hz < 2e-3 for start, end in lows)
    # The monitor ignores what falls within 50 µs of another edge.
    assert all(later - first > 50e-6 * hz for (first, _), (later, _) in pairwise(lows))
    windows = list(zip(lows[2::2], lows[3::2], strict=True))
    lengths = [(end - start) / hz for (start, _), (end, _) in windows]
    assert 0.01 < min(lengths) <= max(lengths) < 1.01 * min(lengths)
    for (start, _), (_, end) in windows:
        assert not any(a < end and b > start for a, b in pulses.sent), "the line moved in a window"
    # A byte at 9600 baud takes 10 bits.
    a, b = pulses.sent[-1]
    assert (b - a) / hz == pytest.approx(10 / 9600, rel=0.02)


class _Line:
    """A socket as a port of pyserial's."""

    in_waiting = 4096

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def write(self, data: bytes) -> None:
        self._line.sendall(data)

    def read(self, size: int) -> bytes:
        return self._line.recv(size)


@pytest.mark.qemu
@pytest.mark.parametrize("energy", [False, True], ids=["performance", "energy"])
def test_a_session_under_qemu(
    elf: Build, checkout: Path, energy: bool, require: Callable[[str], Path]
) -> None:
    require(PROGRAM)
    data, stored = inputs("kws01", 5)
    path = elf("kws01", board="stm32f405", energy=energy)
    with qemu_line("netduinoplus2", path, *ICOUNT) as line:
        dut = Dut(_Line(line))
        dut.await_boot()
        assert dut.mode == ("energy" if energy else "performance")
        session = benchmark(dut, data, 3, 1)
        again = [] if energy else accuracy(dut, data)
    wanted = shown(twin(checkout, "kws01"), "kws01", stored)
    assert [one.results for one in session.windows] == wanted
    assert again == ([] if energy else wanted)
    assert (session.lone_us is None) is energy


def test_help_and_errors_as_described(elf: Build) -> None:
    with served(elf("kws01")) as dut:
        lines = dut.ask("help")
        assert lines[0].startswith("ULPMark for tinyML Firmware V0.0.1")
        assert lines[1] == ""
        # The reference's lines come first; what is ours stands behind them.
        words = ["help", "name", "timest", "db", "  load", "  db", "  print", " ", "infer", "results"]
        assert all(line.startswith(word) for line, word in zip(lines[2:], words, strict=False))
        described = {
            "db load 0": "e-[Command 'db load' must be >0 bytes]",
            "db load text": "e-[Command 'db load' must be >0 bytes]",
            "db load": "e-[Command 'db load' requires the # of bytes]",
            "db": "e-[Command 'db' requires a subcommand]",
            "db 123": "e-[Insufficent number of hex digits]",
            "db 12xy": "e-[Invalid hex digit 'xy']",
            "infer 0": "e-[Inference iterations must be >0]",
            "infer 1 -1": "e-[Inference warmup must be >=0]",
            "bufr 1": "e-[Unknown command: bufr]",
        }
        dut.ask("db load 2")
        for command, error in described.items():
            if command.startswith("db 1"):
                dut.ask("db load 2")
            assert dut.say(command) == [error]
        with pytest.raises(DutError, match="Unknown command"):
            dut.ask("bogus")
        (line,) = dut.say("db load 491")
        assert line == "Supplied buffer size 491 exceeds maximum of 490"


def test_lower_and_upper_case_digits_beyond_the_last_and_a_wrong_size(elf: Build) -> None:
    with served(elf("kws01")) as dut:
        dut.ask("db load 3")
        assert dut.ask("db aBCd") == []
        assert dut.ask("db EF99") == ["m-load-done"]
        assert dut.printed() == b"\xab\xcd\xef"
        window = dut.infer(1, 0)
        assert window.texts == ("Input db has 3 elemented, expected 490",)
        assert len(window.results) == 12
        # Left out: one inference after ten.
        assert dut.ask("infer")[1:4] == ["m-warmup-start-10", "m-warmup-done", "m-infer-start-1"]
