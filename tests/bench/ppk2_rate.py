"""How fast PPK2 bytes become current, logic, gaps and flags; beside ppk2-api and ppk2lab, in one run.

``python tests/bench/ppk2_rate.py [--runs 9]``: the same stream of all five ranges (a burst every 5000
samples, ten lost in every 100,000) through each of them, in turns; the best of the runs counts, as the
machine's other work only ever slows things down. Before anything is timed, all must say the same. Aims: 200 M
samples/s in chunks of 64 k words or more, 200 × ppk2-api. A table goes to stderr, JSON to stdout; exit code 1
below an aim.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from ppk2_words import metadata

from tinykit.meters.ppk2_calibration import parse_calibration
from tinykit.meters.ppk2_decoder import Ppk2Decoder
from tinykit.meters.ppk2_spikes import SpikeFilter

SAMPLES = 1 << 22
OTHERS_SAMPLES = 1 << 18
VOLTAGE_V = 3.3
CHUNK_WORDS = (1 << 16, 1 << 18, 1 << 20)
AIM_PER_S, AIM_RATIO = 200e6, 200.0
CALIBRATION = parse_calibration(metadata())


def make_stream(size: int = SAMPLES) -> bytes:
    """The stream: idle in ranges 0 to 2, bursts of a tenth in ranges 3 and 4, noise, D0 high in bursts."""
    rng = np.random.default_rng(1)
    index = np.arange(size, dtype=np.uint32)
    burst, turn = index % 5000 < 500, index // 5000
    ranges = np.where(burst, 3 + turn % 2, turn % 3).astype(np.uint32)
    adc = (np.where(burst, 6000, 2000) + rng.integers(-300, 300, size)).astype(np.uint32)
    words = adc | ranges << 14 | (index & 63) << 18 | burst.astype(np.uint32) << 24
    return words[index % 100_000 < 99_990].astype("<u4").tobytes()


def decode(data: bytes, chunk_words: int, spikes: bool = False) -> int:
    """Samples decoded, by our decoder in chunks of so many words."""
    decoder, extra = Ppk2Decoder(CALIBRATION, VOLTAGE_V), SpikeFilter()
    count = 0
    view = memoryview(data)
    for at in range(0, len(data), 4 * chunk_words):
        for block in decoder.feed(view[at : at + 4 * chunk_words]):
            count += len(block)
            if spikes:
                extra.feed(block)
    return count + sum(map(len, decoder.finish()))


def decode_api(data: bytes, port: str) -> np.ndarray:
    """The currents by ppk2-api (its filter included, which cannot be turned off), in amperes."""
    from ppk2_api.ppk2_api import PPK2_API

    api = PPK2_API(port)
    api._parse_metadata(metadata().decode())
    api.current_vdd = VOLTAGE_V * 1000
    return np.array(api.get_samples(data)[0]) * 1e-6


def decode_lab(data: bytes) -> np.ndarray:
    """The currents by ppk2lab, in amperes."""
    from ppk2lab.calibration import Calibration
    from ppk2lab.protocol.metadata import parse_metadata
    from ppk2lab.protocol.samples import SampleBlock, SampleStreamParser

    calibration = Calibration.from_metadata(parse_metadata(metadata().decode()))
    blocks = [event for event in SampleStreamParser().feed(data) if isinstance(event, SampleBlock)]
    return np.concatenate([calibration.convert_block(block, VOLTAGE_V * 1000) for block in blocks]) * 1e-6


def check(data: bytes, port: str) -> None:
    """All three say the same, before any is timed."""
    decoder, spikes = Ppk2Decoder(CALIBRATION, VOLTAGE_V), SpikeFilter()
    blocks = decoder.feed(data) + decoder.finish()
    current_a = np.concatenate([block.current_a for block in blocks])
    filtered_a = np.concatenate([spikes.feed(block) for block in blocks])
    np.testing.assert_allclose(current_a, decode_lab(data), rtol=1e-9)
    np.testing.assert_allclose(filtered_a, decode_api(data, port), rtol=1e-9)
    assert [gap.count for gap in decoder.gaps] == [10] * (decoder.length // 100_000)


def works(data: bytes, port: str) -> dict[str, tuple[int, Callable[[], object]]]:
    """What is timed: name → samples, work."""
    part = data[: 4 * OTHERS_SAMPLES]
    others = len(part) // 4
    timed: dict[str, tuple[int, Callable[[], object]]] = {
        f"tinykit, {words >> 10} k words": (len(data) // 4, partial(decode, data, words))
        for words in CHUNK_WORDS
    }
    timed["tinykit with the filter"] = (len(data) // 4, partial(decode, data, CHUNK_WORDS[0], spikes=True))
    timed["ppk2-api"] = (others, partial(decode_api, part, port))
    timed["ppk2lab"] = (others, partial(decode_lab, part))
    return timed


def measure(runs: int, size: int = SAMPLES) -> dict[str, float]:
    """Samples a second by name: the best of ``runs`` rounds, in each of which everything has its turn."""
    data = make_stream(size)
    controller, terminal = os.openpty()
    port = os.ttyname(terminal)
    check(data[: 4 * OTHERS_SAMPLES], port)
    best_per_s: dict[str, float] = {}
    for _ in range(runs):
        for name, (samples, work) in works(data, port).items():
            t_start_s = time.perf_counter()
            work()
            per_s = samples / (time.perf_counter() - t_start_s)
            best_per_s[name] = max(per_s, best_per_s.get(name, 0.0))
    os.close(controller)
    os.close(terminal)
    return best_per_s


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    best_per_s = measure(parser.parse_args().runs)
    slowest = min(best_per_s[f"tinykit, {words >> 10} k words"] for words in CHUNK_WORDS)
    ratio = slowest / best_per_s["ppk2-api"]
    for name, per_s in best_per_s.items():
        print(f"{name:26} {per_s / 1e6:9.2f} M samples/s", file=sys.stderr)
    print(f"{'slowest ÷ ppk2-api':26} {ratio:9.0f}", file=sys.stderr)
    holds = slowest >= AIM_PER_S and ratio >= AIM_RATIO
    print(
        f"aims {AIM_PER_S / 1e6:g} M samples/s, {AIM_RATIO:g}: {'pass' if holds else 'miss'}", file=sys.stderr
    )
    result = {
        "benchmark": "ppk2_rate",
        "cores": os.cpu_count(),
        "samples_per_s": {name: round(per_s) for name, per_s in best_per_s.items()},
        "ratio_to_ppk2_api": round(ratio, 1),
        "aim_samples_per_s": AIM_PER_S,
        "aim_ratio": AIM_RATIO,
    }
    print(json.dumps(result, indent=2))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
