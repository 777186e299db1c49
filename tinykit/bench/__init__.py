"""The emulated board, in a process of its own: exact instruction counts, modelled cycles, named faults.

`tinykit.bench.client` starts the process and is all that other rooms use. Everything that imports unicorn
(GPL-2) runs only there.
"""

from tinykit.bench.client import run_job
from tinykit.bench.job import BenchJob, BenchResult, Counts, LayerCounts

__all__ = ["BenchJob", "BenchResult", "Counts", "LayerCounts", "run_job"]
