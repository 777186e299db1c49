"""The emulated LPM01A, judged by a client that was written from the protocol's description alone."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from second_powershield import ENERGY_RUN, BinaryRun, Run, SecondClient, ShieldSaidNo, read_binary

from tinykit.bench.meters.powershield import EmulatedShield
from tinykit.bench.meters.powershield_model import V3PWR, ShieldErrors, ShieldFaults
from tinykit.bench.meters.powershield_server import PowerShieldServer
from tinykit.bench.meters.powershield_stream import Losses, Stream

BASE_HZ = 100_000


def active(times_s):
    """10 mA for 50 ms of every 100 ms, else 1 mA; D7 low for 1 ms at the beginning of each."""
    phase_s = times_s % 0.1
    return np.where(phase_s < 0.05, 10e-3, 1e-3), (phase_s >= 1e-3).astype(np.uint8)


@contextlib.contextmanager
def served(tmp_path: Path, meter: EmulatedShield, profile=active) -> Iterator[SecondClient]:
    with PowerShieldServer(meter, profile, f"pty:{tmp_path / 'meter'}") as server:
        client = SecondClient(server.url)
        try:
            yield client
        finally:
            client.close()


def say(shield: EmulatedShield, *lines: str) -> bytes:
    for line in lines:
        shield.receive(line.encode() + b"\n")
    return shield.take()


def ready(*lines: str, **how) -> EmulatedShield:
    shield = EmulatedShield(**how)
    answers = say(shield, "htc", "acqtime inf", *lines, "pwr on nostatus")
    assert b"error" not in answers, answers
    return shield


class Fed(SecondClient):
    """The second client's parser over bytes in hand."""

    def __init__(self, data: bytes) -> None:
        self._held = data

    def _more(self, deadline: float) -> None:
        raise TimeoutError


def test_the_runners_command_list_runs_through_in_its_order(tmp_path):
    with served(tmp_path, EmulatedShield()) as client:
        for command in ENERGY_RUN:
            client.command(command)
        client.command("start")
        run = client.collect(Run(), 1.3)
        client.write("pwr off")
        client.write("stop")
        client.collect(run, 3.0)
        client.command("pwr off")
        client.command("hrc")
        with pytest.raises(ShieldSaidNo):
            client.command("freq 1k")
    assert run.completed
    assert run.ended
    assert run.nul_after_stamp
    assert [count for count, _ in run.stamps[:2]] == [0, 1000]
    assert [ms for _, ms in run.stamps[:2]] == [0, 1000]
    numbers = [number for _, number in run.events]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= 12
    first, last = run.events[1][0], run.events[11][0]
    assert last - first == pytest.approx(1000, abs=1)
    assert sum(run.samples[first:last]) == pytest.approx(5.5e-3 * 1.8, rel=2e-3)


def test_answers_are_exact_to_the_byte():
    shield = EmulatedShield()
    assert say(shield, "htc") == b"\r\nPowerShield > ack htc\r\n\r\n"
    assert say(shield, "version\r") == b"\r\nPowerShield > ack version: 1.0.6\r\n\r\n"
    assert say(shield, "volt 1800m") == b"\r\nPowerShield > ack volt 1800m\r\n\r\n"
    assert say(shield, "volt get") == b"\r\nPowerShield > ack volt get 1800-03\r\n\r\n"
    assert say(shield, "echo ABC") == b"\r\nPowerShield > echo ABC\r\n\r\n"
    assert say(shield, "temp degc") == b"\r\nPowerShield > ack temp degc 28.0\r\n\r\n"


@pytest.mark.parametrize(
    "line",
    [
        *("freq 3k", "volt 5000m", "volt 1m", "format hex", "output power", "trigsrc d7", "acqmode stat"),
        *(
            "eventsrc d7 ris",
            "nonsense",
            "volt",
            "freq",
            "acqtime 1000",
            'lcd 1 "seventeen letters"',
            "pwr up",
        ),
    ],
)
def test_what_it_cannot_do_is_an_error_and_changes_nothing(line):
    shield = ready("freq 1k")
    answer = say(shield, line)
    assert answer.startswith(f"\r\nPowerShield > error {line}\r\n".encode())
    assert b"Error detail: " in answer
    assert (shield.rate_hz, shield.set_v, shield.output_on) == (1000, 3.3, True)


