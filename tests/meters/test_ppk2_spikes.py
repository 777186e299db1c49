"""The spike filter beside the data: what the vendor's filter would have made of them, exactly."""

import itertools

import numpy as np
import ppk2_words
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ppk2_words import joined, pack

from tinykit.meters import Block
from tinykit.meters.ppk2_calibration import parse_calibration
from tinykit.meters.ppk2_decoder import Ppk2Decoder
from tinykit.meters.ppk2_spikes import SpikeFilter

CALIBRATION = parse_calibration(ppk2_words.metadata())


def one_by_one(current_a, ranges):
    """The filter as Nordic's app describes it, a sample at a time."""
    fast = slow = before = None
    left = count = 0
    filtered = []
    for value, r in zip(current_a, ranges, strict=True):
        was = fast, slow
        fast = value if fast is None else 0.18 * value + 0.82 * fast
        slow = value if slow is None else 0.06 * value + 0.94 * slow
        changed = before is not None and r != before
        if changed or left > 0:
            left, count = (3, 0) if changed else (left, count + 1)
            if r == 4 and count < 2:
                fast, slow = was
            left -= 1
            filtered.append(slow if r == 4 else fast)
        else:
            filtered.append(value)
        before = r
    return np.array(filtered)


def in_pieces(current_a, ranges, cuts):
    spikes, edges = SpikeFilter(), [0, *sorted(cuts), len(ranges)]
    pieces = [
        spikes.feed(Block(low, current_a=current_a[low:high], range_=ranges[low:high]))
        for low, high in itertools.pairwise(edges)
        if low < high
    ]
    return np.concatenate(pieces)


runs = st.lists(st.tuples(st.integers(0, 4), st.sampled_from([1, 2, 3, 4, 7, 40])), min_size=1, max_size=60)


@settings(deadline=None, max_examples=100)
@given(runs, st.integers(0, 2**32), st.lists(st.integers(0, 500), max_size=5))
def test_it_equals_the_filter_sample_by_sample(runs, seed, cuts):
    ranges = np.repeat(*np.array(runs).T).astype(np.uint8)
    current_a = np.random.default_rng(seed).lognormal(-7, 3, len(ranges))
    got = in_pieces(current_a, ranges, [min(cut, len(ranges)) for cut in cuts])
    np.testing.assert_allclose(got, one_by_one(current_a, ranges), rtol=0, atol=1e-14 * current_a.max())


def test_a_long_memory_is_not_forgotten():
    # A step of 1 A, 640 samples ago, and 1 nA since: what is left of it must be there.
    current_a = np.concatenate((np.full(50, 1.0), np.full(700, 1e-9), np.full(5, 2e-9)))
    ranges = np.concatenate((np.full(750, 1), np.full(5, 2))).astype(np.uint8)
    got = in_pieces(current_a, ranges, [])
    np.testing.assert_allclose(got, one_by_one(current_a, ranges), rtol=1e-7)


def test_without_a_change_of_range_nothing_changes():
    block = Block(0, current_a=np.arange(5.0), range_=np.full(5, 2, np.uint8))
    assert SpikeFilter().feed(block) is block.current_a


def test_samples_without_a_value_stay_so_and_spoil_nothing():
    words = pack(np.full(60, 3000), np.repeat([1, 6, 2], [30, 4, 26]))
    blocks = Ppk2Decoder(CALIBRATION, 3.0).feed(words.tobytes())
    spikes = SpikeFilter()
    got = np.concatenate([spikes.feed(block) for block in blocks])
    assert np.flatnonzero(np.isnan(got)).tolist() == [30, 31, 32, 33]


def test_the_vendors_filter_does_not_keep_charge():
    # Bursts of 22 mA: what the filter takes away is the size of the uncertainty term: 2 % of 1 ms.
    ranges = np.tile(np.repeat([0, 3], [900, 100]), 20).astype(np.uint8)
    current_a = np.where(ranges == 3, 22e-3, 20e-6)
    lost_c = (current_a - in_pieces(current_a, ranges, [5000]))[ranges == 3].sum() * 1e-5
    assert lost_c / (20 * 22e-3 * 1e-3) == pytest.approx(0.02, abs=0.002)


def test_a_block_without_ranges_is_refused():
    with pytest.raises(ValueError, match="current and ranges"):
        SpikeFilter().feed(Block(0, power_w=np.zeros(3)))


def test_blocks_of_the_decoder_can_be_filtered_in_order():
    rng = np.random.default_rng(4)
    ranges = np.repeat(rng.integers(0, 5, 40), 25)
    words = pack(rng.integers(500, 16000, 1000), ranges)
    decoder = Ppk2Decoder(CALIBRATION, 3.3)
    blocks = decoder.feed(words[:333].tobytes()) + decoder.feed(words[333:].tobytes()) + decoder.finish()
    spikes = SpikeFilter()
    got = np.concatenate([spikes.feed(block) for block in blocks])
    expected = one_by_one(joined(blocks, "current_a"), ranges)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-14 * np.abs(expected).max())
