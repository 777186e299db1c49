"""The benchmarks of running hold their limits; short forms of what is started by hand."""

from __future__ import annotations

import pytest
from bench.host_overhead import MOST
from bench.host_overhead import measure as overhead
from bench.serial_exchange import MOST_CPU_US, MOST_WALL_US
from bench.serial_exchange import measure as exchange


@pytest.mark.slow
def test_a_db_exchange_stays_cheap() -> None:
    found = exchange(4_000)
    assert found["wall_us"] <= MOST_WALL_US
    assert found["cpu_us"] <= MOST_CPU_US


@pytest.mark.slow
def test_the_hosts_runner_costs_little() -> None:
    """Other work on the machine comes and goes: the best of three."""
    assert min(overhead(5)["overhead"] for _ in range(3)) <= MOST
