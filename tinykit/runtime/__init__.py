"""The TensorFlow Lite runtime of this machine: which one works, and running models on it.

>>> from tinykit.runtime import choose_runtime, infer
>>> runtime = choose_runtime()
>>> raw = infer(runtime, model_bytes, x)
"""

from tinykit.runtime.choose import (
    ORACLE_VERSION,
    RuntimeProbe,
    choose_runtime,
    probe_runtimes,
    runtime_names,
)
from tinykit.runtime.inference import infer
from tinykit.runtime.interpreter import Interpreter, Runtime, TensorInfo

__all__ = [
    "ORACLE_VERSION",
    "Interpreter",
    "Runtime",
    "RuntimeProbe",
    "TensorInfo",
    "choose_runtime",
    "infer",
    "probe_runtimes",
    "runtime_names",
]
