"""What Nordic's spike filter would make of the samples: a bound for how far they can be trusted, no data.

The app and ppk2-api replace the three samples from a change of range on by a running mean: two exponential
means (weights 0.18, and 0.06 for range 4) over the unfiltered current, both beginning at the first sample; in
range 4 the first two samples after a change move neither mean. The filter does not keep charge.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinykit.meters.trace import INVALID, Block, FloatArray

SETTLING, FROZEN, SLOW_RANGE = 3, 2, 4
_WEIGHTS = np.array([0.18, 0.06])
# (1 - 0.06)^640 is 6e-18: what came before does not move a mean by one unit of float64's precision.
_MEMORY = 640
# Of the faster mean, (1 - 0.18)^200 is.
_KERNELS = tuple(w * (1 - w) ** np.arange(n)[::-1] for w, n in zip(_WEIGHTS, (200, _MEMORY), strict=True))
_ROWS = 2048


class SpikeFilter:
    """Takes blocks in order; exact, and only at work where ranges change."""

    def __init__(self) -> None:
        self._past: FloatArray | None = None
        self._range: int | None = None
        self._since = SETTLING

    def feed(self, block: Block) -> FloatArray:
        """The block's filtered current, float64 of shape (n,), in A; samples without a value stay NaN.

        Raises ValueError for a block without current and ranges.
        """
        if block.current_a is None or block.range_ is None:
            raise ValueError("the spike filter needs current and ranges")
        settling, since = self._settling(block.range_)
        slow = block.range_[settling] == SLOW_RANGE
        still = settling[(since < FROZEN) & slow]
        if block.flags is not None and (block.flags & INVALID).any():
            still = np.union1d(still, np.flatnonzero(np.isnan(block.current_a)))
        moving = np.delete(block.current_a, still) if len(still) else block.current_a
        if self._past is None and len(moving):
            # A constant past is a mean that begins at the first sample.
            self._past = np.full(_MEMORY, moving[0])
        if self._past is None:
            return block.current_a
        past, self._past = self._past, np.concatenate((self._past, moving[-_MEMORY:]))[-_MEMORY:]
        if not len(settling):
            return block.current_a
        filtered = block.current_a.copy()
        heads = since == 0
        heads[0] = True
        ends = settling + 1 - np.searchsorted(still, settling, "right")
        means = _means(np.concatenate((past, moving)), ends, heads, slow, filtered[settling])
        filtered[settling] = np.where(np.isfinite(filtered[settling]), means, np.nan)
        return filtered

    def _settling(self, ranges: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The samples less than three from the last change of range, and how far they are from it."""
        before = ranges[0] if self._range is None else self._range
        first = np.flatnonzero(ranges[:1] != before)
        changes = np.concatenate(([-self._since - 1], first, np.flatnonzero(ranges[1:] != ranges[:-1]) + 1))
        since = np.broadcast_to(np.arange(SETTLING), (len(changes), SETTLING))
        index = changes[:, np.newaxis] + since
        here = (index >= 0) & (index < np.append(changes[1:], len(ranges))[:, np.newaxis])
        self._range, self._since = int(ranges[-1]), int(min(len(ranges) - 1 - changes[-1], SETTLING))
        return index[here], since[here]


def _means(
    series: FloatArray,
    ends: NDArray[np.int64],
    heads: NDArray[np.bool_],
    slow: NDArray[np.bool_],
    current_a: FloatArray,
) -> FloatArray:
    """The mean that counts for each settling sample: over the first ``_MEMORY + ends[i]`` of ``series``.

    The first sample of each run (``heads``) looks back as far as it must; the others go on from there.
    """
    means = np.empty(len(ends))
    for kernel, here in zip(_KERNELS, (heads & ~slow, heads & slow), strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(series, len(kernel))[_MEMORY - len(kernel) :]
        places = np.flatnonzero(here)
        for row in range(0, len(places), _ROWS):
            some = places[row : row + _ROWS]
            means[some] = windows[ends[some]] @ kernel
    weights = np.where(slow, *_WEIGHTS[::-1]) * (np.diff(ends, prepend=0) > 0)
    left = np.flatnonzero(~heads)
    for at in (left[heads[left - 1]], left[~heads[left - 1]]):
        before = means[at - 1]
        means[at] = np.where(weights[at] > 0, before + weights[at] * (current_a[at] - before), before)
    return means
