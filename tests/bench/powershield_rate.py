"""How fast PowerShield's streams are decoded; binary: at least 50 M samples/s.

``python tests/bench/powershield_rate.py``
"""

from __future__ import annotations

import time

import numpy as np

from tinykit.bench.meters.powershield_stream import Losses, Stream
from tinykit.meters.powershield_ascii import AsciiDecoder
from tinykit.meters.powershield_binary import BinaryDecoder

CHUNK_BYTES = 1 << 20


def stream(samples: int, rate_hz: float, *, is_binary: bool) -> bytes:
    current_a = np.random.default_rng(1).lognormal(np.log(5e-3), 1.0, samples).clip(1e-7, 0.05)
    emulated = Stream(rate_hz, is_binary, Losses())
    pieces = [emulated.samples(part, []) for part in np.array_split(current_a, max(samples // 100_000, 1))]
    return b"".join([emulated.begin(), *pieces, emulated.end()])


def best_rate(make, data: bytes, samples: int, rounds: int = 5) -> float:
    """Samples a second, bytes in to blocks out, the best of some rounds."""
    best_s = float("inf")
    for _ in range(rounds):
        decoder = make()
        began_s = time.perf_counter()
        count = 0
        for at in range(0, len(data), CHUNK_BYTES):
            count += sum(len(block) for block in decoder.feed(data[at : at + CHUNK_BYTES]))
        count += sum(len(block) for block in decoder.finish())
        best_s = min(best_s, time.perf_counter() - began_s)
        assert count == samples, (count, samples)
        assert not decoder.gaps
        assert not decoder.warnings
    return samples / best_s


if __name__ == "__main__":
    for name, samples, rate_hz, make in (
        ("binary", 10_000_000, 1e5, lambda: BinaryDecoder(1e5, "current")),
        ("text", 500_000, 5e3, lambda: AsciiDecoder(5e3, "current")),
    ):
        data = stream(samples, rate_hz, is_binary=name == "binary")
        print(f"{name}: {best_rate(make, data, samples) / 1e6:.1f} M samples/s")
