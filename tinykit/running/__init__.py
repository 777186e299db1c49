"""One way to run a model anywhere: an emulated board, QEMU."""

from tinykit.running.result import LayerCost, RunResult, TensorSpec
from tinykit.running.runner import Runner, RunRequest, find_runner

__all__ = ["LayerCost", "RunRequest", "RunResult", "Runner", "TensorSpec", "find_runner"]
