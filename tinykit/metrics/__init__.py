"""How right a model is, and how much of that int8 costs: top-1, AUC, MSE, each with a 95 % interval.

>>> from tinykit.metrics import compare_metric
>>> comparison = compare_metric("top1", float_out, int8_out, labels)
>>> comparison.drop, comparison.drop_interval95
"""

from tinykit.metrics.compare import METRICS, compare_metric
from tinykit.metrics.record import Metric, MetricComparison, samples_to_settle

__all__ = ["METRICS", "Metric", "MetricComparison", "compare_metric", "samples_to_settle"]
