"""PPK2 stream → samples: the same in any chunking, and honest about what is lost."""

import numpy as np
import ppk2_words
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ppk2_words import indices, joined, pack

from tinykit.meters import INVALID, RANGE_SWITCH, SATURATED
from tinykit.meters.ppk2_calibration import parse_calibration
from tinykit.meters.ppk2_decoder import Ppk2Decoder

CALIBRATION = parse_calibration(ppk2_words.metadata())
SERIES = ("current_a", "digital", "range_", "flags")


def decode(data, sizes=(), voltage_v=3.3, calibration=CALIBRATION):
    """Decode ``data`` in chunks of ``sizes``, the rest at once."""
    decoder, blocks = Ppk2Decoder(calibration, voltage_v), []
    for size in sizes:
        blocks += decoder.feed(data[:size])
        data = data[size:]
    return decoder, blocks + decoder.feed(data) + decoder.finish()


def same(one, other):
    assert np.array_equal(indices(one), indices(other))
    for name in SERIES:
        assert np.array_equal(joined(one, name), joined(other, name), equal_nan=True), name


def codes(decoder):
    return [warning.code for warning in decoder.warnings]


@pytest.fixture
def stream():
    rng = np.random.default_rng(5)
    ranges = np.repeat(rng.integers(0, 5, 60), rng.integers(1, 40, 60))
    return pack(rng.integers(0, 0x3FFF, len(ranges)), ranges, rng.integers(0, 256, len(ranges)))


def test_every_word_means_what_the_formula_says(stream):
    decoder, blocks = decode(stream.tobytes())
    words = [int(word) for word in stream]
    expected = [ppk2_words.ampere(ppk2_words.UNIT_A, word, 3.3) for word in words]
    np.testing.assert_allclose(joined(blocks, "current_a"), expected, rtol=1e-12)
    assert joined(blocks, "digital").tolist() == [word >> 24 for word in words]
    assert joined(blocks, "range_").tolist() == [word >> 14 & 7 for word in words]
    assert (decoder.length, decoder.gaps, decoder.warnings) == (len(stream), (), ())


damage = st.lists(
    st.one_of(
        st.tuples(st.just("lose"), st.integers(0, 999), st.integers(1, 200)),
        st.tuples(st.just("odd"), st.integers(0, 999), st.integers(1, 63)),
        st.tuples(st.just("stray"), st.integers(0, 3999), st.binary(min_size=1, max_size=30)),
        st.tuples(st.just("cut"), st.integers(0, 3999), st.integers(1, 30)),
    ),
    max_size=4,
)


def damaged(words, places):
    words = words.copy()
    for kind, at, what in places:
        if kind == "odd":
            words[at % len(words)] ^= np.uint32(what << 18)
    kept = np.ones(len(words), bool)
    for kind, at, what in places:
        if kind == "lose":
            kept[at : at + what] = False
    data = words[kept].tobytes()
    for kind, at, what in places:
        if kind == "stray":
            data = data[:at] + what + data[at:]
        elif kind == "cut":
            data = data[:at] + data[at + what :]
    return data


@settings(deadline=None, max_examples=200)
@given(damage, st.lists(st.integers(0, 400), max_size=40))
def test_any_chunking_of_any_stream_decodes_the_same(places, sizes):
    rng = np.random.default_rng(1)
    data = damaged(
        pack(rng.integers(0, 0x4000, 1000), rng.integers(0, 8, 1000), rng.integers(0, 256, 1000)), places
    )
    whole, blocks = decode(data)
    other, pieces = decode(data, sizes)
    same(blocks, pieces)
    assert (whole.length, whole.gaps, whole.warnings) == (other.length, other.gaps, other.warnings)


def test_single_bytes_and_empty_reads(stream):
    data = stream[:300].tobytes()
    same(decode(data)[1], decode(data, [1, 0, 0] * len(data))[1])


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(30, 60), st.integers(1, 63)), min_size=1, max_size=8))
def test_losses_are_found_with_their_size_and_place(losses):
    count = 100 + sum(run + lost for run, lost in losses)
    words, kept, expected, at = pack(np.arange(count) % 1000, 1), np.ones(count, bool), [], 0
    for run, lost in losses:
        at += run
        kept[at : at + lost] = False
        expected.append((at, lost))
        at += lost
    decoder, blocks = decode(words[kept].tobytes())
    assert [(gap.first_index, gap.count) for gap in decoder.gaps] == expected
    assert np.array_equal(indices(blocks), np.flatnonzero(kept))
    assert decoder.length == count


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(200, 400), st.integers(1, 63)), max_size=6))
def test_somebody_elses_parser_finds_the_same_losses(losses):
    from ppk2lab.protocol.samples import SampleBlock, SampleStreamParser

    count = 500 + sum(run + lost for run, lost in losses)
    words, kept, at = pack(np.arange(count) % 1000, 1), np.ones(count, bool), 0
    for run, lost in losses:
        at += run + lost
        kept[at - lost : at] = False
    data = words[kept].tobytes()
    events = [event for event in SampleStreamParser().feed(data) if not isinstance(event, SampleBlock)]
    decoder, _ = decode(data)
    assert [gap.count for gap in decoder.gaps] == [event.missing for event in events]
    assert [gap.first_index for gap in decoder.gaps] == [event.index for event in events]


@settings(deadline=None)
@given(st.integers(20, 900), st.integers(1, 5), st.integers(1, 62))
def test_up_to_five_odd_counters_are_a_glitch_and_no_loss(at, how_many, by):
    words = pack(np.full(1000, 700))
    words[at : at + how_many] ^= np.uint32(by << 18)
    decoder, blocks = decode(words.tobytes())
    assert decoder.gaps == ()
    assert len(joined(blocks, "current_a")) == 1000
    assert codes(decoder) == ["COUNTER_GLITCH"]


