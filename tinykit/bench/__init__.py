"""The emulated board, in a process of its own: exact instruction counts, modelled cycles, named faults.

`run_job` runs inferences through memory, `serve_board` gives a board that talks over a port. Everything
that imports unicorn (GPL-2) runs only there.
"""

from tinykit.bench.client import run_job
from tinykit.bench.job import BenchJob, BenchResult, Counts, LayerCounts
from tinykit.bench.served import ServedBoard, Slip, serve_board

__all__ = [
    "BenchJob",
    "BenchResult",
    "Counts",
    "LayerCounts",
    "ServedBoard",
    "Slip",
    "run_job",
    "serve_board",
]
