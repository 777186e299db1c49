"""A board made of Python that speaks the serial dialect: strict MLPerf Tiny with its quirks, or tinykit's.

`StandIn.hear` takes what came and gives what it answers, so that the same board stands behind a real pty
(`served`), a socket, or a line in memory that a test damages (line_faults.py).
"""

from __future__ import annotations

import hashlib
import os
import struct
import threading
import time
import tty
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tinykit.running.result import TensorSpec
from tinykit.running.workload import Model, Workload
from tinykit.wire import cobs
from tinykit.wire.frames import accepted, refused

SCALE, ZERO = 1 / 256, -128


def a_model(inputs: int = 12, outputs: tuple[int, ...] = (4,), *, stateful: bool = False) -> Model:
    """A model that no runtime reads: its arithmetic is `truth`."""
    name = f"{inputs}-{outputs}-{stateful}"
    return Model(
        Path("stand-in.tflite"),
        b"",
        hashlib.sha256(name.encode()).hexdigest(),
        (TensorSpec((1, inputs), np.dtype(np.int8), 0.5, 3, "x"),),
        tuple(TensorSpec((1, n), np.dtype(np.int8), SCALE, ZERO, f"y{i}") for i, n in enumerate(outputs)),
        stateful,
        macs=1000,
    )


def a_workload(model: Model) -> Workload:
    return Workload(model.path, model)


def truth(model: Model, rows: np.ndarray) -> list[np.ndarray]:
    """What the board must give: sums with weights, and how often it ran where it keeps state."""
    given = []
    for i, spec in enumerate(model.outputs):
        n = spec.row_shape[0]
        weights = np.arange(1, rows.shape[1] * n + 1).reshape(-1, n) * (i + 7)
        steps = np.arange(len(rows))[:, None] if model.stateful else 0
        given.append(((rows.astype(np.int64) @ weights + steps + 31) & 0xFF).astype(np.uint8).view(np.int8))
    return given


@dataclass(frozen=True)
class Quirks:
    """What real firmwares do; each is in the reference of the dialect or was seen in a published log."""

    extension: bool = True
    trailing_comma: bool = False
    blanks: bool = False
    wide_times: bool = False  # 64-bit microseconds
    wraps: bool = False  # a 32-bit clock about to wrap
    energy: bool = False
    echo: bool = False
    crlf_noise: bool = False
    banner: bool = True
    boot_s: float = 0.0
    late_banner: bool = False
    model_id: str = "kws01"
    name: str = "m-name-dut-[stand-in]"
    knows_print: bool = True
    knows_results: bool = True
    max_input: int = 1 << 16
    laps: int = 2
    free_text: bool = False


