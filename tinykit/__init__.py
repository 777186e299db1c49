"""tinykit: from a trained model to a microcontroller, to a joule with an uncertainty, to a decision.

What the command line does, one call does here, with the same words for targets, meters and sides:

>>> import tinykit
>>> tinykit.inspect("model.tflite").macs  # doctest: +SKIP

``convert``, ``load_graph``, ``inspect``, ``fit``, ``build``, ``run``, ``connect``, ``emulate``, ``measure``,
``Session.open``, ``compare`` and ``report`` give frozen dataclasses, each with ``to_dict()`` for JSON. Errors
are `tinykit.errors.TinykitError`. Importing this package is cheap: it brings in neither NumPy nor
TensorFlow, and a function's own parts are loaded when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinykit.api.bench import Emulated, emulate
    from tinykit.api.deciding import Compared, compare
    from tinykit.api.measuring import Session, measure
    from tinykit.api.models import build, fit, inspect, load_graph
    from tinykit.api.reporting import report
    from tinykit.api.running import connect, run
    from tinykit.conversion import convert

__version__ = "0.1.0.dev0"

__all__ = [
    "Compared",
    "Emulated",
    "Session",
    "build",
    "compare",
    "connect",
    "convert",
    "emulate",
    "fit",
    "inspect",
    "load_graph",
    "measure",
    "report",
    "run",
]

_HOMES = {
    "Compared": "api.deciding",
    "Emulated": "api.bench",
    "Session": "api.measuring",
    "build": "api.models",
    "compare": "api.deciding",
    "connect": "api.running",
    "convert": "conversion",
    "emulate": "api.bench",
    "fit": "api.models",
    "inspect": "api.models",
    "load_graph": "api.models",
    "measure": "api.measuring",
    "report": "api.reporting",
    "run": "api.running",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'tinykit' has no attribute '{name}'")
    found = getattr(import_module(f"tinykit.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
