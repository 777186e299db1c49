"""The whole dialect on a board that is not our emulator's: stm32f405 under QEMU, over its real USART.

The client here knows the dialect from its description alone.
"""

from __future__ import annotations

import socket
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from qemu_line import ICOUNT, PROGRAM, qemu_line

from tinykit.boards import load_board
from tinykit.compiler.image import build_model
from tinykit.running.execute import RunOptions, run_model

pytestmark = pytest.mark.qemu
SIZE, CLASSES = 64, 10


class Dut:
    """Commands and replies."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self._read = b""
        self.banner = self.reply()

    def reply(self) -> list[str]:
        lines = [self._take()]
        while lines[-1] != "m-ready":
            lines.append(self._take())
        return lines[:-1]

    def _take(self) -> str:
        while b"\n" not in self._read:
            data = self.line.recv(4096)
            assert data, f"QEMU ended after {self._read!r}"
            self._read += data
        line, _, self._read = self._read.partition(b"\n")
        return line.rstrip(b"\r").decode("ascii")

    def ask(self, command: str) -> list[str]:
        self.line.sendall(command.encode() + b"%")
        return self.reply()

    def load(self, data: bytes, chunk: int = 31) -> None:
        assert self.ask(f"db load {len(data)}") == [f"m-[Expecting {len(data)} bytes]"]
        said: list[str] = []
        for at in range(0, len(data), chunk):
            assert said == []
            said = self.ask(f"db {data[at : at + chunk].hex()}")
        assert said == ["m-load-done"]

    def output(self) -> bytes:
        *lines, crc = self.ask("tk output 0")
        data = b"".join(bytes.fromhex(line.partition(",")[2].rstrip("]")) for line in lines)
        assert crc == f"m-tk-crc-[{zlib.crc32(data):08x}]"
        return data


@pytest.fixture(scope="module", params=[False, True], ids=["performance", "energy"])
def energy(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def elf(energy: bool, digits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("f405") / "out"
    build_model(digits.tflite, load_board("stm32f405"), out, energy=energy)
    return out / "firmware.elf"


@pytest.fixture
def dut(elf: Path, require: Callable[[str], Path]) -> Iterator[Dut]:
    require(PROGRAM)
    with qemu_line("netduinoplus2", elf, *ICOUNT) as line:
        yield Dut(line)


def field(lines: list[str], name: str) -> str:
    (line,) = [line for line in lines if line.startswith(f"m-{name}-[")]
    return line.partition("[")[2].removesuffix("]")


def test_it_introduces_itself(dut: Dut, energy: bool) -> None:
    assert dut.banner[0] == f"m-timestamp-mode-{'energy' if energy else 'performance'}"
    assert dut.banner[-1] == "m-init-done"
    assert any(line.startswith("m-lap-us-") for line in dut.banner) is not energy
    assert dut.ask("name") == ["m-name-dut-[tinykit]"]
    assert dut.ask("profile")[0] == "m-profile-[ULPMark for tinyML Firmware V0.0.1]"
    assert dut.ask("profile")[1].startswith("m-model-[tk-")
    assert any("tk help" in line for line in dut.ask("help"))
    assert dut.ask("nonsense") == ["e-[Unknown command: nonsense]"]


def test_it_says_that_its_clock_fell_back(dut: Dut, energy: bool) -> None:
    told = dut.ask("tk info")
    assert field(told, "tk-board") == "stm32f405"
    assert field(told, "tk-build") == ("energy" if energy else "performance")
    # QEMU has no clock tree: the port goes on from the internal 16 MHz, and does not claim the board's 168.
    assert field(told, "tk-clock") == "16000000"
    assert field(told, "tk-timer") == "4000000"
    scale = struct.unpack(">f", bytes.fromhex(field(told, "tk-output").split(",")[3]))[0]
    assert scale == 1 / 256


def test_outputs_are_those_of_the_emulated_board(dut: Dut, digits, tmp_path: Path) -> None:
    rows = np.random.default_rng(3).integers(-128, 128, (5, 8, 8, 1)).astype(np.int8)
    np.save(tmp_path / "x.npy", rows)
    report = run_model(digits.tflite, "virtual-m4", options=RunOptions(inputs=tmp_path / "x.npy"))
    for row, wanted in zip(rows, report.result.outputs[0], strict=True):
        dut.load(row.tobytes())
        assert dut.ask("tk crc") == [f"m-tk-crc-[{zlib.crc32(row.tobytes()):08x}]"]
        said = dut.ask("infer 1 0")
        assert dut.output() == wanted.tobytes()
        told = [float(word) for word in said[-1].removeprefix("m-results-[").rstrip(",]").split(",")]
        assert told == pytest.approx((wanted.reshape(-1).astype(float) + 128) / 256, abs=0.0006)
        assert dut.ask("results") == said[-1:]


def test_a_window_in_its_order(dut: Dut, energy: bool) -> None:
    dut.load(bytes(SIZE))
    said = dut.ask("infer 20 3")
    kinds = [line.rstrip("0123456789") for line in said[:-1]]
    laps = [] if energy else ["m-lap-us-"]
    assert kinds == [
        *("m-warmup-start-", "m-warmup-done", "m-infer-start-"),
        *(*laps, *laps, "m-infer-done"),
    ]
    assert said[0] == "m-warmup-start-3"
    assert said[2] == "m-infer-start-20"
    if not energy:
        first, last = (int(line.rpartition("-")[2]) for line in said if "lap" in line)
        assert last > first


def test_states_and_hand_shake(dut: Dut, energy: bool) -> None:
    dut.load(bytes(SIZE))
    assert dut.ask("tk go") == ["e-[not armed]"]
    assert dut.ask("tk arm 4 1") == ["m-tk-armed-[4]"]
    go, done, crc = dut.ask("tk go")
    assert go == "m-tk-go"
    count, ticks = map(int, done.removeprefix("m-tk-done-[").removesuffix("]").split(","))
    assert count == 4
    assert crc == f"m-tk-crc-[{zlib.crc32(struct.pack('<IQ', count, ticks)):08x}]"
    # In the energy build the UART was off in between, and hears again.
    assert dut.ask("name") == ["m-name-dut-[tinykit]"]
    assert dut.ask("tk idle 50") == ["m-tk-idle-[50]"]
    assert dut.ask("tk sleep 50") == ["m-tk-sleep-[50]"]
    assert dut.ask("tk state") == ["m-tk-state-[reset]"]
    layers = dut.ask("tk profile")
    assert len(layers) == 5 + 1
    assert sum(int(line.rstrip("]").rpartition(",")[2]) for line in layers[:-1]) <= int(
        layers[-1].partition("[")[2].rstrip("]")
    )


def test_nothing_that_is_sent_hangs_it(dut: Dut) -> None:
    for text in (
        "db load 99999999",
        "db load -1",
        "db zz",
        "db 0",
        "infer 0",
        "infer x",
        "tk",
        "tk load 0",
        "x" * 79,
    ):
        assert dut.ask(text) is not None
    dut.line.sendall(b"\xff" * 300 + b"%" + b"\r\n\0")
    assert any(line.startswith("e-[") for line in dut.reply())
    assert dut.ask("name") == ["m-name-dut-[tinykit]"]
