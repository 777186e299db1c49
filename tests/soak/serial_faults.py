"""Sessions over damaged lines: loss, duplication, bit flips, stalls, resets, at every point of an exchange.

Half of the sessions have one fault, placed in turn on every byte of a session; half have up to three,
anywhere, with other chunkings and input sizes. Each must end with the right result or a named error.
"""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from running.line_faults import KINDS, Case, Fault, lengths, play, random_case

SESSIONS = 3_000
BASES = (Case(True, False, 12, 64, ()), Case(True, True, 12, 64, ()), Case(False, False, 12, 64, ()))
_BATCH = 100


def soak(seed: int, fraction: float) -> dict[str, object]:
    """Run the share ``fraction`` of the sessions. Raises where a result was wrong or did not come."""
    total = max(_BATCH, round(SESSIONS * fraction))
    batches = [(seed, k, min(_BATCH, total - k)) for k in range(0, total, _BATCH)]
    counts: Counter[str] = Counter()
    longest = 0.0
    with ProcessPoolExecutor() as pool:
        for found, virtual_s in pool.map(_batch, batches):
            counts.update(found)
            longest = max(longest, virtual_s)
    return {
        "sessions": total,
        "wrong_results": 0,
        "hangs": 0,
        "by_outcome": {name: counts[name] for name in sorted(counts) if not name.startswith("kind:")},
        "faults_by_kind": {kind: counts[f"kind:{kind}"] for kind in KINDS},
        "longest_virtual_s": round(longest, 3),
    }


def _batch(job: tuple[int, int, int]) -> tuple[Counter[str], float]:
    seed, first, count = job
    rng = random.Random(f"{seed}-{first}")
    found: Counter[str] = Counter()
    longest = 0.0
    for k in range(first, first + count):
        case = _along(rng, k // 2) if k % 2 else random_case(rng)
        outcome = play(case)
        state = outcome.code or ("right, after a fault" if outcome.damaged else "right")
        found[state] += 1
        found.update(f"kind:{fault.kind}" for fault in case.faults)
        longest = max(longest, outcome.virtual_s)
    return found, longest


def _along(rng: random.Random, k: int) -> Case:
    """One fault; its place walks through the session as ``k`` grows."""
    base = BASES[k % len(BASES)]
    to_board, back = lengths(base)
    k //= len(BASES)
    kind = KINDS[k % len(KINDS)]
    at = (k // len(KINDS)) % (to_board + back)
    way = at < to_board
    fault = Fault(kind, way, at if way else at - to_board, rng.randint(1, 30))
    return Case(base.extension, base.stateful, base.size, base.chunk, (fault,))
