"""A machine that is too slow for an emulator is not taken for lost samples, and lost samples still are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tinykit.bench.clock_file import ClockFile
from tinykit.lab.emulator_clock import CLOCK, ClockCopy, EmulatorClock
from tinykit.meters.clock import ClockFit, fit_clock
from tinykit.meters.meter import Arrival

RATE_HZ, PACKET = 100_000, 500
DUE = 40 * RATE_HZ


def slipping(path: Path, lost: int = 0, own_clock: bool = True) -> ClockFit | None:
    """40 s of samples from an emulator that works 2 s and then stands still for 0.7 s, by its clock or not.

    After 20 s ``lost`` samples get lost on the way.
    """
    clock, arrivals = ClockFile(str(path)), []
    received = 0
    for k in range(1, DUE // PACKET + 1):
        own_s = k * PACKET / RATE_HZ
        host_s = 100.0 + own_s + 0.7 * int(own_s / 2)
        size = PACKET - (lost if k == DUE // PACKET // 2 else 0)
        clock.queued(4 * size, own_s)
        clock.sent(4 * size, host_s)
        received += size
        arrivals.append(Arrival(host_s + 1e-4, received))
    clock.close()
    seen = EmulatorClock(path).own(tuple(arrivals)) if own_clock else arrivals
    return fit_clock(
        np.array([one.t_host_s for one in seen]), np.array([float(one.size_bytes) for one in seen]), RATE_HZ
    )


def test_by_the_wall_a_slip_looks_like_a_loss(tmp_path: Path) -> None:
    fit = slipping(tmp_path / CLOCK, own_clock=False)
    assert fit is not None
    assert fit.missing > 0


def test_by_its_own_clock_nothing_is_lost(tmp_path: Path) -> None:
    fit = slipping(tmp_path / CLOCK)
    assert fit is not None
    assert fit.missing == 0
    assert fit.rate_hz == pytest.approx(RATE_HZ, rel=20e-6)


def test_time_between_two_streams_is_not_that_of_the_seconds_first_bytes(tmp_path: Path) -> None:
    """A host that takes little at a time is told of bytes in the middle of what was queued."""
    clock = ClockFile(str(tmp_path / CLOCK))
    clock.queued(4 * PACKET, 6.4)
    clock.sent(4 * PACKET, 100.0)
    first, second = 7.0 + PACKET / RATE_HZ, 7.0 + 2 * PACKET / RATE_HZ
    clock.queued(4 * PACKET, first, began_s=7.0)
    clock.queued(4 * PACKET, second, began_s=7.0)
    for k in range(1, 9):
        clock.sent(PACKET, 100.0 + k)
    clock.close()
    pairs = np.fromfile(tmp_path / CLOCK).reshape(-1, 2)
    assert pairs[1:, 1] == pytest.approx(np.linspace(7.0, second, 9)[1:])


@pytest.mark.parametrize("lost", [64, 448])
def test_what_is_lost_on_the_way_is_still_found(tmp_path: Path, lost: int) -> None:
    fit = slipping(tmp_path / CLOCK, lost=lost)
    assert fit is not None
    assert fit.missing == lost


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=3, max_size=60))
def test_no_byte_is_ever_too_early(tmp_path_factory: pytest.TempPathFactory, steps) -> None:
    """What had been sent is what the declared time allows, whenever; and the clock never goes back."""
    path = tmp_path_factory.mktemp("clock") / CLOCK
    clock, queued, sent, facts = ClockFile(str(path)), 0, 0, []
    for n, (more, room) in enumerate(steps):
        queued += more
        clock.queued(more, queued / 1000.0)
        out = min(room, queued - sent)
        sent += out
        clock.sent(out, float(n))
        facts.append(sent)
    clock.close()
    pairs = np.fromfile(path, "<f8").reshape(-1, 2)
    assert (np.diff(pairs, axis=0) >= 0).all()
    for host_s, own_s in pairs:
        assert own_s * 1000.0 == pytest.approx(facts[int(host_s)], abs=1e-6)


def test_a_copy_follows_and_begins_where_it_was_made(tmp_path: Path) -> None:
    source = tmp_path / "source"
    np.array([[0, 0], [1, 10]], "<f8").tofile(source)
    copy = ClockCopy(source, tmp_path / CLOCK)
    with source.open("ab") as file:
        file.write(np.array([[2, 20]], "<f8").tobytes())
    copy.sync()
    assert np.fromfile(tmp_path / CLOCK, "<f8").tolist() == [1, 10, 2, 20]
    copy.close()
    clock = EmulatorClock(tmp_path / CLOCK)
    assert clock.own((Arrival(0.5, 3), Arrival(1.9, 4), Arrival(9.0, 5))) == (Arrival(10, 4), Arrival(20, 5))
    # What the host noted, by the emulator's time; before and behind what it told both go alike.
    assert [clock.own_s(t) for t in (0.5, 1.5, 9.0)] == [9.5, 15.0, 27.0]


@pytest.mark.parametrize("pairs", [[], [[1, 1]], [[1, 1], [0, 2]], [[1, 1], [2, 0]], [[1, 1], [2, np.nan]]])
def test_a_clock_that_is_none_is_refused(tmp_path: Path, pairs: list[list[float]]) -> None:
    np.array(pairs, "<f8").tofile(tmp_path / CLOCK)
    with pytest.raises(ValueError, match=CLOCK):
        EmulatorClock(tmp_path / CLOCK)
