"""Which published servers there are, and at which operating points: MLPerf Inference, power at the wall.

A point is where power and rate were measured together. Batching is the point: ``singlestream`` takes one
input at a time, ``server`` batches under a latency bound, and ``offline`` batches without one, a floor alone.
"""

from __future__ import annotations

from functools import cache

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.fields import Cited, Default, Gap

SERVERS = {
    "a10": "a10-x1",
    "a10x2": "a10-x2",
    "a2": "a2-x1",
    "a30": "a30-x1",
    "l4": "l4-x1",
    "a100x2": "a100-pcie-x2",
    "a100": "a100-pcie-x8",
    "dgx-a100": "dgx-a100-x8",
    "h100": "h100-pcie-x8",
    "h200": "h200-sxm-x8",
}
"""Names, and the catalogue's prefix of their figures."""
GATEWAYS = ("jetson-orin", "jetson-xavier-nx")
"""Of the same rounds, small enough for the premises; the catalogue knows no floor of theirs."""
POINTS = ("singlestream", "server", "offline")
UNBATCHED = "1"
"""``cloud.batch`` of one input at a time."""


def published_point(server: str, workload: str, batch: str, case: str) -> str:
    """The point that stands for ``batch``: ``singlestream`` for 1; for a number, the best that batches.

    Where nothing is said: many users fill a batch within its latency bound (``server``), and a dedicated
    server's few do not (``singlestream``); the other of the two where it was not measured, else ``offline``.
    """
    if batch == UNBATCHED:
        return POINTS[0]
    alone = POINTS if case == "dedicated" else ("server", "singlestream", "offline")
    points = alone if batch == "any" else POINTS[1:]
    there = (point for point in points if f"server.{server}.{workload}.{point}.power" in _keys())
    return next(there, points[0])


def point_figure(server: str, workload: str, point: str, what: str) -> Default:
    """W at the point, or the s of an inference there: its latency, or one over its rate."""
    key = f"server.{server}.{workload}.{point}"
    if what == "power":
        return Cited(f"{key}.power")
    return Cited(f"{key}.latency") if point == POINTS[0] else Cited(f"{key}.rate", inverse=True)


def floor(server: str) -> Default:
    """W of the server that waits, its software loaded."""
    key = f"server.{server}.floor"
    return Cited(key, otherwise=Gap(f"the catalogue has no floor of {server}"))


@cache
def _keys() -> frozenset[str]:
    return frozenset(row.key for row in Catalog.load())
