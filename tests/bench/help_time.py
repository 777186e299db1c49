"""How long ``tinykit --help`` takes: the median of some runs, beside Python's own start."""

import statistics
import subprocess
import sys
import time

RUNS = 20
AIM_S = 0.2


def median_s(*args: str, runs: int = RUNS) -> float:
    """Median wall time of a Python process, in seconds."""
    times_s = []
    for _ in range(runs):
        t_start_s = time.perf_counter()
        subprocess.run([sys.executable, *args], check=True, stdout=subprocess.DEVNULL)
        times_s.append(time.perf_counter() - t_start_s)
    return statistics.median(times_s)


if __name__ == "__main__":
    print(f"python -c pass     {median_s('-c', 'pass'):.3f} s")
    print(f"import click       {median_s('-c', 'import click'):.3f} s")
    ours_s = median_s("-m", "tinykit", "--help")
    print(f"tinykit --help     {ours_s:.3f} s (aim {AIM_S:g} s): {'pass' if ours_s <= AIM_S else 'miss'}")