def test_an_error_may_come_without_detail():
    shield = EmulatedShield(faults=ShieldFaults(error_detail=False))
    assert say(shield, "freq 1k") == b"\r\nPowerShield > error freq 1k\r\n\r\n"


def test_old_firmware_refuses_pwr_off_only():
    shield = EmulatedShield(firmware="1.0.5")
    assert b"error pwr off" in say(shield, "htc", "pwr off")
    assert b"ack pwr on" in say(shield, "pwr on")


@pytest.mark.parametrize(
    ("text", "hz"), [("1k", 1e3), ("1+3", 1e3), ("2000", 2e3), ("100k", 1e5), ("5", 5), ("1000000m", 1e3)]
)
def test_numbers_may_be_written_in_every_documented_way(text, hz):
    assert ready(f"freq {text}").rate_hz == hz


def fed_text(shield: EmulatedShield, seconds: float, profile=active, step_s=0.01) -> Run:
    shield.take()
    data = b""
    step = int(step_s * BASE_HZ)
    for first in range(0, int(seconds * BASE_HZ), step):
        data += shield.feed(*profile((first + np.arange(step)) / BASE_HZ))
    data += say(shield, "stop")
    return Fed(data).collect(Run(), 60.0)


def start(shield: EmulatedShield) -> bytes:
    """Start it; the bytes that come at once, behind the ack."""
    answer = say(shield, "start")
    ack = b"\r\nPowerShield > ack start\r\n\r\n"
    assert answer.startswith(ack)
    return answer.removeprefix(ack)


def test_the_first_time_stamp_comes_at_once():
    assert start(ready("freq 1")) == b"\r\nTimeStamp: 000s 000ms, buff 03%\r\n\0"
    assert start(ready("freq 10k", "format bin_hexa")) == bytes.fromhex("f0f30000000003ffff")


@pytest.mark.parametrize("step_s", [0.00037, 0.01, 0.5])
def test_energy_of_the_samples_is_the_true_energy_however_it_is_fed(step_s):
    shield = ready("freq 1k", "output energy", "volt 3000m")
    start(shield)
    run = fed_text(shield, 2.0, step_s=step_s)
    true_j = 3.0 * (10e-3 + 1e-3) / 2 * len(run.samples) / 1000
    assert sum(run.samples) == pytest.approx(true_j, rel=1e-3)


def test_the_declared_errors_do_what_they_say():
    errors = ShieldErrors(gain=1.02, offset_a=1e-5, voltage_gain=0.99, clock_ppm=1000.0)
    shield = ready("freq 1k", "volt 3000m", errors=errors)
    assert shield.output_v == pytest.approx(2.97)
    start(shield)
    run = fed_text(shield, 10.0, lambda t: (np.full(len(t), 5e-3), np.ones(len(t), np.uint8)))
    assert np.mean(run.samples) == pytest.approx(1.02 * 5e-3 + 1e-5, rel=1e-3)
    assert len(run.samples) == 10_010


def test_without_power_nothing_flows():
    shield = ready("freq 1k")
    say(shield, "pwr off")
    start(shield)
    assert set(fed_text(shield, 0.5).samples) == {0.0}
    assert shield.output_v == 0


def test_losses_on_the_way_leave_the_stamps_where_the_shield_counted():
    faults = ShieldFaults(losses=Losses(on_the_way=((100, 7),)))
    shield = ready("freq 5k", faults=faults)
    start(shield)
    assert fed_text(shield, 0.5).stamps[0] == (993, 200)


def test_losses_in_the_shield_move_its_clock_on():
    faults = ShieldFaults(losses=Losses(in_shield=((100, 50),)))
    shield = ready("freq 5k", faults=faults)
    start(shield)
    assert fed_text(shield, 0.5).stamps[0] == (1000, 210)


def test_overcurrent_ends_it():
    shield = ready("freq 1k")
    start(shield)
    run = fed_text(shield, 0.2, lambda t: (np.where(t < 0.1, 10e-3, 80e-3), np.ones(len(t), np.uint8)))
    assert len(run.samples) == 100
    assert run.completed
    assert any(line.startswith("error") for line in run.other)
    assert not shield.output_on