@dataclass
class StandIn:
    """The board. ``clock`` gives seconds, ``work`` lets them pass."""

    model: Model
    quirks: Quirks = Quirks()
    latency_s: float = 1e-3
    clock: Callable[[], float] = time.monotonic
    work: Callable[[float], None] = time.sleep
    build: str = "performance"
    commands: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Power on: all memory is lost."""
        self.buffer = b""
        self.expected = 0
        self.partial = bytearray()
        self.outputs = [bytes(spec.size_bytes) for spec in self.model.outputs]
        self.step = 0
        self.armed = 0
        self.load_left = -1
        self.load_t = 0.0
        self.frame = bytearray()
        self.sequence = 0
        self.t_boot = self.clock() + self.quirks.boot_s

    def banner(self) -> bytes:
        if not self.quirks.banner:
            return b""
        lines = [
            "m-timestamp-mode-performance",
            f"m-lap-us-{self._us()}",
            "Initialized",
            "m-init-done",
            "m-ready",
        ]
        return self._lines(lines)

    def hear(self, data: bytes) -> bytes:
        """What it answers to ``data``."""
        out = bytearray()
        if self.clock() < self.t_boot:
            return b""
        for byte in data:
            if self.load_left >= 0:
                out += self._upload_byte(byte)
                continue
            if byte == ord("%"):
                text, self.partial = bytes(self.partial).decode("latin-1"), bytearray()
                out += self._command(text)
            elif byte == 0x03 and self.quirks.extension:
                self.partial.clear()
            elif len(self.partial) < 400:
                self.partial.append(byte)
        return bytes(out)

    def idle(self) -> bytes:
        """What it says by itself when nothing comes."""
        if self.load_left >= 0 and self.clock() - self.load_t > 1.0:
            self.load_left = -1
            return self._lines(["e-[upload ended]", "m-ready"])
        return b""

    def _command(self, text: str) -> bytes:
        self.commands.append(text)
        if self.quirks.extension:
            text = text.lstrip("\r\n\0")
            if len(text) > 80:
                return self._lines(["e-[Command longer than 80 characters]", "m-ready"])
        else:
            text = text[:80]
        lines = self._answer(text)
        if self.load_left >= 0 or lines is None:
            return b"" if lines is None else self._lines(lines)
        said = self._lines([*lines, "m-ready"])
        return text.encode("latin-1") + b"%" + said if self.quirks.echo else said

    def _lines(self, lines: list[str]) -> bytes:
        end = "\r\r\n\r\n" if self.quirks.crlf_noise else "\r\n"
        return "".join(line + end for line in lines).encode("latin-1")

    def _answer(self, text: str) -> list[str] | None:
        words = text.split(" ")
        if words[0] == "name":
            return [self.quirks.name] if text == "name" else [f"e-[Unknown command: {words[0]}]"]
        if words[0] == "profile":
            return ["m-profile-[ULPMark for tinyML Firmware V0.0.1]", f"m-model-[{self.quirks.model_id}]"]
        if words[0] == "timestamp":
            return [] if self.quirks.energy else [f"m-lap-us-{self._us()}"]
        if words[0] == "db":
            return self._db(words)
        if words[0] == "infer":
            return self._infer(words)
        if words[0] == "results" and self.quirks.knows_results:
            return [self._results()]
        if words[0] == "tk" and self.quirks.extension:
            return self._tk(words[1:])
        return [f"e-[Unknown command: {words[0]}]"]

    def _db(self, words: list[str]) -> list[str]:
        if len(words) < 2:
            return ["e-[Command 'db' requires a subcommand]"]
        if words[1] == "load":
            number = _atoi(words[2]) if len(words) > 2 else 0
            if number <= 0:
                return ["e-[Command 'db load' must be >0 bytes]"]
            self.buffer, self.expected = b"", min(number, self.quirks.max_input)
            first = (
                []
                if number <= self.quirks.max_input
                else [f"Supplied buffer size {number} exceeds maximum of {self.quirks.max_input}"]
            )
            return [*first, f"m-[Expecting {number} bytes]"]
        if words[1] == "print" and self.quirks.knows_print:
            pieces = [self.buffer[k : k + 8] for k in range(0, len(self.buffer), 8)]
            return [f"m-buffer-{'-'.join(f'{b:02x}' for b in piece)}" for piece in pieces]
        if words[1] == "print":
            return ["e-[Unknown command: db]"]
        if len(words[1]) % 2:
            return ["e-[Insufficent number of hex digits]"]
        try:
            data = bytes.fromhex(words[1])
        except ValueError:
            return [f"e-[Invalid hex digit '{words[1][:2]}']"]
        had = len(self.buffer)
        self.buffer = (self.buffer + data)[: self.expected]
        return ["m-load-done"] if had < self.expected == len(self.buffer) else []

    def _run(self) -> None:
        spec = self.model.inputs[0]
        row = np.frombuffer(self.buffer.ljust(spec.size_bytes, b"\0")[: spec.size_bytes], np.int8)[None]
        for i, output in enumerate(truth(replace(self.model, stateful=False), row)):
            steps = self.step if self.model.stateful else 0
            self.outputs[i] = ((output.view(np.uint8).astype(int) + steps) & 0xFF).astype(np.uint8).tobytes()
        self.step += 1

    def _infer(self, words: list[str]) -> list[str]:
        n = _atoi(words[1]) if len(words) > 1 else 1
        w = _atoi(words[2]) if len(words) > 2 else 10
        if n <= 0 or n > 100_000 or w < 0:
            return ["e-[Inference iterations must be >0]"]
        lines = [f"m-warmup-start-{w}"]
        for _ in range(min(w, 3)):
            self._run()
        self.work(w * self.latency_s)
        lines += ["m-warmup-done", f"m-infer-start-{n}"]
        before = self._us()
        for _ in range(min(n, 3)):
            self._run()
        self.work(n * self.latency_s)
        times = (
            []
            if self.quirks.energy
            else [f"m-lap-us-{t}" for t in (before, self._us(), 7)][: self.quirks.laps]
        )
        lines += [*times, "m-infer-done", self._results()]
        if self.quirks.free_text:
            lines.insert(1, "some debug text of the vendor's")
        return lines

    def _us(self) -> int:
        base = 160_573_425_916 if self.quirks.wide_times else (1 << 32) - 500 if self.quirks.wraps else 0
        us = base + int(self.clock() * 1e6)
        return us if self.quirks.wide_times else us & 0xFFFFFFFF

    def _results(self) -> str:
        real = (np.frombuffer(self.outputs[0], np.int8).astype(int) - ZERO) * SCALE
        text = (", " if self.quirks.blanks else ",").join(f"{value:.3f}" for value in real)
        return f"m-results-[{text}{',' if self.quirks.trailing_comma else ''}]"

    def _tk(self, words: list[str]) -> list[str] | None:
        number = _atoi(words[1]) if len(words) > 1 else 0
        if not words:
            return ["e-[unknown, see tk help]"]
        if words[0] == "info":
            return self._info()
        if words[0] == "state":
            self.step = 0
            return ["m-tk-state-[reset]"]
        if words[0] == "output":
            return self._output(number) if len(words) == 2 else ["e-[argument out of range]"]
        if words[0] == "crc":
            return [f"m-tk-crc-[{zlib.crc32(self.buffer):08x}]"]
        if words[0] == "profile":
            return ["m-tk-layer-[0,600]", "m-tk-layer-[1,400]", "m-tk-ticks-[1000]"]
        if words[0] in ("idle", "sleep") and 0 < number <= 60_000:
            self.work(number / 1e3)
            return [f"m-tk-{words[0]}-[{number}]"]
        if words[0] == "load" and 0 < number <= self.quirks.max_input:
            self.load_left, self.buffer, self.sequence, self.frame = number, b"", 0, bytearray()
            self.load_t = self.clock()
            return [f"m-tk-load-[{number}]", "m-ready"]
        if words[0] == "arm" and number > 0:
            self.armed = number
            return [f"m-tk-armed-[{number}]"]
        if words[0] == "go":
            return self._go()
        return ["e-[unknown, see tk help]"]

    def _go(self) -> list[str]:
        if not self.armed:
            return ["e-[not armed]"]
        n, self.armed = self.armed, 0
        self.work(n * self.latency_s)
        for _ in range(min(n, 3)):
            self._run()
        ticks = int(n * self.latency_s * 1_000_000) & 0xFFFFFFFF
        crc = zlib.crc32(struct.pack("<IQ", n, ticks))
        return ["m-tk-go", f"m-tk-done-[{n},{ticks}]", f"m-tk-crc-[{crc:08x}]"]

    def _info(self) -> list[str]:
        model = self.model

        def facts(i: int, spec: TensorSpec) -> str:
            scale = struct.pack(">f", spec.scale).hex()
            shape = "x".join(map(str, spec.shape))
            return f"[{i},{spec.dtype},{spec.size_bytes},{scale},{spec.zero_point},{shape}]"

        return [
            "m-tk-version-[1]",
            f"m-tk-model-[{model.sha256}]",
            f"m-tk-firmware-[{'ab' * 32}]",
            "m-tk-board-[stand-in]",
            f"m-tk-build-[{self.build}]",
            "m-tk-clock-[120000000]",
            "m-tk-timer-[1000000]",
            *(f"m-tk-input-{facts(i, spec)}" for i, spec in enumerate(model.inputs)),
            *(f"m-tk-output-{facts(i, spec)}" for i, spec in enumerate(model.outputs)),
            "m-tk-layers-[2]",
            "m-tk-upload-[512,8]",
            "m-tk-debugger-[0]",
        ]

    def _output(self, i: int) -> list[str]:
        if not 0 <= i < len(self.outputs):
            return ["e-[argument out of range]"]
        data = self.outputs[i]
        pieces = [f"m-tk-data-[{k},{data[k : k + 32].hex()}]" for k in range(0, len(data), 32)]
        return [*pieces, f"m-tk-crc-[{zlib.crc32(data):08x}]"]

    def _upload_byte(self, byte: int) -> bytes:
        self.load_t = self.clock()
        if byte:
            self.frame.append(byte)
            return b""
        frame, self.frame = bytes(self.frame), bytearray()
        try:
            body = cobs.decode(frame)
        except Exception:
            body = b""
        if len(body) < 6 or zlib.crc32(body[:-4]) != int.from_bytes(body[-4:], "little"):
            return bytes([refused(self.sequence)])
        sequence, payload = int.from_bytes(body[:2], "little"), body[2:-4]
        if sequence == 0xFFFF:
            self.load_left = -1
            return self._lines(["e-[upload ended]", "m-ready"])
        if sequence == self.sequence and len(payload) <= self.load_left:
            self.buffer += payload
            self.load_left -= len(payload)
            self.sequence += 1
            if self.load_left == 0:
                self.load_left = -1
                return bytes([accepted(sequence)]) + self._lines(["m-load-done", "m-ready"])
            return bytes([accepted(sequence)])
        if self.sequence - 8 <= sequence < self.sequence:
            return bytes([accepted(sequence)])
        return bytes([refused(self.sequence)])


def _atoi(text: str) -> int:
    digits = ""
    for c in text:
        if c not in "0123456789":  # a damaged byte may be "²"
            break
        digits += c
    return int(digits or 0)


@contextmanager
def served(board: StandIn) -> Iterator[str]:
    """The board on a real pty; gives its name. It answers at once, in a thread of its own."""
    master, slave = os.openpty()
    tty.setraw(slave)
    tty.setraw(master)
    over = threading.Event()

    def serve() -> None:
        import select

        is_up = False
        while not over.is_set():
            if not is_up and board.clock() >= board.t_boot:
                is_up = True
                os.write(master, board.banner() if board.quirks.late_banner else b"")
            ready, _, _ = select.select([master], [], [], 0.01)
            try:
                said = board.hear(os.read(master, 4096)) if ready else board.idle()
            except OSError:
                return
            if said:
                os.write(master, said)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        over.set()
        thread.join(2)
        os.close(master)
        os.close(slave)
