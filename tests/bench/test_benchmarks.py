"""The benchmarks that are started by hand run, and give what they promise; none is judged by its speed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from bench import (
    compare_rate,
    convert_overhead,
    help_time,
    host_overhead,
    powershield_rate,
    ppk2_rate,
    serial_exchange,
    upload_rate,
)

from tinykit.bench import serve_board
from tinykit.boards import load_board
from tinykit.meters.powershield_ascii import AsciiDecoder
from tinykit.meters.powershield_binary import BinaryDecoder


def test_serial_exchange() -> None:
    found = serial_exchange.measure(200)
    assert found["exchanges"] == 200
    assert set(serial_exchange.LIMITS) < set(found)
    assert min(found.values()) > 0


def test_host_overhead() -> None:
    found = host_overhead.measure(rounds=2, samples=10)
    assert set(found) == {"bare_us", "ours_us", "overhead"}
    assert found["bare_us"] > 0
    assert found["ours_us"] > 0
    assert found["overhead"] > -1


def test_ppk2_rate() -> None:
    found = ppk2_rate.measure(1, size=1 << 12)
    assert len(found) == len(ppk2_rate.CHUNK_WORDS) + 3
    assert min(found.values()) > 0


@pytest.mark.parametrize(("is_binary", "decoder"), [(True, BinaryDecoder), (False, AsciiDecoder)])
def test_powershield_rate(is_binary: bool, decoder) -> None:
    data = powershield_rate.stream(3_000, 5e3, is_binary=is_binary)
    assert powershield_rate.best_rate(lambda: decoder(5e3, "current"), data, 3_000, rounds=1) > 0


def test_help_time() -> None:
    assert help_time.median_s("-c", "pass", runs=1) > 0


@pytest.mark.slow
def test_upload_rate(digits, tmp_path: Path) -> None:
    from tinykit.compiler.image import build_model

    board = load_board(upload_rate.fast_board(tmp_path))
    built = build_model(digits.tflite, board, tmp_path / "build")
    with serve_board(built.image.elf, board, port=f"pty:{tmp_path / 'board'}", awaits_host=True) as served:
        ((virtual, wall),) = upload_rate.rates(served, 64, 1)
    assert virtual > 0
    assert wall > 0


def test_convert_overhead() -> None:
    wall_s, peak_bytes = convert_overhead.run([sys.executable, "-c", "pass"])
    assert wall_s > 0
    assert peak_bytes > 1_000_000
    result = convert_overhead.summarise("x", {"bare": [(2.0, 100)] * 3, "tinykit": [(2.2, 105), (2.2, 105)]})
    assert (result["time_ratio"], result["memory_ratio"]) == (1.1, 1.05)
    assert convert_overhead.holds(result)
    assert not convert_overhead.holds({**result, "memory_ratio": 1.2})


def test_compare_rate() -> None:
    found = compare_rate.measure(side=12, repeats=1)
    assert len(found) == 3
    assert all(wall_s > 0 and cpu_s >= 0 for wall_s, cpu_s in found.values())
