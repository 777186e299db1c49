"""Our PPK2 driver on a pseudo-terminal: against the emulated meter, and somebody else's simulator."""

import contextlib
import os
import pty
import threading
import time
import tty

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ppk2_words import joined

from tinykit.bench.meters.ppk2 import EmulatedPpk2, Ppk2Errors, Ppk2Faults
from tinykit.bench.meters.ppk2_server import Ppk2Server
from tinykit.bench.meters.ppk2_units import UNIT_B
from tinykit.errors import MeterError, UsageError
from tinykit.meters import MeterSettings, find_meter, recorded_trace
from tinykit.meters.ppk2 import find_ports

PPK2 = find_meter("ppk2")
QUIET = Ppk2Errors(noise_lsb=0.0, garbage=0)


def bursts(times_s):
    """2 ms of 12 mA with D0 high every 10 ms, 20 µA between."""
    active = times_s % 0.01 < 0.002
    return np.where(active, 12e-3, 20e-6), active.astype(np.uint8)


@pytest.fixture
def serve(tmp_path):
    with contextlib.ExitStack() as stack:
        at = f"pty:{tmp_path}/meter", f"pty:{tmp_path}/shell"
        # Tests share the processor: a long queue, so that nothing is lost that should not be.
        yield lambda *args, **words: stack.enter_context(
            Ppk2Server(EmulatedPpk2(*args, **words), bursts, *at, queue_bytes=1 << 20)
        )


def record(meter, seconds):
    """Bytes of ``seconds`` of streaming and of what was under way at the stop."""
    meter.start()
    raw, deadline_s = b"", time.monotonic() + 60
    while len(raw) < 4 * 100_000 * seconds:
        assert time.monotonic() < deadline_s
        raw += meter.read(0.05)
    return raw + meter.stop()


def test_from_the_port_to_a_trace(serve, tmp_path):
    server = serve(UNIT_B, QUIET)
    meter = PPK2.open(server.port)
    instrument = meter.identify()
    assert "Calibrated: 0" in instrument.calibration
    setup = meter.configure(MeterSettings(voltage_v=3.3))
    meter.power(True)
    time.sleep(0.05)
    began_s = time.monotonic()
    raw = record(meter, 0.6)
    most_s = time.monotonic() - began_s + 0.1
    meter.close()
    (tmp_path / "raw.bin").write_bytes(raw)
    trace = recorded_trace(tmp_path / "raw.bin", PPK2, setup)
    assert trace.gaps == trace.warnings == ()
    assert 0.6 <= trace.duration_s < most_s
    blocks = list(trace.blocks())
    current_a, active = joined(blocks, "current_a"), joined(blocks, "digital") == 1
    assert abs(current_a[active] - 12e-3).max() < 30e-6
    assert abs(current_a[~active] - 20e-6).max() < 0.03e-6
    assert active.mean() == pytest.approx(0.2, abs=0.01)


def test_over_a_socket(tmp_path):
    with Ppk2Server(EmulatedPpk2(errors=QUIET), bursts, "tcp:127.0.0.1:0", "tcp:127.0.0.1:0") as server:
        meter = PPK2.open(server.port)
        setup = meter.configure(MeterSettings(voltage_v=3.3))
        meter.power(True)
        began_s = time.monotonic()
        raw = record(meter, 0.4)
        most_s = time.monotonic() - began_s + 0.1
        meter.close()
    (tmp_path / "raw.bin").write_bytes(raw)
    trace = recorded_trace(tmp_path / "raw.bin", PPK2, setup)
    assert trace.gaps == trace.warnings == ()
    assert 0.4 <= trace.duration_s < most_s


def test_a_second_client_of_a_socket_is_told(tmp_path):
    with Ppk2Server(EmulatedPpk2(errors=QUIET), bursts, "tcp:127.0.0.1:0", "tcp:127.0.0.1:0") as server:
        first = PPK2.open(server.port)
        assert first.identify().kind == "ppk2"
        second = PPK2.open(server.port)
        with pytest.raises(MeterError, match="another program") as caught:
            second.identify()
        assert caught.value.code == "METER_PORT"
        second.close()
        assert first.identify().kind == "ppk2"
        first.close()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 700).map(lambda words: 4 * words), max_size=30), st.integers(100, 2000))