def test_an_acquisition_with_a_limit_ends_by_itself():
    shield = ready("freq 1k", "acqtime 100m")
    start(shield)
    run = fed_text(shield, 0.3)
    assert len(run.samples) == 100
    assert run.completed


@pytest.mark.parametrize("rate", ["10k", "100k"])
def test_text_without_end_is_refused_above_5_khz(rate):
    assert b"error start" in say(ready(f"freq {rate}"), "start")


def test_time_stamps_wrap_after_999_s():
    stream = Stream(rate_hz=1.0, is_binary=False, losses=Losses())
    text = stream.begin() + stream.samples(np.full(2001, 1e-3), [])
    assert Fed(text).collect(Run(), 60.0).stamps == [(0, 0), (1000, 0), (2000, 0)]
    assert text.count(b"TimeStamp:>000s 000ms") == 2


def binary(model_lines=(), **how) -> tuple[EmulatedShield, bytes]:
    shield = ready("freq 100k", "format bin_hexa", *model_lines, **how)
    return shield, start(shield)


def test_binary_samples_are_within_two_tenths_of_a_percent():
    shield, data = binary()
    true_a = np.geomspace(1e-7, 0.049, 5000)
    data += shield.feed(true_a) + say(shield, "stop")
    run = read_binary(Fed(data), BinaryRun())
    assert np.abs(np.array(run.samples) / true_a - 1).max() <= 2e-3
    assert run.stamps == [(1000 * n, 10 * n) for n in range(5)]
    assert run.codes == [0xF3] * 5 + [0xF4]


def test_binary_answers_are_frames():
    shield, data = binary()
    data += shield.feed(np.full(500, 1e-3))
    data += say(shield, "pwr off", "targrst 100m")
    data += shield.feed(np.full(500, 1e-3)) + say(shield, "stop")
    run = read_binary(Fed(data), BinaryRun())
    assert len(run.samples) == 1000
    assert run.codes == [0xF3, 0xF9, 0xF2, 0xF6, 0xF2, 0xF4]


def test_binary_overcurrent_is_a_frame():
    shield, data = binary()
    data += shield.feed(np.full(500, 80e-3))
    assert read_binary(Fed(data), BinaryRun()).codes == [0xF3, 0xF5, 0xF4]


def test_a_silent_one_says_nothing(tmp_path):
    with served(tmp_path, EmulatedShield(faults=ShieldFaults(silent=True))) as client:
        client.write("htc")
        with pytest.raises(TimeoutError):
            client.line(0.2)


def test_stale_bytes_are_there_before_the_first_answer(tmp_path):
    with served(tmp_path, EmulatedShield(faults=ShieldFaults(stale=b"6409-07\r\n64"))) as client:
        assert client.line() == b"6409-07"
        client.command("htc")


def test_a_shield_that_forgets_to_complete(tmp_path):
    shield = ready("freq 1k", faults=ShieldFaults(mute_stop=True))
    start(shield)
    run = fed_text(shield, 0.1)
    assert len(run.samples) == 100
    assert not run.completed


def test_a_host_that_does_not_read_makes_the_shield_drop_and_say_so(tmp_path):
    with served(tmp_path, EmulatedShield()) as client:
        for command in ("htc", "acqtime inf", "freq 100k", "format bin_hexa", "pwr on", "start"):
            client.command(command)
        assert client.exactly(2) == b"\r\n"
        time.sleep(1.2)
        run = read_binary(client, BinaryRun(), 60_000)
    assert any(ms >> 31 for _, ms in run.stamps)


def test_unplugged_the_port_hangs_up(tmp_path):
    with PowerShieldServer(EmulatedShield(), active, f"pty:{tmp_path / 'meter'}") as server:
        client = SecondClient(server.url)
        client.command("htc")
        server.unplug()
        with pytest.raises((OSError, TimeoutError)):
            client.command("version")
        client.close()


def test_the_other_model_has_its_own_dialect():
    shield = EmulatedShield(V3PWR)
    assert b"error htc" in say(shield, "htc")
    assert b"ack power_monitor" in say(shield, "power_monitor")
    assert b"ack powershield STLINK-V3PWR" in say(shield, "powershield")
    assert b"ack format bin_hex" in say(shield, "format bin_hex")
    assert b"error eventsrc" in say(shield, "eventsrc d7 fal")
