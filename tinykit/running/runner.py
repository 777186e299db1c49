"""The one way to run: a `Runner` opens a `Session` on a host or a board, and the session runs inferences.

To a caller all sessions are alike; what one cannot do stands in its `Capabilities`. Runners are found by
scanning `tinykit.running.places`: each file has a ``PLACE``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from tinykit.compiler.image import BuildReport
from tinykit.errors import InputError
from tinykit.progress import SILENT, Progress
from tinykit.running.result import Array, Capabilities, Counts, LayerCost, TensorSpec, Window
from tinykit.running.targets import Target
from tinykit.running.workload import Workload


@dataclass(frozen=True)
class Device:
    """What a session runs on. ``build`` is the image's report where the place built one.

    ``ran_on`` is the place's name, ``text`` what it is in words. ``model_sha256`` and ``firmware_sha256``
    are what the board itself says it carries, "" where it cannot. ``tolerance_lsb`` is what its kernels may
    differ from the reference by their nature; 0 where they must be exact.
    """

    ran_on: str
    text: str
    simulated: bool
    capabilities: Capabilities
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    board: str = ""
    model_sha256: str = ""
    firmware_sha256: str = ""
    tolerance_lsb: float = 0.0
    build: BuildReport | None = None


@dataclass(frozen=True, eq=False)
class Inferred:
    """What `Session.infer` gives: outputs (N, ...), and what was counted and said on the way."""

    outputs: tuple[Array, ...]
    counts: Counts | None = None
    layers: tuple[LayerCost, ...] = ()
    first_s: float | None = None
    transfer: str = ""


class Session(Protocol):
    """A model, ready to run somewhere. Not for two threads at once.

    Every method raises DeviceError, with the code of what went wrong, instead of giving a doubtful result;
    UsageError, code NOT_CAPABLE, for what `Device.capabilities` says the place cannot do.
    """

    @property
    def device(self) -> Device:
        """What it runs on."""

    def infer(self, arrays: Sequence[Array], progress: Progress = SILENT) -> Inferred:
        """Run all rows of ``arrays`` (one an input, (N, ...) in its own dtype), from a fresh state.

        A model that keeps state takes the rows as steps of one stream.
        """

    def window(self, inferences: int, warmups: int = 0) -> Window:
        """Time ``inferences`` back to back on the last row that was run."""

    def layers(self) -> tuple[LayerCost, ...]:
        """One inference on the last row that was run, layer by layer."""

    def rest(self, state: str, duration_ms: int) -> None:
        """Stay in the power state "idle" or "sleep" for 1..60000 ms."""


class Runner(Protocol):
    """A place to run."""

    def open(self, workload: Workload, progress: Progress = SILENT) -> AbstractContextManager[Session]:
        """Make ready what the place needs (build, start, connect), for the length of the ``with``."""


class Place(Protocol):
    """A kind of places. ``form`` is what its names look like, for messages.

    Places are asked by ``order``: one that takes any name comes last.
    """

    form: str
    order: int

    def find(self, target: Target) -> Runner | None:
        """The runner for ``target``, or None where its name is not of this kind."""


def find_runner(target: Target | str) -> Runner:
    """The runner for a target, or for a name such as "host", "virtual-m4", "qemu:virtual-m4", "/dev/ttyACM0".

    Raises InputError, code PLACE_UNKNOWN, and what the place raises for a name of its kind.
    """
    if isinstance(target, str):
        target = Target(target, target)
    known = places()
    for place in known:
        runner = place.find(target)
        if runner is not None:
            return runner
    raise InputError(
        f"There is no place '{target.where}' to run on.",
        hint=f"give one of {', '.join(place.form for place in known)}; tinykit boards lists the boards.",
        code="PLACE_UNKNOWN",
    )


def places() -> Sequence[Place]:
    """All kinds of places, in the order in which they are asked."""
    from tinykit.running import places as folder

    names = sorted(found.name for found in pkgutil.iter_modules(folder.__path__))
    found = [importlib.import_module(f"{folder.__name__}.{name}").PLACE for name in names]
    return sorted(found, key=lambda place: place.order)