def test_a_full_queue_loses_whole_packets(sizes, queue_bytes):
    """As a meter on USB does: 64 bytes, or 16 samples, at a time."""
    server = Ppk2Server(EmulatedPpk2(), bursts, "tcp:127.0.0.1:0", "tcp:127.0.0.1:0", queue_bytes=queue_bytes)
    fed = 0
    try:
        for size in sizes:
            server._keep(bytes(size))
            fed += size
            assert (fed - len(server._queue) + server._owed) % 64 == 0
            assert len(server._queue) <= queue_bytes
            assert fed > queue_bytes or len(server._queue) == fed
    finally:
        server._close()


def test_a_host_that_does_not_read_loses_samples_and_knows(tmp_path):
    at = f"pty:{tmp_path}/meter", f"pty:{tmp_path}/shell"
    with Ppk2Server(EmulatedPpk2(), bursts, *at, queue_bytes=4000) as server:
        meter = PPK2.open(server.port)
        setup = meter.configure(MeterSettings(voltage_v=3.3))
        meter.start()
        raw = b""
        for pause_s in (0.05, 0.06, 0.07, 0.08, 0.09, 0.1):
            raw += meter.read(0.2)
            time.sleep(pause_s)
        raw += meter.stop()
        meter.close()
    decoder = PPK2.decoder(setup)
    blocks = decoder.feed(raw) + decoder.finish()
    assert decoder.gaps
    assert sum(map(len, blocks)) < 0.45 * 100_000


def test_a_voltage_between_two_millivolts_is_the_one_that_is_set(serve):
    server = serve()
    meter = PPK2.open(server.port)
    assert meter.configure(MeterSettings(voltage_v=3.30049)).settings.voltage_v == 3.3
    meter.close()


def test_commands_reach_the_meter(serve):
    server = serve()
    meter = PPK2.open(server.port)
    meter.configure(MeterSettings("ammeter", 1.8))
    meter.power(True)
    meter.identify()
    assert (server.meter.mode, server.meter.voltage_mv, server.meter.is_on) == (1, 1800, True)
    assert server.meter.output_v == 0
    meter.configure(MeterSettings("source", 5.0))
    meter.identify()
    assert server.meter.output_v == 5.0
    meter.power(False)
    meter.identify()
    assert server.meter.output_v == 0
    assert server.meter.unknown == b""
    meter.close()


@pytest.mark.parametrize("size", [1, 7, 64, 200])
def test_a_calibration_in_pieces_behind_stale_bytes(serve, size):
    stale = bytes(range(256)) * 3 + b"R0: 17.0\nEND"
    server = serve(faults=Ppk2Faults(stale=stale, answer_bytes=size))
    meter = PPK2.open(server.port)
    assert meter.identify().kind == "ppk2"
    setup = meter.configure(MeterSettings(voltage_v=3.0))
    assert "R0: 1003.35" in setup.identification
    assert "R0: 17" not in setup.identification
    meter.close()


def test_a_meter_that_was_left_streaming(serve):
    server = serve()
    left = PPK2.open(server.port)
    left.start()
    left.read(0.2)
    left._port._serial.close()  # as a killed process does: no stop is sent
    time.sleep(0.3)
    meter = PPK2.open(server.port)
    assert meter.identify().kind == "ppk2"
    assert record(meter, 0.1)
    meter.close()


def test_what_was_under_way_at_the_stop_is_kept(serve):
    server = serve(faults=Ppk2Faults(tail_samples=2000))
    meter = PPK2.open(server.port)
    meter.configure(MeterSettings(voltage_v=3.0))
    meter.start()
    meter.read(0.2)
    assert len(meter.stop()) >= 8000
    assert meter.read(0.05) == b""
    meter.close()


def test_the_output_falls_when_the_port_is_closed(serve):
    server = serve()
    meter = PPK2.open(server.port)
    meter.configure(MeterSettings(voltage_v=3.0))
    meter.power(True)
    meter.identify()
    assert server.meter.output_v == 3.0
    meter.close()
    deadline_s = time.monotonic() + 60
    while server.meter.output_v and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert server.meter.output_v == 0.0


def test_the_second_port_is_a_shell(serve):
    meter = PPK2.open(serve().shell)
    with pytest.raises(MeterError) as caught:
        meter.identify()
    assert caught.value.code == "METER_CALIBRATION_MISSING"
    assert "second one" in caught.value.hint
    meter.close()


def test_a_meter_that_is_unplugged(serve):
    server = serve()
    meter = PPK2.open(server.port)
    meter.configure(MeterSettings(voltage_v=3.0))
    meter.start()
    assert meter.read(0.3)
    server.unplug()
    with pytest.raises(MeterError) as caught:
        for _ in range(100):
            meter.read(0.05)
    assert caught.value.code == "METER_GONE"
    meter.close()


