"""A second PowerShield client, to judge the emulated shield: from a description of the protocol alone.

It shares no line with tinykit's own. It works as the benchmark runners in the field do: line by line, an ack
counts only if it holds the command as it was sent, the window is what lies between the last two events.
"""

from __future__ import annotations

import os
import select
import struct
import time
from dataclasses import dataclass, field

ENERGY_RUN = (
    *("htc", 'lcd 1 "MLPerf Tiny"', 'lcd 2 "     monitor    "', "pwr off", "acqtime inf", "trigdelay 0"),
    *("trigsrc sw", "eventsrc d7 fal", "output energy", "format ascii_dec", "freq 1k", "volt 1800m"),
    *('lcd 2 "           1.8V "', "pwr on nostatus"),
)
"""What the mlcommons/tiny runner sends before `start`, in its order."""


class ShieldSaidNo(Exception):
    pass


@dataclass
class Run:
    """A text acquisition: ``stamps`` are (samples before it, ms), ``events`` (samples before it, number)."""

    samples: list[float] = field(default_factory=list)
    stamps: list[tuple[int, int]] = field(default_factory=list)
    events: list[tuple[int, int]] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    nul_after_stamp: bool = True
    ended: bool = False
    completed: bool = False


class SecondClient:
    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self._held = b""

    def close(self) -> None:
        os.close(self._fd)

    def write(self, line: str, end: str = "\n") -> None:
        os.write(self._fd, (line + end).encode("ascii"))

    def _more(self, deadline: float) -> None:
        ready, _, _ = select.select([self._fd], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError(f"silence after {self._held[-80:]!r}")
        self._held += os.read(self._fd, 65536)

    def line(self, seconds: float = 3.0) -> bytes:
        """The next line without its CR LF, NUL kept."""
        deadline = time.monotonic() + seconds
        while b"\r\n" not in self._held:
            self._more(deadline)
        line, _, self._held = self._held.partition(b"\r\n")
        return line

    def exactly(self, count: int, seconds: float = 3.0) -> bytes:
        deadline = time.monotonic() + seconds
        while len(self._held) < count:
            self._more(deadline)
        data, self._held = self._held[:count], self._held[count:]
        return data

    def command(self, text: str, end: str = "\n") -> str:
        """What the ack says behind the command."""
        self.write(text, end)
        while True:
            line = self.line().decode("ascii")
            if line.startswith("PowerShield > err"):
                raise ShieldSaidNo(line)
            if text in line and "ack" in line:
                return line.partition(text)[2].strip(" :")

    def collect(self, run: Run, seconds: float) -> Run:
        """Lines of an acquisition, until it is over or for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not run.completed:
            try:
                raw = self.line(max(0.0, until - time.monotonic()))
            except TimeoutError:
                break
            self._take(run, raw)
        return run

    def _take(self, run: Run, raw: bytes) -> None:
        line = raw.lstrip(b"\0").decode("ascii")
        previous = getattr(self, "_previous", "")
        if previous.startswith("TimeStamp"):
            run.nul_after_stamp &= raw.startswith(b"\0")
        self._previous = line
        if not line:
            return
        if line[0].isdigit():
            if not run.ended:
                run.samples.append(int(line[:4]) * 10.0 ** int(line[4:]))
        elif line.startswith("TimeStamp"):
            words = line.replace(":", " ").replace(">", " ").replace("<", " ").split()
            ms = int(words[1].rstrip("s")) * 1000 + int(words[2].removesuffix("ms,"))
            run.stamps.append((len(run.samples), ms))
        elif line.startswith("event"):
            run.events.append((len(run.samples), int(line.split()[1])))
        elif line == "end":
            run.ended = True
        elif "Acquisition completed" in line:
            run.completed = True
        else:
            run.other.append(line)


@dataclass
class BinaryRun:
    samples: list[float] = field(default_factory=list)
    stamps: list[tuple[int, int]] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)


_SIZES = {0xF3: 9, 0xF4: 4, 0xF5: 4, 0xF6: 4, 0xF7: 6, 0xF8: 6, 0xF9: 5}


def read_binary(client: SecondClient, run: BinaryRun, samples: int = 1 << 60) -> BinaryRun:
    """Pair by pair, up to ``samples`` of them or to the end frame."""
    while len(run.samples) < samples:
        first, second = client.exactly(2)
        if first < 0xF0:
            run.samples.append((((first & 15) << 8) | second) / 16 ** (first >> 4))
            continue
        assert first == 0xF0, hex(first)
        run.codes.append(second)
        if second in (0xF1, 0xF2):
            text = client.exactly(1)
            while not text.endswith(b"\xff\xff"):
                text += client.exactly(1)
            continue
        body = client.exactly(_SIZES[second] - 2)
        assert body.endswith(b"\xff\xff"), body
        if second == 0xF3:
            run.stamps.append((len(run.samples), struct.unpack(">I", body[:4])[0]))
        if second == 0xF4:
            break
    return run