def test_a_multiple_of_64_cannot_be_seen_by_the_counter():
    words = pack(np.full(1000, 700))
    decoder, _ = decode(np.delete(words, slice(200, 200 + 128)).tobytes())
    assert (decoder.gaps, decoder.length) == ((), 1000 - 128)


@settings(deadline=None)
@given(st.integers(1, 3), st.integers(20, 800))
def test_words_are_found_again_after_lost_bytes(missing, at):
    words = pack(np.arange(1000) % 900 + 50, 2, np.arange(1000) % 7)
    data = words.tobytes()
    decoder, blocks = decode(data[: 4 * at + 1] + data[4 * at + 1 + missing :])
    got = indices(blocks)
    assert decoder.length == 1000
    assert len(got) >= 1000 - 8
    # What is there is the right sample at the right place; a torn word's counter fits one time in 64.
    assert np.count_nonzero(joined(blocks, "digital") != (np.arange(1000) % 7)[got]) <= 3
    assert sum(gap.count for gap in decoder.gaps) == 1000 - len(got)
    assert "stray bytes" in decoder.gaps[0].reason
    assert codes(decoder)[0] == "STRAY_BYTES"


def test_a_stream_that_begins_inside_a_word():
    words = pack(np.full(100, 800), 1, 3)
    decoder, blocks = decode(words.tobytes()[3:])
    assert (decoder.length, decoder.gaps) == (99, ())
    assert set(joined(blocks, "digital")) == {3}
    assert "1 bytes" in decoder.warnings[0].text


def test_noise_is_no_measurement():
    rng = np.random.default_rng(3)
    decoder, blocks = decode(rng.bytes(40_000))
    assert len(indices(blocks)) < 100
    assert codes(decoder)[0] == "STRAY_BYTES"


@given(st.integers(0, 14))
def test_a_stream_too_short_to_be_sure_is_still_decoded(count):
    decoder, blocks = decode(pack(np.full(count, 900)).tobytes() + b"\x01\x02")
    assert len(indices(blocks)) == decoder.length == count


def test_saturation_and_ranges_that_do_not_exist_are_flagged():
    words = pack(np.full(50, 1000), 2)
    words[10:13] |= np.uint32(0x3FFF)
    words[30] = words[30] & ~np.uint32(7 << 14) | np.uint32(6 << 14)
    decoder, blocks = decode(words.tobytes())
    flags, current_a = joined(blocks, "flags"), joined(blocks, "current_a")
    assert np.flatnonzero(flags & SATURATED).tolist() == [10, 11, 12]
    assert np.flatnonzero(flags & INVALID).tolist() == np.flatnonzero(np.isnan(current_a)).tolist() == [30]
    assert [w.text[:2] for w in decoder.warnings] == ["3 ", "1 "]
    assert codes(decoder) == ["SATURATED", "NO_VALUE"]


def test_an_uncalibrated_range_gives_no_values():
    text = ppk2_words.metadata().replace(b"O1: 75.462700000", b"O1: -nan")
    words = pack(np.full(40, 500), np.repeat([0, 1], 20))
    decoder, blocks = decode(words.tobytes(), calibration=parse_calibration(text))
    assert np.flatnonzero(joined(blocks, "flags") & INVALID).tolist() == list(range(20, 40))
    assert codes(decoder) == ["NO_VALUE"]


def test_three_samples_after_a_change_of_range_are_flagged():
    words = pack(np.full(100, 1000), np.repeat([0, 3, 2, 3], [20, 30, 2, 48]))
    blocks = decode(words.tobytes())[1]
    expected = [20, 21, 22, 50, 51, 52, 53, 54]
    assert np.flatnonzero(joined(blocks, "flags") & RANGE_SWITCH).tolist() == expected


def test_blocks_stay_small_whatever_is_fed():
    decoder = Ppk2Decoder(CALIBRATION, 3.0)
    blocks = decoder.feed(pack(np.full(200_000, 1000)).tobytes())
    assert max(len(block) for block in blocks) <= 131072
    assert decoder.length == 200_000


def test_a_fork_goes_on_from_where_it_was(stream):
    data = damaged(stream, [("lose", 300, 10), ("lose", 700, 20)])
    decoder = Ppk2Decoder(CALIBRATION, 3.3)
    before = decoder.feed(data[:2001])
    fork = decoder.fork()
    one = decoder.feed(data[2001:]) + decoder.finish()
    other = fork.feed(data[2001:]) + fork.finish()
    same(one, other)
    assert decoder.length == fork.length == len(stream)
    assert [len(decoder.gaps), len(fork.gaps)] == [2, 1]
    assert before


def test_user_gains_are_applied_and_said():
    text = ppk2_words.metadata().replace(b"UG1: 1.000000000", b"UG1: 1.050000000")
    words = pack(np.full(40, 2000), 1).tobytes()
    decoder, blocks = decode(words, calibration=parse_calibration(text))
    plain = joined(decode(words)[1], "current_a")
    np.testing.assert_allclose(joined(blocks, "current_a"), 1.05 * plain, rtol=1e-12)
    assert codes(decoder) == ["USER_GAIN"]
    assert "1.05" in decoder.warnings[0].text


def test_the_voltage_is_part_of_the_conversion():
    words = pack(np.full(40, 2000), 4).tobytes()
    low, high = (joined(decode(words, voltage_v=v)[1], "current_a")[0] for v in (1.0, 5.0))
    assert high - low == pytest.approx(4 * 2.940743e-3, rel=1e-9)
