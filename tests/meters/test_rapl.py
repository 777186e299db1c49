"""The processor's energy counters, from a powercap tree made here."""

import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.errors import MeterError, RecordingError, UsageError
from tinykit.meters import MeterSettings, find_meter, recorded_trace
from tinykit.meters.rapl_decoder import RaplDecoder, Zone

RAPL = find_meter("rapl")
WRAP_UJ = 8_000_000


class Powercap:
    """A folder like /sys/class/powercap, whose counters can be moved."""

    def __init__(self, root):
        self.root = root
        self.zone("intel-rapl:0", "package-0")
        self.zone("intel-rapl:0:0", "core")
        self.zone("intel-rapl:0:1", "dram")
        self.zone("intel-rapl:1", "psys")
        self.zone("intel-rapl-mmio:0", "package-0")

    def zone(self, folder, name):
        (self.root / folder).mkdir(parents=True)
        (self.root / folder / "name").write_text(name + "\n")
        (self.root / folder / "max_energy_range_uj").write_text(f"{WRAP_UJ}\n")
        self.set(folder, 0)

    def set(self, folder, energy_uj):
        part = self.root / "part"
        part.write_text(f"{energy_uj % WRAP_UJ}\n")
        part.replace(self.root / folder / "energy_uj")

    def read(self, folder):
        return int((self.root / folder / "energy_uj").read_text())


@pytest.fixture
def powercap(tmp_path):
    return Powercap(tmp_path / "powercap")


@pytest.fixture
def running(powercap):
    """Counters that grow: 20 W in the package, 5 W in the memory, updated every 5 ms, wrapping.

    Without the wraps, both together say at least ``powercap.least_j`` and at most ``powercap.most_j``.
    """
    over = threading.Event()
    powercap.least_j = powercap.most_j = 0.0

    def run():
        began_s = time.monotonic()
        while not over.wait(0.005):
            energy_uj = int((time.monotonic() - began_s) * 1e6)
            powercap.most_j = 25e-6 * energy_uj
            powercap.set("intel-rapl:0", 20 * energy_uj)
            powercap.set("intel-rapl:0:1", 5 * energy_uj)
            powercap.least_j = powercap.most_j

    thread = threading.Thread(target=run)
    thread.start()
    yield powercap
    over.set()
    thread.join()


def test_a_recording_adds_up_over_wraps(running, tmp_path):
    meter = RAPL.open(str(running.root))
    setup = meter.configure(MeterSettings(rate_hz=100.0))
    began_s, began_j = time.monotonic(), running.least_j
    meter.start()
    raw = meter.read(0.05)
    first_s, first_j = time.monotonic(), running.most_j
    while running.least_j < first_j + 20:
        raw += meter.read(0.05)
    last_j = running.least_j
    raw += meter.stop()
    end_j = running.most_j
    assert meter.read(0.01) == b""
    meter.close()
    (tmp_path / "raw.bin").write_bytes(raw)
    trace = recorded_trace(tmp_path / "raw.bin", RAPL, setup)
    energy_j = sum(float(block.values.sum()) for block in trace.blocks())
    sample_j = 0.25  # at either end a part of one may be left out
    assert last_j - first_j - 3 * sample_j <= energy_j <= end_j - began_j + sample_j
    assert trace.quantity == "energy"
    assert trace.supply is None
    assert began_s <= trace.t_start_host_s <= first_s
    assert "package-0, dram" in trace.instrument.model
    assert "psys" not in trace.instrument.model
    # 5 ms between changes, 100 of them in a window.
    assert 0.3 < trace.min_window_s < 5
    with pytest.raises(RecordingError) as caught:
        trace.check_window(0.01)
    assert caught.value.code == "METER_TOO_SLOW"
    trace.check_window(10.0)


readings = st.lists(
    st.tuples(st.integers(1_000_000, 300_000_000), st.integers(0, WRAP_UJ - 1), st.integers(0, WRAP_UJ - 1)),
    min_size=2,
    max_size=40,
)


