"""PowerShield's two streams into blocks: values, events, what was lost, and any chunking."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.meters.powershield_ascii import AsciiDecoder
from tinykit.meters.powershield_binary import V3PWR_FRAMES, BinaryDecoder
from tinykit.meters.trace import INVALID

END = (
    b"\r\nend\r\n\r\nsummary beg\r\n1000-07\r\n9000-03\r\nsummary end\r\n"
    b"PowerShield > Acquisition completed\r\n"
)
BINARY_END = b"\xf0\xf4\xff\xff" + END[7:]


def stamp(ms: int) -> bytes:
    return b"\r\nTimeStamp: %03ds %03dms, buff 05%%\r\n\0" % divmod(ms, 1000)


def frame(ms: int, overflow: bool = False) -> bytes:
    return b"\xf0\xf3" + (ms | overflow << 31).to_bytes(4, "big") + b"\x05\xff\xff"


def text_stream(samples: int, rate_hz: float, value: bytes = b"6409-07\r\n") -> bytes:
    parts = []
    for number in range(samples):
        if number % 1000 == 0:
            parts.append(stamp(int(number * 1000 / rate_hz)))
        parts.append(value)
    return b"".join(parts)


def binary_stream(words, rate_hz: float) -> bytes:
    parts = []
    for first in range(0, len(words), 1000):
        parts += [
            frame(int(first * 1000 / rate_hz)),
            np.asarray(words[first : first + 1000], ">u2").tobytes(),
        ]
    return b"".join(parts)


def decoded(decoder, data: bytes, cuts=()):
    """Numbers, values, digital and flags of all samples."""
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    blocks = [b for low, high in itertools.pairwise(bounds) for b in decoder.feed(data[low:high])]
    blocks += decoder.finish()
    numbers = np.concatenate([np.arange(b.first_index, b.end_index) for b in blocks] or [np.empty(0)])
    values = np.concatenate([b.values for b in blocks] or [np.empty(0)])
    digital = [np.ones(len(b), np.uint8) if b.digital is None else b.digital for b in blocks]
    flags = [np.zeros(len(b), np.uint8) if b.flags is None else b.flags for b in blocks]
    empty = np.empty(0, np.uint8)
    return numbers, values, np.concatenate(digital or [empty]), np.concatenate(flags or [empty])


def codes(decoder):
    return [warning.code for warning in decoder.warnings]


# ---------------------------------------------------------------------------------------------- ASCII


def test_a_sample_is_the_number_that_its_digits_mean():
    decoder = AsciiDecoder(1000, "current")
    _, values, _, _ = decoded(decoder, stamp(0) + b"6409-07\r\n0000+00\r\n1234+02\r\n9999-15\r\n" + END)
    assert values.tolist() == [640.9e-6, 0.0, 123400.0, 9.999e-12]
    assert codes(decoder) == []


def test_energy_samples_are_energy():
    decoder = AsciiDecoder(1000, "energy")
    (block,) = decoder.feed(stamp(0) + b"3000-08\r\n")
    assert block.energy_j.tolist() == [30e-6]
    assert block.current_a is None


def test_the_summary_behind_the_end_is_no_sample():
    numbers, *_ = decoded(AsciiDecoder(1000, "current"), stamp(0) + b"6409-07\r\n" + END)
    assert len(numbers) == 1


def test_an_event_is_a_low_sample_where_it_stood():
    data = (
        stamp(0)
        + b"1000-06\r\n" * 3
        + b"event 00 ris\r\n"
        + b"1000-06\r\n" * 2
        + b"event 01 ris\r\n1000-06\r\n"
    )
    decoder = AsciiDecoder(1000, "current")
    _, _, digital, _ = decoded(decoder, data + END)
    assert digital.tolist() == [1, 1, 1, 0, 1, 0]
    assert codes(decoder) == []


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (b"event 00 ris\r\n" + b"1000-06\r\n" * 3 + b"event 02 ris\r\n", "EVENT_LOST"),
        (b"event 00 ris\r\nevent 01 ris\r\n1000-06\r\n", "EVENTS_MERGED"),
        (
            b"event 98 ris\r\n"
            + b"1000-06\r\n" * 3
            + b"event 99 ris\r\n"
            + b"1000-06\r\n" * 3
            + b"event 00 ris\r\n",
            "",
        ),
        (b"event 99 ris\r\n" + b"1000-06\r\n" * 3 + b"event 100 ris\r\n", ""),
    ],
)
def test_events_are_counted(lines, code):
    decoder = AsciiDecoder(1000, "current")
    decoded(decoder, stamp(0) + lines + END)
    assert codes(decoder) == ([code] if code else [])


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"error: Static acquisition: current not constant. Acquisition stopped.", "SHIELD_ERROR"),
        (b"error: Overcurrent detected. Acquisition stopped.", "SHIELD_OVERCURRENT"),
        (b"640-07", "SHIELD_DAMAGED"),
    ],
)
def test_what_goes_wrong_in_the_stream_is_told(line, code):
    decoder = AsciiDecoder(1000, "current")
    decoded(decoder, stamp(0) + b"1000-06\r\n" + line + b"\r\n" + END)
    assert codes(decoder) == [code]


def test_a_damaged_line_keeps_its_place_without_a_value():
    decoder = AsciiDecoder(1000, "current")
    _, values, _, flags = decoded(decoder, stamp(0) + b"1000-06\r\n100x-06\r\n1000-06\r\n" + END)
    assert np.isnan(values).tolist() == [False, True, False]
    assert flags.tolist() == [0, INVALID, 0]


def test_answers_and_power_lines_are_no_samples():
    lines = b"PowerShield > ack pwr off\r\npwr off\r\n1000-06\r\n"
    assert len(decoded(AsciiDecoder(1000, "current"), stamp(0) + lines + END)[0]) == 1


def test_a_recording_without_an_end_says_so():
    decoder = AsciiDecoder(1000, "current")
    decoded(decoder, text_stream(1500, 1000)[:-3])
    assert codes(decoder) == ["SHIELD_NO_END"]
    assert decoder.length == 1499


@pytest.mark.parametrize("rate_hz", [1.0, 1000.0, 5000.0])
def test_samples_lost_on_the_way_are_found_by_the_next_stamp(rate_hz):
    whole = text_stream(3000, rate_hz)
    at = whole.index(b"6409", len(whole) // 2)
    decoder = AsciiDecoder(rate_hz, "current")
    numbers, *_ = decoded(decoder, whole[:at] + whole[at + 9 * 40 :] + END)
    assert [(gap.first_index, gap.count) for gap in decoder.gaps] == [(1960, 40)]
    assert numbers[-1] == 2999


def test_a_lost_stamp_is_no_loss_of_samples():
    decoder = AsciiDecoder(1000, "current")
    data = stamp(0) + b"6409-07\r\n" * 2000 + stamp(2000) + b"6409-07\r\n" + END
    assert decoded(decoder, data)[0][-1] == 2000
    assert list(decoder.gaps) == []


def test_a_stamp_lost_with_the_samples_around_it():
    decoder = AsciiDecoder(1000, "current")
    data = stamp(0) + b"6409-07\r\n" * 900 + b"6409-07\r\n" * 800 + stamp(2000) + b"6409-07\r\n" + END
    decoded(decoder, data)
    assert [gap.count for gap in decoder.gaps] == [300]


def test_a_clock_that_goes_on_is_a_loss_in_the_shield():
    decoder = AsciiDecoder(1000, "current")
    data = stamp(0) + b"6409-07\r\n" * 1000 + stamp(1250) + b"6409-07\r\n" + END
    assert decoded(decoder, data)[0][-1] == 1250
    assert [(gap.first_index, gap.count) for gap in decoder.gaps] == [(1000, 250)]


def test_more_samples_than_time_is_told_and_not_mended():
    decoder = AsciiDecoder(1000, "current")
    decoded(decoder, stamp(0) + b"6409-07\r\n" * 1004 + stamp(1000) + b"6409-07\r\n" + END)
    assert [gap.count for gap in decoder.gaps] == [0]
    assert codes(decoder) == ["SHIELD_CLOCK"]


@pytest.mark.parametrize("mark", [b">", b"<", b" "])
def test_the_clock_may_wrap_after_999_s(mark):
    decoder = AsciiDecoder(1.0, "current")
    wrapped = b"\r\nTimeStamp:" + mark + b"000s 000ms, buff 05%\r\n\0"
    decoded(decoder, stamp(0) + b"6409-07\r\n" * 1000 + wrapped + b"6409-07\r\n" + END)
    assert list(decoder.gaps) == []
    assert decoder.length == 1001


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 1 << 14), max_size=12),
    st.lists(
        st.sampled_from([b"6409-07\r\n", b"1000-06\r\n", b"event 00 ris\r\n", b"64", b"\r\n", stamp(0)]),
        max_size=60,
    ),
)
def test_any_chunking_of_text_decodes_the_same(cuts, lines):
    data = text_stream(1200, 1000) + b"".join(lines) + END
    whole, cut = AsciiDecoder(1000, "current"), AsciiDecoder(1000, "current")
    for expected, got in zip(decoded(whole, data), decoded(cut, data, cuts), strict=True):
        assert np.array_equal(expected, got, equal_nan=expected.dtype == np.float64)
    assert (whole.gaps, whole.warnings, whole.length) == (cut.gaps, cut.warnings, cut.length)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=600), st.lists(st.integers(0, 600), max_size=5))
def test_junk_never_breaks_a_decoder(junk, cuts):
    for decoder in (AsciiDecoder(1000, "current"), BinaryDecoder(1e5, "current")):
        whole = type(decoder)(1e5 if isinstance(decoder, BinaryDecoder) else 1000, "current")
        for expected, got in zip(decoded(whole, junk), decoded(decoder, junk, cuts), strict=True):
            assert np.array_equal(expected, got, equal_nan=expected.dtype == np.float64)
        assert whole.gaps == decoder.gaps


# --------------------------------------------------------------------------------------------- binary


def test_the_documented_examples():
    decoder = BinaryDecoder(1e5, "current")
    _, values, _, _ = decoded(decoder, frame(0) + bytes.fromhex("52a03145") + BINARY_END)
    assert values.tolist() == [672 / 16**5, 325 / 16**3]
    assert codes(decoder) == []


def test_every_word_below_f000_is_a_sample():
    words = np.arange(0xF000)
    decoder = BinaryDecoder(1e5, "energy")
    numbers, values, _, _ = decoded(decoder, binary_stream(words, 1e5) + BINARY_END)
    assert np.array_equal(values, (words & 0xFFF) / 16.0 ** (words >> 12))
    assert np.array_equal(numbers, words)
    assert list(decoder.gaps) == []


def test_frames_between_samples():
    frames = {
        "f0f6ffff": None,
        "f0f70ce4ffff": None,
        "f0f8001cffff": None,
        "f0f901ffff": None,
        "f0f2" + b"ack pwr off\r\n".hex() + "ffff": None,
        "f0f1" + b"bad\r\n".hex() + "ffff": "SHIELD_ERROR",
        "f0f5ffff": "SHIELD_OVERCURRENT",
    }
    for raw, code in frames.items():
        data = binary_stream(np.full(1500, 0x52A0), 1e5)
        at = data.index(frame(10)) + 9 + 100
        decoder = BinaryDecoder(1e5, "current")
        numbers, values, _, _ = decoded(decoder, data[:at] + bytes.fromhex(raw) + data[at:] + BINARY_END)
        assert len(numbers) == 1500
        assert set(values) == {672 / 16**5}
        assert codes(decoder) == ([code] if code else [])
        assert list(decoder.gaps) == []


def test_the_other_models_frames_have_other_sizes():
    data = binary_stream(np.full(10, 0x52A0), 1e5) + bytes.fromhex("f0f500000000fffff0faffff") + BINARY_END
    decoder = BinaryDecoder(1e5, "current", V3PWR_FRAMES)
    assert len(decoded(decoder, data)[0]) == 10
    assert codes(decoder) == []


def test_a_time_stamp_may_hold_what_looks_like_a_frame():
    start_ms = 0x00F0F3F4
    parts = [frame(start_ms + 10 * n) + b"\x52\xa0" * 1000 for n in range(5)]
    decoder = BinaryDecoder(1e5, "current")
    assert decoded(decoder, b"".join(parts) + BINARY_END)[0][-1] == 4999
    assert list(decoder.gaps) == []


@pytest.mark.parametrize("lost_bytes", [1, 2, 3, 14, 200, 2009, 4500])
@pytest.mark.parametrize("at", [9 + 2009 * 3 + 501, 2009 * 3 + 4])
def test_lost_bytes_cost_samples_and_never_values(lost_bytes, at):
    words = 0x5000 + np.arange(8000) % 0x1000
    data = binary_stream(words, 1e5)
    decoder = BinaryDecoder(1e5, "current")
    numbers, values, _, _ = decoded(decoder, data[:at] + data[at + lost_bytes :] + BINARY_END)
    lost = sum(gap.count for gap in decoder.gaps)
    assert len(numbers) + lost == 8000
    assert lost_bytes // 2 - 10 <= lost <= lost_bytes // 2 + 2000
    # Up to the loss, and from the stamp behind it on, every sample is where it belongs.
    sure = (numbers < 3000) | (numbers >= 7000)
    assert np.array_equal(values[sure], ((words & 0xFFF) / 16.0**5)[numbers[sure]])
    expected = set(((words & 0xFFF) / 16.0**5).tolist())
    assert set(values.tolist()) <= expected


def test_an_overflow_flag_is_a_gap_of_unknown_size():
    data = frame(0) + b"\x52\xa0" * 1000 + frame(10, overflow=True) + b"\x52\xa0" * 10 + BINARY_END
    decoder = BinaryDecoder(1e5, "current")
    decoded(decoder, data)
    assert [(gap.first_index, gap.count) for gap in decoder.gaps] == [(1000, 0)]
    assert codes(decoder) == ["SHIELD_OVERFLOW"]


def test_a_decoder_goes_on_from_a_fork():
    data = binary_stream(0x5000 + np.arange(6000) % 4096, 1e5) + BINARY_END
    decoder = BinaryDecoder(1e5, "current")
    before = decoder.feed(data[:5000])
    other = decoder.fork()
    after, again = (d.feed(data[5000:]) + d.finish() for d in (decoder, other))
    assert [len(b) for b in after] == [len(b) for b in again]
    assert before[-1].end_index == after[0].first_index
    assert other.length == 6000


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9000), max_size=12), st.integers(0, 6000), st.integers(0, 3000))
def test_any_chunking_of_binary_decodes_the_same(cuts, at, lost):
    data = binary_stream(0x4F00 + np.arange(4200) % 600, 5e4) + BINARY_END
    data = data[:at] + data[at + lost :]
    whole, cut = BinaryDecoder(5e4, "current"), BinaryDecoder(5e4, "current")
    for expected, got in zip(decoded(whole, data), decoded(cut, data, cuts), strict=True):
        assert np.array_equal(expected, got)
    assert (whole.gaps, whole.warnings, whole.length) == (cut.gaps, cut.warnings, cut.length)


@pytest.mark.parametrize("ppm", [-150, 150])
@pytest.mark.parametrize("step", [7000, 1 << 20, 1 << 30])
def test_stamps_of_another_oscillator_are_no_losses(ppm, step):
    parts = [frame(int(10 * n * (1 + ppm * 1e-6))) + b"\x52\xa0" * 1000 for n in range(3000)]
    data = b"".join(parts) + BINARY_END
    decoder = BinaryDecoder(1e5, "current")
    assert len(decoded(decoder, data, range(0, len(data), step))[0]) == 3_000_000
    assert list(decoder.gaps) == []
    assert codes(decoder) == []


def test_a_loss_in_the_shield_is_seen_after_an_hour_too():
    start_ms = 3_600_000
    data = b"".join(stamp(start_ms % 1_000_000 + 1000 * n) + b"6409-07\r\n" * 1000 for n in range(20))
    decoder = AsciiDecoder(1000, "current")
    decoded(decoder, data + stamp(620_003) + b"6409-07\r\n" + END)
    assert [(gap.first_index, gap.count) for gap in decoder.gaps] == [(20_000, 3)]
