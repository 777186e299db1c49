"""The emulated PPK2, judged by other people's clients, and by what a real one is known to do."""

import contextlib
import re
import struct
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ppk2_words import UNITS, ampere

from tinykit.bench.meters.ppk2 import EmulatedPpk2, Ppk2Errors, Ppk2Faults
from tinykit.bench.meters.ppk2_server import Ppk2Server

QUIET = Ppk2Errors(noise_lsb=0.0, garbage=0)
NOTHING = np.zeros(0), np.zeros(0, np.uint8)
STEP_A = np.array([44e-9, 0.44e-6, 4.4e-6, 47e-6, 0.9e-3])


def stream(meter, current_a, levels=None, step=997):
    """The words of a meter that is on and streaming, fed ``step`` samples at a time."""
    meter.receive(b"\x0c\x01\x06")
    levels = np.zeros(len(current_a), np.uint8) if levels is None else levels
    data = b"".join(
        meter.feed(current_a[at : at + step], levels[at : at + step]) for at in range(0, len(current_a), step)
    )
    meter.receive(b"\x07")
    return data + meter.feed(*NOTHING)


def fields(data):
    words = np.frombuffer(data[: len(data) // 4 * 4], "<u4")
    return words, words >> 14 & 7, words >> 18 & 63, words >> 24


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
@pytest.mark.parametrize("voltage_mv", [1800, 3300])
def test_the_words_stand_for_the_true_current(unit, voltage_mv):
    meter = EmulatedPpk2(unit, QUIET)
    meter.receive(b"\x0d" + voltage_mv.to_bytes(2, "big"))
    true_a = np.geomspace(0.3e-6, 0.9, 4000)
    words, ranges, _, _ = fields(stream(meter, true_a))
    got_a = [ampere(unit, int(word), voltage_mv / 1000) for word in words]
    assert len(got_a) >= 3984
    assert (abs(got_a - true_a[: len(got_a)]) <= 0.6 * STEP_A[ranges]).all()
    assert set(ranges) == {0, 1, 2, 3, 4}


def test_ranges_change_with_hysteresis():
    up = np.geomspace(1e-6, 0.5, 2000)
    _, ranges, _, _ = fields(stream(EmulatedPpk2(errors=QUIET), np.concatenate((up, up[::-1]))))
    for step, threshold_a in enumerate((50e-6, 500e-6, 5e-3, 50e-3)):
        rising = up[np.flatnonzero(ranges[:2000] > step)[0]]
        falling = up[::-1][np.flatnonzero(ranges[2000:] <= step)[0]]
        assert threshold_a <= rising < threshold_a * 1.02
        assert falling < 0.85 * threshold_a


@given(st.lists(st.integers(1, 300), max_size=30), st.integers(0, 9))
def test_how_it_is_fed_does_not_matter(steps, seed):
    true_a = np.random.default_rng(seed).lognormal(-7, 2, 600)
    whole = stream(EmulatedPpk2(errors=QUIET), true_a, step=600)
    meter, pieces, at = EmulatedPpk2(errors=QUIET), b"", 0
    meter.receive(b"\x0c\x01\x06")
    for step in [*steps, 600]:
        part = true_a[at : at + step]
        at += len(part)
        pieces += meter.feed(part, np.zeros(len(part), np.uint8))
    assert whole.startswith(pieces)
    assert len(whole) - len(pieces) < 64


def test_counters_packets_and_the_tail():
    meter = EmulatedPpk2(faults=Ppk2Faults(tail_samples=30))
    meter.receive(b"\x06")
    first = meter.feed(np.zeros(100), np.arange(100).astype(np.uint8))
    assert len(first) == 4 * 96  # packets of 16
    meter.receive(b"\x07")
    rest = meter.feed(np.zeros(500), np.full(500, 9, np.uint8))
    _, _, counters, logic = fields(first + rest)
    assert counters.tolist() == [n % 64 for n in range(130)]
    assert logic.tolist() == [*range(100), *[9] * 30]
    assert meter.feed(np.zeros(500), np.zeros(500, np.uint8)) == b""


@given(st.integers(1, 200), st.integers(0, 300))
def test_losses_take_words_and_keep_counting(count, place):
    data = stream(EmulatedPpk2(faults=Ppk2Faults(losses=((place, count),))), np.full(512, 1e-3))
    counters = fields(data)[2]
    expected = [n % 64 for n in range(512) if not place <= n < place + count]
    assert counters.tolist() == expected[: len(counters)]
    assert len(expected) - len(counters) < 16 + 300


def test_saturation_stray_bytes_and_odd_counters():
    faults = Ppk2Faults(saturations=((10, 3),), odd_counters=(40,), stray=((64, b"xyz"),))
    data = stream(EmulatedPpk2(faults=faults), np.full(128, 1e-3))
    assert data[4 * 64 : 4 * 64 + 3] == b"xyz"
    words, _, counters, _ = fields(data[: 4 * 64])
    assert np.flatnonzero((words & 0x3FFF) == 0x3FFF).tolist() == [10, 11, 12]
    assert np.flatnonzero(counters != np.arange(64)).tolist() == [40]


def test_errors_of_gain_offset_and_noise():
    errors = Ppk2Errors(
        gain=(1.0, 1.0, 1.0, 1.05, 1.0), offset_a=(0, 0, 0, 1e-4, 0), noise_lsb=2.0, garbage=0
    )
    meter = EmulatedPpk2(errors=errors)
    words, _, _, _ = fields(stream(meter, np.full(20_000, 20e-3)))
    got_a = np.array([ampere(meter.unit, int(word), 3.0) for word in words])
    assert got_a.mean() == pytest.approx(20e-3 * 1.05 + 1e-4, rel=1e-4)
    assert got_a.std() == pytest.approx(2.0 * 46e-6, rel=0.1)


def test_garbage_only_after_a_change_of_range():
    errors = Ppk2Errors(noise_lsb=0.0, garbage=2, garbage_sd=0.3)
    meter = EmulatedPpk2(errors=errors)
    true_a = np.tile(np.repeat([20e-6, 12e-3], 50), 20)
    words, _, _, _ = fields(stream(meter, true_a))
    got_a = np.array([ampere(meter.unit, int(word), 3.0) for word in words])
    wrong = abs(got_a / true_a[: len(got_a)] - 1) > 0.01
    assert set(np.flatnonzero(wrong) % 50) == {0, 1}


def test_a_meter_that_is_off_sees_no_current():
    meter = EmulatedPpk2(errors=QUIET)
    meter.receive(b"\x06")
    words = fields(meter.feed(np.full(64, 1e-3), np.zeros(64, np.uint8)))[0]
    assert max(abs(ampere(meter.unit, int(word), 3.0)) for word in words) < 50e-9


def test_commands_in_pieces_and_unknown_ones():
    meter = EmulatedPpk2()
    for byte in b"\x0d\x0c\xe4\x11\x01\x0c\x01\x99" + b"\x25\x02" + struct.pack("<f", 1.5):
        meter.receive(bytes([byte]))
    assert (meter.voltage_mv, meter.mode, meter.is_on, meter.unknown) == (3300, 1, True, b"\x99")
    meter.receive(b"\x19")
    assert b"UG2: 1.5" in meter.feed(*NOTHING)
    meter.receive(b"\x06\x20")
    assert not meter.is_on
    assert not meter.is_streaming


def test_metadata_as_a_real_unit_sends_them():
    meter = EmulatedPpk2(faults=Ppk2Faults(metadata=(("S2", "-nan"), ("IA", ""))))
    meter.receive(b"\x19")
    text = meter.feed(*NOTHING).decode()
    keys = [line.split(":")[0] for line in text.splitlines()]
    by_range = [f"{family}{n}" for family in ("R", "GS", "GI", "O") for n in range(5)]
    late = [f"{family}{n}" for family in ("S", "I", "UG") for n in range(5)]
    assert keys == ["Calibrated", *by_range, "VDD", "HW", "mode", *late, "END"]
    assert "S2: -nan\n" in text
    assert text.endswith("END\n")


def test_a_silent_meter():
    meter = EmulatedPpk2(faults=Ppk2Faults(silent=True))
    meter.receive(b"\x19\x06")
    assert meter.feed(np.ones(64), np.zeros(64, np.uint8)) == b""


# Other people's clients ------------------------------------------------------------------------------------


def steps(times_s):
    """A stair through all ranges, 20 ms a step, its number on the lines."""
    step = (times_s * 50).astype(int) % 5
    return np.array([8e-6, 120e-6, 1.3e-3, 14e-3, 95e-3])[step], (1 << step).astype(np.uint8)


STAIR_A = {1: 8e-6, 2: 120e-6, 4: 1.3e-3, 8: 14e-3, 16: 95e-3}


@pytest.fixture
def serve(tmp_path):
    with contextlib.ExitStack() as stack:
        at = f"pty:{tmp_path}/meter", f"pty:{tmp_path}/shell"
        # Tests share the processor: a long queue, so that nothing is lost that should not be.
        yield lambda *args, **words: stack.enter_context(
            Ppk2Server(EmulatedPpk2(*args, **words), steps, *at, queue_bytes=1 << 20)
        )


def check_stair(current_a, logic):
    """Each step's median is the true current, within one step of the converter."""
    current_a, logic = np.asarray(current_a), np.asarray(logic)
    assert len(current_a) > 20_000
    for (level, true_a), step_a in zip(STAIR_A.items(), STEP_A, strict=True):
        assert np.median(current_a[logic == level]) == pytest.approx(true_a, abs=step_a)


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_ppk2_api_reads_our_meter(serve, unit):
    from ppk2_api.ppk2_api import PPK2_API

    server = serve(unit)
    client = PPK2_API(server.port, timeout=1, write_timeout=1, exclusive=True)
    assert client.get_modifiers()
    assert client.modifiers["O"]["0"] == unit.offset[0]
    client.use_source_meter()
    client.set_source_voltage(3300)
    client.toggle_DUT_power("ON")
    time.sleep(0.02)
    client.start_measuring()
    current_ua, logic, t_end_s = [], [], time.monotonic() + 0.5
    while time.monotonic() < t_end_s:
        if len(data := client.get_data()) >= 4:  # fewer bytes make it lose its place for good
            more_ua, more_logic = client.get_samples(data)
            current_ua += more_ua
            logic += more_logic
        time.sleep(0.002)
    client.stop_measuring()
    assert server.meter.voltage_mv == 3300
    assert server.meter.output_v == 3.3
    check_stair(np.array(current_ua) * 1e-6, logic)
    client.ser.close()


@pytest.mark.parametrize("faults", [Ppk2Faults(), Ppk2Faults(stale=bytes(range(200)), answer_bytes=29)])
def test_ppk2lab_reads_our_meter(serve, faults):
    from ppk2lab.device import PPK2
    from ppk2lab.protocol.samples import SampleBlock
    from ppk2lab.transport.serial import SerialTransport
    from ppk2lab.types import Mode

    server = serve(faults=faults)
    client = PPK2.open(transport=SerialTransport(server.port))
    assert client.metadata.terminated
    assert client.metadata.missing_cal_ranges() == []
    client.set_mode(Mode.SOURCE)
    client.set_source_voltage_mv(3300)
    client.set_dut_power(True)
    current_ua, logic, gaps = [], [], []
    with client.stream(duration_s=0.5) as events:
        for event in events:
            if isinstance(event, SampleBlock):
                current_ua += client.calibration.convert_block(event, vdd_mv=3300)
                logic += list(event.logic)
            else:
                gaps.append(event)
    client.close()
    assert gaps == []
    check_stair(np.array(current_ua) * 1e-6, logic)
    assert not server.meter.is_streaming


def test_ppk2lab_finds_the_losses_that_we_made(serve):
    from ppk2lab.protocol.samples import SampleBlock, SampleStreamParser

    data = stream(
        EmulatedPpk2(faults=Ppk2Faults(losses=((300, 5), (700, 63), (900, 64)))), np.full(2000, 1e-3)
    )
    events = SampleStreamParser().feed(data)
    assert [event.missing for event in events if not isinstance(event, SampleBlock)] == [5, 63]


def test_bytes_on_the_shell_port_are_said_again(serve):
    import serial

    with serial.Serial(serve().shell, timeout=1) as shell:
        shell.write(b"help\r\n")
        assert re.fullmatch(rb"help\r\n", shell.read(6))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_bytes(seed):
    true_a = np.tile([1e-5, 1e-2], 200)
    assert stream(EmulatedPpk2(seed=seed), true_a) == stream(EmulatedPpk2(seed=seed), true_a)
