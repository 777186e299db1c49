"""How fast PowerShield's streams are decoded: ``python tests/bench/powershield_rate.py``.

Aim: 50 M samples/s of the binary stream. Exit code 1 below it.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from tinykit.bench.meters.powershield_stream import Losses, Stream
from tinykit.meters.powershield_ascii import AsciiDecoder
from tinykit.meters.powershield_binary import BinaryDecoder

CHUNK_BYTES = 1 << 20
AIM_PER_S = 50e6


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


def main() -> int:
    text = stream(500_000, 5e3, is_binary=False)
    per_s = best_rate(lambda: AsciiDecoder(5e3, "current"), text, 500_000)
    print(f"text: {per_s / 1e6:.1f} M samples/s")
    binary = stream(10_000_000, 1e5, is_binary=True)
    per_s = best_rate(lambda: BinaryDecoder(1e5, "current"), binary, 10_000_000)
    said = "pass" if per_s >= AIM_PER_S else "miss"
    print(f"binary: {per_s / 1e6:.1f} M samples/s (aim {AIM_PER_S / 1e6:g} M samples/s): {said}")
    return int(per_s < AIM_PER_S)


if __name__ == "__main__":
    sys.exit(main())
