"""One way to run a model anywhere: this computer, an emulated board, QEMU, a board on a serial port."""

from tinykit.running.image_job import RunRequest
from tinykit.running.result import Capabilities, Counts, LayerCost, RunResult, TensorSpec, Window
from tinykit.running.runner import Device, Inferred, Runner, Session, find_runner
from tinykit.running.targets import Target, find_targets

__all__ = [
    "Capabilities",
    "Counts",
    "Device",
    "Inferred",
    "LayerCost",
    "RunRequest",
    "RunResult",
    "Runner",
    "Session",
    "Target",
    "TensorSpec",
    "Window",
    "find_runner",
    "find_targets",
]
