"""How long a comparison's arithmetic takes: 100,000 draws, and sweeps of 100,000 points.

``python tests/bench/compare_rate.py``; start-up, the catalogue, files and plots are not counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import compare
from tinykit.comparison.edge import find_edge
from tinykit.comparison.scenario import Scenario
from tinykit.comparison.sweep import sweep
from tinykit.comparison.sweep_axis import parse_axis


def measure(side: int = 316, repeats: int = 5) -> dict[str, tuple[float, float]]:
    """Seconds by the wall and on the processor, the least of several runs of ``side`` squared draws."""
    many = side * side
    catalog = Catalog.load()
    scenario = Scenario(find_edge("mlperf:v1.3/NUCLEO_L4R5ZI-P/vww").keys)
    line = [parse_axis(f"events_per_day=1:1e6:log:{many}")]
    square = [parse_axis(f"{key}:log:{side}") for key in ("events_per_day=1:1e6", "report_share=0.001:1")]
    return {
        f"one comparison, {many:,} draws": _best(lambda: compare(scenario, catalog, draws=many), repeats),
        f"sweep of one key, {many:,} points": _best(lambda: sweep(scenario, catalog, line), repeats),
        f"sweep of two keys, {many:,} points": _best(lambda: sweep(scenario, catalog, square), repeats),
    }


def _best(run: Callable[[], object], repeats: int) -> tuple[float, float]:
    run()
    found = []
    for _ in range(repeats):
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        run()
        found.append((time.perf_counter() - wall_s, time.process_time() - cpu_s))
    return min(found)


if __name__ == "__main__":
    for what, (wall_s, cpu_s) in measure().items():
        print(f"{what}: {wall_s:.2f} s by the wall, {cpu_s:.2f} s on the processor")
