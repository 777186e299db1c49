"""The firmware's dialect, compiled for this computer with sanitizers and driven through pipes."""

from __future__ import annotations

import struct
import subprocess
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from compiler.batch import WARNINGS
from compiler.host import ADDRESSES, host_compiler

from tinykit.boards import Board, Timer, load_board
from tinykit.compiler.build import compile_graph, write_c
from tinykit.graph.reader import read_model
from tinykit.toolchain import write_firmware
from tinykit.wire import parse

TIMER_HZ = 1_000_000
BANNER = b"m-timestamp-mode-performance\r\nm-lap-us-3\r\nm-init-done\r\nm-ready\r\n"


@dataclass(frozen=True)
class Silence:
    """Nothing on the line for so long."""

    ms: int


@dataclass(frozen=True)
class Said:
    """What a board sent after its banner, and what else it did: ``mark 1``, with the bytes sent before."""

    raw: bytes
    events: tuple[tuple[str, int, int], ...]

    @property
    def lines(self) -> list[str]:
        return self.raw.decode("ascii").split("\r\n")[:-1]

    @property
    def replies(self) -> list[list[str]]:
        """The lines of each reply, without its m-ready."""
        parts = self.raw.decode("ascii").split("m-ready\r\n")
        assert parts[-1] == "", parts[-1]
        return [part.split("\r\n")[:-1] for part in parts[:-1]]


@dataclass(frozen=True)
class HostBoard:
    """A program that speaks the dialect."""

    program: Path
    board: Board

    def run(self, *sent: bytes | str | Silence, timer: int = 0) -> Said:
        """What it says to ``sent``: bytes at once, text once it listens. The process must end by itself."""
        events = self.program.with_suffix(".events")
        done = subprocess.run(
            [self.program],
            input=b"".join(map(_record, sent)),
            capture_output=True,
            timeout=60,
            env={"TK_EVENTS": str(events), "TK_TIMER_START": str(timer)},
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
        ready = b"m-init-done\r\nm-ready\r\n"
        banner, found, rest = done.stdout.partition(ready)
        assert found
        assert timer or b"performance" not in banner or banner + ready == BANNER
        rows = [line.split() for line in events.read_text().splitlines()]
        start = len(banner) + len(ready)
        return Said(rest, tuple((what, int(value), int(at) - start) for what, value, at in rows))

    def ask(self, *commands: str | bytes | Silence) -> list[str]:
        """The lines of the last reply to ``commands``, without its m-ready."""
        return self.run(*commands).replies[-1]


def build(
    model: Path, folder: Path, *, energy: bool = False, mlperf: str | None = None, timer_hz: int = TIMER_HZ
) -> HostBoard:
    """The firmware around ``model`` as a program for this computer."""
    board = replace(load_board("virtual-m4"), mailbox=None, timer=Timer(0, timer_hz))
    write_c(compile_graph(read_model(model), mlperf=mlperf), folder)
    firmware = write_firmware(board, folder, energy=energy)
    sources = [name for name in firmware if "/wire/" in name and name.endswith(".c")]
    emitted = ["model.c", "weights.c", *(str(p) for p in sorted((folder / "kernels").glob("*.c")))]
    (folder / "firmware" / "build_id.h").write_text(f'#define TK_FIRMWARE_SHA256 "{"b" * 64}"\n')
    port = Path(__file__).with_name("port.c")
    words = [*host_compiler(), *WARNINGS, *ADDRESSES, "-I.", "-Ikernels", "-Ifirmware", "-Ifirmware/wire"]
    words += [*emitted, *sources, "firmware/main.c", str(port), "-o", "board"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return HostBoard(folder / "board", board)


def hex_commands(data: bytes, chunk: int = 31) -> Iterable[str]:
    """``db load`` and the ``db`` commands that bring ``data``."""
    yield f"db load {len(data)}%"
    for at in range(0, len(data), chunk):
        yield f"db {data[at : at + chunk].hex()}%"


def done_with_crc(lines: list[str], inferences: int) -> int:
    """The ticks of a window of ``inferences``, told under a CRC."""
    done, crc = map(parse, lines)
    count, ticks = map(int, done.fields)
    assert (done.name, crc.name, count) == ("tk-done", "tk-crc", inferences)
    assert int(crc.fields[0], 16) == zlib.crc32(struct.pack("<IQ", count, ticks))
    return ticks


def raw_output(reply: Sequence[str]) -> bytes:
    """What the lines of ``tk output`` carry, checked by offset and CRC."""
    data = b""
    for line in map(parse, reply[:-1]):
        assert line.name == "tk-data"
        assert int(line.fields[0]) == len(data)
        data += bytes.fromhex(line.fields[1])
    last = parse(reply[-1])
    assert (last.name, int(last.fields[0], 16)) == ("tk-crc", zlib.crc32(data))
    return data


def _record(sent: bytes | str | Silence) -> bytes:
    if isinstance(sent, Silence):
        return b"s" + struct.pack("<II", 4, sent.ms)
    kind, data = (b"c", sent.encode("ascii")) if isinstance(sent, str) else (b"b", sent)
    return kind + struct.pack("<I", len(data)) + data
