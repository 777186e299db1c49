"""How fast a binary upload goes into an emulated board at 921,600 baud, pace real. Started by hand.

The judge is the board's virtual time, from the first byte of the first frame to the last word of the reply.
The line rate counts the bytes of the data alone: framing costs, and so does the host's turnaround.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import serial

from tinykit.bench import ServedBoard, serve_board
from tinykit.boards import load_board
from tinykit.boards.load import BOARDS
from tinykit.compiler.image import build_model
from tinykit.resources import firmware_models
from tinykit.wire import frames

BAUD = 921_600
RUNS = 5
WINDOW = 8
AIM = 0.95


def fast_board(folder: Path) -> Path:
    """virtual-m4 with a faster UART."""
    text = (BOARDS / "virtual-m4.toml").read_text(encoding="utf-8")
    assert "baud = 115_200" in text
    path = folder / "virtual-m4-fast.toml"
    path.write_text(text.replace("baud = 115_200", f"baud = {BAUD}"), encoding="utf-8")
    return path


def upload(port: serial.Serial, pieces: list[bytes]) -> None:
    """Send the frames, ``WINDOW`` of them in flight; a line without errors is expected."""
    sent = answered = 0
    while answered < len(pieces):
        while sent < min(answered + WINDOW, len(pieces)):
            port.write(pieces[sent])
            sent += 1
        for byte in port.read(max(1, port.in_waiting)):
            assert frames.answer(byte) == frames.Answer(True, answered & 0x3F), hex(byte)
            answered += 1
            if answered == len(pieces):
                break


def rates(board: ServedBoard, size_bytes: int, runs: int) -> Iterator[tuple[float, float]]:
    """Of each upload, the share of the line rate by the board's clock and by the wall's."""
    data = random.Random(0).randbytes(size_bytes)
    pieces = list(frames.split(data))
    with serial.Serial(board.port, BAUD, timeout=5) as port:
        port.read_until(b"m-ready\r\n")
        for _ in range(runs):
            port.write(b"tk load %d%%" % size_bytes)
            assert port.read_until(b"m-ready\r\n").startswith(b"m-tk-load")
            before_s, wall_s = board.advance(0), time.monotonic()
            upload(port, pieces)
            assert port.read_until(b"m-ready\r\n") == b"m-load-done\r\nm-ready\r\n"
            after_s, wall_s = board.quiet_since_s(), time.monotonic() - wall_s
            line_s = 10 * size_bytes / BAUD
            yield line_s / (after_s - before_s), line_s / wall_s


def main() -> int:
    """Build, serve, upload; print the shares."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        board = load_board(fast_board(folder))
        model = firmware_models() / "models" / "vww" / "vww.tflite"
        built = build_model(model, board, folder / "build")
        assert built.image is not None
        link = f"pty:{folder / 'board'}"
        with serve_board(built.image.elf, board, pace="real", port=link, awaits_host=True) as served:
            shares = list(rates(served, 96 * 96 * 3, RUNS))
            slip_s = served.worst_slip_s
    virtual, wall = (statistics.median(column) for column in zip(*shares, strict=True))
    print(
        f"27,648 bytes at {BAUD:,} baud, {RUNS} uploads: {virtual:.1%} of the line rate by the board's clock"
    )
    said = "pass" if virtual >= AIM else "miss"
    print(f"(aim {AIM:.0%}: {said}), {wall:.1%} by the wall's; worst slip {1000 * slip_s:.0f} ms")
    return 0 if virtual >= AIM else 1


if __name__ == "__main__":
    sys.exit(main())