@given(readings, st.lists(st.integers(0, 50), max_size=20))
def test_any_chunking_gives_the_same_and_no_energy_is_made_or_lost(steps, sizes):
    now_ns, uj, lines = 5, np.array([7, 11]), ["5 7 11"]
    times_ns, sums_j = [now_ns], [0.0]
    for step_ns, one, two in steps:
        now_ns, uj = now_ns + step_ns, uj + np.array([one, two])
        times_ns.append(now_ns)
        sums_j.append((uj.sum() - 18) * 1e-6)
        lines.append(f"{now_ns} {uj[0] % WRAP_UJ} {uj[1] % WRAP_UJ}")
    data = ("\n".join(lines) + "\n").encode()
    zones = [Zone("package-0", WRAP_UJ, "x"), Zone("dram", WRAP_UJ, "y")]
    whole, pieces = RaplDecoder(zones, 100.0), RaplDecoder(zones, 100.0)
    one = [v for block in whole.feed(data) for v in block.values]
    other, rest = [], data
    for size in sizes:
        other += [v for block in pieces.feed(rest[:size]) for v in block.values]
        rest = rest[size:]
    other += [v for block in pieces.feed(rest) for v in block.values]
    assert one == other
    assert len(one) == whole.length == int((now_ns - 5) * 1e-9 * 100.0)
    until_j = np.interp(5 + 1e7 * len(one), times_ns, sums_j)
    assert sum(one) == pytest.approx(until_j, rel=1e-9, abs=1e-9)
    assert (whole.gaps, whole.warnings) == ((), ())


def test_even_power_gives_even_samples():
    lines = [f"{1_000_000 * t} {2_000 * t}" for t in (0, 7, 13, 22, 34, 41, 50)]
    decoder = RaplDecoder([Zone("package-0", WRAP_UJ, "x")], 100.0)
    (block,) = decoder.feed(("\n".join(lines) + "\n").encode())
    np.testing.assert_allclose(block.values, np.full(5, 0.02), rtol=1e-9)  # 2 W, 10 ms


@pytest.mark.parametrize("line", [b"hello", b"1 2 3", b"-5 3", b"", b"4 nan"])
def test_lines_that_are_no_readings_are_counted(line):
    decoder = RaplDecoder([Zone("package-0", WRAP_UJ, "x")], 10.0)
    decoder.feed(b"100000000 5\n" + line + b"\n50000000 9\n600000000 10\n")
    assert [warning.text for warning in decoder.warnings] == ["2 lines are no readings."]
    assert decoder.length == 5


def test_a_long_pause_may_hide_a_wrap():
    decoder = RaplDecoder([Zone("package-0", WRAP_UJ, "x")], 10.0)
    decoder.feed(b"1 5\n70000000001 9\n")
    assert [warning.code for warning in decoder.warnings] == ["COUNTER_PAUSE"]


def test_without_counters(tmp_path):
    with pytest.raises(MeterError) as caught:
        RAPL.open(str(tmp_path))
    assert caught.value.code == "METER_PORT"


def test_a_counter_that_may_not_be_read(powercap):
    # The tests may run as root, who may read everything: a folder is what nobody can read as a file.
    (powercap.root / "intel-rapl:0" / "energy_uj").unlink()
    (powercap.root / "intel-rapl:0" / "energy_uj").mkdir()
    with pytest.raises(MeterError, match="cannot be read"):
        RAPL.open(str(powercap.root))


def test_a_counter_that_is_no_number(powercap):
    (powercap.root / "intel-rapl:0" / "energy_uj").write_text("many")
    with pytest.raises(MeterError, match="cannot be read"):
        RAPL.open(str(powercap.root))


def test_counters_that_stand_still_are_refused(powercap):
    with pytest.raises(MeterError) as caught:
        RAPL.open(str(powercap.root)).identify()
    assert caught.value.code == "METER_SILENT"


def test_the_host_has_neither_voltage_nor_switch(powercap):
    meter = RAPL.open(str(powercap.root))
    with pytest.raises(UsageError):
        meter.configure(MeterSettings(voltage_v=3.0))
    with pytest.raises(UsageError):
        meter.power(True)
