"""A host for the firmware of MLPerf Tiny, by somebody who knows only what that firmware says on its line.

Nothing of tinykit is in here, and nothing of tinykit's own commands: where the two disagree, one is wrong.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PROFILE = "m-profile-[ULPMark for tinyML Firmware V0.0.1]"
# Sixty-five characters and the terminator, as the benchmark's own runner sends.
CHUNK_BYTES = 31
BOOT_S, LINE_S = 5.0, 30.0
US_WRAP = 2**32


class DutError(Exception):
    """The device answered with an error, with nothing, or with what the dialect does not have."""


@dataclass(frozen=True)
class Window:
    """One ``infer``: microseconds between its times (None: the build pulses instead), and its results."""

    inferences: int
    duration_us: int | None
    results: tuple[float, ...]
    texts: tuple[str, ...]


class Dut:
    """The device behind an open port of pyserial's."""

    def __init__(self, port: Any) -> None:
        self._port = port
        self._rest = b""
        self.mode = ""

    def await_boot(self) -> list[str]:
        """The banner. Sets the mode."""
        lines = self._reply(BOOT_S)
        for line in lines:
            if line.startswith("m-timestamp-mode-"):
                self.mode = line.removeprefix("m-timestamp-mode-")
        if lines[-1] != "m-init-done" or self.mode not in ("performance", "energy"):
            raise DutError(f"a banner of {lines}")
        return lines

    def ask(self, *words: object) -> list[str]:
        """The reply's lines before m-ready. Raises DutError where one is an error."""
        lines = self.say(*words)
        for line in lines:
            if line.startswith("e-["):
                raise DutError(line)
        return lines

    def say(self, *words: object) -> list[str]:
        """The same, errors among them."""
        command = " ".join(map(str, words)).encode("ascii") + b"%"
        assert len(command) <= 80
        self._port.write(command)
        return self._reply(LINE_S)

    def name(self) -> str:
        (line,) = self.ask("name")
        return _inside(r"m-name-dut-\[(.*)\]", line)

    def model(self) -> str:
        first, second = self.ask("profile")
        if first != PROFILE:
            raise DutError(first)
        return _inside(r"m-model-\[(.*)\]", second)

    def timestamp(self) -> int | None:
        lines = self.ask("timestamp")
        if self.mode == "energy":
            if lines:
                raise DutError(f"an energy build said {lines}")
            return None
        (line,) = lines
        return int(_inside(r"m-lap-us-(\d+)", line))

    def load(self, data: bytes) -> None:
        if self.ask("db load", len(data)) != [f"m-[Expecting {len(data)} bytes]"]:
            raise DutError("not expecting what was announced")
        for at in range(0, len(data), CHUNK_BYTES):
            said = self.ask("db", data[at : at + CHUNK_BYTES].hex())
            is_last = at + CHUNK_BYTES >= len(data)
            if said != (["m-load-done"] if is_last else []):
                raise DutError(f"at byte {at}: {said}")

    def printed(self) -> bytes:
        """What ``db print`` shows: eight bytes a line."""
        lines = [line for line in self.ask("db print") if line]
        rows = [_inside(r"m-buffer-((?:[0-9a-f]{2}-)*[0-9a-f]{2})", line).split("-") for line in lines]
        if any(len(row) != 8 for row in rows[:-1]):
            raise DutError("a line of the buffer that is not of 8 bytes")
        return bytes(int(pair, 16) for row in rows for pair in row)

    def infer(self, inferences: int, warmup: int) -> Window:
        lines = self.ask("infer", inferences, warmup)
        marked = [line for line in lines if line.startswith("m-")]
        head = [f"m-warmup-start-{warmup}", "m-warmup-done", f"m-infer-start-{inferences}"]
        if marked[:3] != head or marked[-2] != "m-infer-done":
            raise DutError(f"out of order: {lines}")
        laps = [int(_inside(r"m-lap-us-(\d+)", line)) for line in marked[3:-2]]
        if len(laps) != (0 if self.mode == "energy" else 2):
            raise DutError(f"{len(laps)} times in the window of a build for {self.mode}")
        duration_us = (laps[1] - laps[0]) % US_WRAP if laps else None
        texts = tuple(line for line in lines if not line.startswith("m-"))
        return Window(inferences, duration_us, _values(marked[-1]), texts)

    def results(self) -> tuple[float, ...]:
        (line,) = self.ask("results")
        return _values(line)

    def _reply(self, patience_s: float) -> list[str]:
        lines = []
        for line in self._lines(patience_s):
            if line == "m-ready":
                return lines
            lines.append(line)
        raise AssertionError

    def _lines(self, patience_s: float) -> Iterator[str]:
        deadline = time.monotonic() + patience_s
        while True:
            while b"\n" in self._rest:
                line, _, self._rest = self._rest.partition(b"\n")
                deadline = time.monotonic() + patience_s
                yield line.replace(b"\r", b"").replace(b"\0", b"").decode("utf-8")
            self._rest += self._port.read(max(1, self._port.in_waiting))
            if time.monotonic() > deadline:
                raise DutError(f"no line within {patience_s} s, after {self._rest!r}")


def _inside(pattern: str, line: str) -> str:
    found = re.fullmatch(pattern, line)
    if found is None:
        raise DutError(f"not of the form {pattern}: {line}")
    return found[1]


def _values(line: str) -> tuple[float, ...]:
    inside = _inside(r"m-results-\[(.*)\]", line).rstrip(",")
    return tuple(float(word) for word in inside.split(",")) if inside else ()


@dataclass(frozen=True)
class Session:
    """What a benchmark's session gives: windows in order, times of the lone ``timestamp``."""

    name: str
    model: str
    lone_us: int | None
    windows: tuple[Window, ...]


def benchmark(dut: Dut, inputs: list[bytes], inferences: int, warmup: int) -> Session:
    """The official order: who it is, one timestamp, then for each input a download and a window."""
    name, model, lone_us = dut.name(), dut.model(), dut.timestamp()
    windows = []
    for data in inputs:
        dut.load(data)
        windows.append(dut.infer(inferences, warmup))
    return Session(name, model, lone_us, tuple(windows))


def accuracy(dut: Dut, inputs: list[bytes]) -> list[tuple[float, ...]]:
    """Every input once: ``infer 1 0``, and the results again."""
    found = []
    for data in inputs:
        dut.load(data)
        window = dut.infer(1, 0)
        if dut.results() != window.results:
            raise DutError("the results are not those of the inference")
        found.append(window.results)
    return found