def test_a_busy_port(serve):
    server = serve()
    first = PPK2.open(server.port)
    with pytest.raises(MeterError) as caught:
        PPK2.open(server.port)
    assert caught.value.code == "METER_PORT"
    first.close()


def test_a_port_that_is_not_there(tmp_path):
    with pytest.raises(MeterError) as caught:
        PPK2.open(str(tmp_path / "nothing"))
    assert caught.value.code == "METER_PORT"
    with pytest.raises(UsageError, match="port is not given"):
        PPK2.open("")


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (MeterSettings(), "VOLTAGE_MISSING"),
        (MeterSettings(voltage_v=0.5), "METER_SETTING"),
        (MeterSettings("ammeter", 5.5), "METER_SETTING"),
        (MeterSettings(voltage_v=3.0, rate_hz=1000.0), "METER_SETTING"),
    ],
)
def test_settings_are_refused_before_anything_is_sent(serve, settings, code):
    server = serve()
    meter = PPK2.open(server.port)
    with pytest.raises(UsageError) as caught:
        meter.configure(settings)
    assert caught.value.code == code
    assert (server.meter.voltage_mv, server.meter.mode) == (3000, 2)
    meter.close()


def test_the_measuring_ports_are_found(monkeypatch):
    from types import SimpleNamespace

    def port(device, location, vid=0x1915, pid=0xC00A):
        return SimpleNamespace(device=device, location=location, vid=vid, pid=pid, serial_number="E5F1")

    plugged = [
        port("/dev/ttyACM1", "1-2:1.3"),
        port("/dev/ttyACM0", "1-2:1.1"),
        port("/dev/ttyS0", None, 1, 2),
    ]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: plugged)
    assert find_ports() == ("/dev/ttyACM0",)
    with pytest.raises(UsageError) as caught:
        PPK2.open("")
    assert "/dev/ttyACM0" in caught.value.hint
    # Firmware before 1.2 has one port, and some systems do not tell which is which.
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [port("COM4", None), port("COM5", None)])
    assert find_ports() == ("COM4", "COM5")


@pytest.fixture
def stranger():
    """ppk2lab's simulator at a port: ``stranger(...)`` takes its words and gives (port, simulator)."""
    from ppk2lab.transport.mock import SimulatedPPK2

    with contextlib.ExitStack() as stack:
        yield lambda **words: stack.enter_context(_simulated(SimulatedPPK2(rate_limit_hz=100_000, **words)))


@contextlib.contextmanager
def _simulated(simulator):
    controller, terminal = pty.openpty()
    tty.setraw(terminal)
    os.set_blocking(controller, False)
    over = threading.Event()

    def serve():
        while not over.is_set():
            with contextlib.suppress(BlockingIOError):
                simulator.handle_write(os.read(controller, 4096))
            data = simulator.read(2048, 0.002)
            while data and not over.is_set():
                try:
                    data = data[os.write(controller, data) :]
                except BlockingIOError:
                    time.sleep(0.001)
            time.sleep(0.001)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield os.ttyname(terminal), simulator
    finally:
        over.set()
        thread.join()
        os.close(controller)
        os.close(terminal)


def test_somebody_elses_simulator_accepts_our_driver(stranger, tmp_path):
    from ppk2lab.testing import StepProfile

    steps = [(700, 35.0, 1), (300, 21_000.0, 3), (200, 330.0, 0)]
    port, simulator = stranger(
        profile=StepProfile(steps, repeat=True), gaps={5000: 7, 9000: 63}, metadata_chunk_bytes=13
    )
    meter = PPK2.open(port)
    setup = meter.configure(MeterSettings(voltage_v=2.5))
    meter.power(True)
    raw = record(meter, 0.4)
    meter.close()
    (tmp_path / "raw.bin").write_bytes(raw)
    trace = recorded_trace(tmp_path / "raw.bin", PPK2, setup)
    assert simulator.vdd_mv == 2500
    assert simulator.dut_power
    assert [(gap.first_index, gap.count) for gap in trace.gaps] == [(5000, 7), (9000, 63)]
    true_a, levels = (np.repeat([s[i] for s in steps], [s[0] for s in steps]) for i in (1, 2))
    for block in trace.blocks():
        phase = np.arange(block.first_index, block.end_index) % 1200
        # Half a step of its converter: 1 part in 32766 of each range's full scale.
        full_a = np.array([50e-6, 500e-6, 5e-3, 50e-3, 1.0])[block.range_]
        assert (abs(block.current_a - true_a[phase] * 1e-6) <= full_a / 32766 * 1.001).all()
        assert np.array_equal(block.digital, levels[phase])
