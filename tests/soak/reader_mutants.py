"""20,000 damaged .tflite files: each is read as LiteRT reads it, or refused with ModelError."""

from __future__ import annotations

import resource
import time

from graph.mutants import judge, mutants, seeds

MUTANTS = 20_000
# Peak memory may grow by this much over all mutants of files below 2 MB: LiteRT's reading included.
GROWTH_LIMIT_BYTES = 256 << 20


def soak(seed: int, fraction: float) -> dict[str, object]:
    """Judge ``fraction`` of the mutants; raises where one is read wrongly, crashes, hangs or takes memory."""
    files = seeds()
    outcomes: dict[str, int] = {}
    longest_cpu_s = 0.0
    peak_before = _peak_bytes()
    for origin, data in mutants(files, seed, round(MUTANTS * fraction)):
        start_s = time.process_time()
        try:
            outcome = judge(data)
        except Exception as error:
            raise AssertionError(f"mutant {origin} (seed {seed})") from error
        longest_cpu_s = max(longest_cpu_s, time.process_time() - start_s)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    growth_bytes = _peak_bytes() - peak_before
    assert growth_bytes < GROWTH_LIMIT_BYTES, f"peak memory grew by {growth_bytes} bytes"
    return {
        "files": [path.name for path in files],
        "mutants": sum(outcomes.values()),
        "outcomes": dict(sorted(outcomes.items())),
        "longest_cpu_s": round(longest_cpu_s, 3),
        "peak_growth_bytes": growth_bytes,
    }


def _peak_bytes() -> int:
    """Peak resident memory of this process. Linux counts in KiB, as ``getrusage(2)`` says there."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
