"""Order in the PPK2's stream: its 6-bit counter says where samples were lost, and where words begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tinykit.meters.trace import ByteArray

TOLERATED = 5
"""Nordic's app takes up to five odd counters for a glitch (pc-nrfconnect-ppk, pull request 166)."""
IN_ORDER = 4
"""So many consecutive counters are believed: one in 64 fits by chance, and slow logic lines may count too."""
LOOKAHEAD = TOLERATED + IN_ORDER
SYNC_WORDS = 16
MODULUS = 64
MAX_WORDS = 1 << 17
"""More words are not looked at in one go: their arrays stay in the processor's caches."""
_WINDOW = 4096
_TILE = np.resize(np.arange(MODULUS, dtype=np.uint8), MODULUS + MAX_WORDS)


@dataclass(frozen=True)
class Verdict:
    """What an odd counter means. ``words`` have been judged; after them the counter goes on as expected.

    ``glitch``: odd counters, nothing lost. ``loss``: ``lost`` samples (modulo 64) before these words.
    ``disorder``: the counters make no sense, so the words may begin elsewhere.
    """

    kind: Literal["glitch", "loss", "disorder"]
    words: int
    lost: int = 0


def counters_of(words: NDArray[np.uint32]) -> ByteArray:
    """The counters of ``words``, uint8."""
    counters = (words >> 18).astype(np.uint8)
    return np.bitwise_and(counters, MODULUS - 1, out=counters)


def first_odd(counters: ByteArray, expected: int) -> int:
    """Where the counters first differ from ``expected`` and what follows it; their number if nowhere."""
    differs = counters != _TILE[expected : expected + len(counters)]
    at = int(differs.argmax()) if len(differs) else 0
    return at if len(differs) and differs[at] else len(counters)


def judge(counters: ByteArray, expected: int) -> Verdict:
    """What the odd counter at the head of these LOOKAHEAD (at the stream's end: fewer) words means.

    As for Nordic's own detector, a return to the expected sequence within five words is a glitch; ours wants
    IN_ORDER words that agree. Losses are placed before the first odd word.
    """
    ahead = (counters.astype(np.int64) - expected - np.arange(len(counters))) % MODULUS
    for at in range(1, min(len(ahead), TOLERATED + 1)):
        if not ahead[at : at + IN_ORDER].any():
            return Verdict("glitch", at)
    if (ahead[-IN_ORDER:] != ahead[-1]).any():
        return Verdict("disorder", 0)
    return Verdict("loss", len(ahead), int(ahead[-1]))


def find_words(data: bytes | memoryview, run: int = SYNC_WORDS) -> int:
    """The first byte from which ``run`` words have consecutive counters, or -1."""
    span = 4 * run - 1  # windows overlap, so that no run falls between two
    for start in range(0, max(len(data) - span, 0), _WINDOW):
        found = _find_in(np.frombuffer(data[start : start + _WINDOW + span], np.uint8), run)
        if found >= 0:
            return start + found
    return -1


def _find_in(data: ByteArray, run: int) -> int:
    counters = data[2:] >> 2
    steps = ((counters[4:] - counters[:-4]) & (MODULUS - 1)) == 1
    starts = len(data) - 4 * run + 1
    found = np.ones(starts, bool)
    for step in range(run - 1):
        found &= steps[4 * step : 4 * step + starts]
    at = int(found.argmax())
    return at if found[at] else -1
