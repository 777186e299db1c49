"""An emulated bench for the length of a ``with``: a board on a port, and a power meter beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from tinykit.api.files import File, path_or_none
from tinykit.errors import UsageError
from tinykit.progress import SILENT, Progress

if TYPE_CHECKING:
    from tinykit.bench.served import Event


@dataclass(frozen=True)
class Emulated:
    """An emulated bench. ``board`` is the port to give as ``on``, at ``baud``; ``meter`` what `measure` takes
    ("ppk2:PORT"), "" without one. All of it is SIMULATED."""

    board: str
    meter: str
    baud: int
    simulated: Literal[True] = True

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


@contextmanager
def emulate(  # noqa: PLR0913 (each is an option of the command)
    model: File | None = None,
    board: File = "virtual-m4",
    *,
    firmware: File | None = None,
    example: str | None = None,
    meter: Literal["ppk2", "lpm01a"] | None = None,
    ports: File | None = None,
    pace: Literal["real", "fast"] | None = None,
    energy: bool = False,
    powers_w: Mapping[str, float] | None = None,
    errors: Sequence[str] | None = None,
    faults: Sequence[str] = (),
    truth: File | None = None,
    seed: int | None = None,
    progress: Progress = SILENT,
) -> Iterator[Emulated]:
    """Emulate ``board``, running ``model`` (.tflite), ``firmware`` (.elf) or ``example``, on a port.

    With ``meter`` an emulated meter supplies the board and watches its marker, on one clock. ``ports`` is a
    folder for the ports, or "tcp:PORT"; None takes a folder that goes away at the end. ``powers_w`` replaces
    the board's watts in the states active, idle, sleep and uart; ``errors`` (None: the usual ones) and
    ``faults`` are names that ``tinykit emulate --errors list`` tells; ``truth`` is a file for the true joules
    of every window; ``seed`` draws the same errors again. Faults of the firmware are told to ``progress``.

    Raises UsageError, InputError, ModelError, BuildError, OutputError, DeviceError, MissingExtraError.
    """
    from tinykit.cli.emulate_view import Serving, emulating
    from tinykit.cli.emulated_rig import read_rig

    if sum(one is not None for one in (model, firmware, example)) != 1:
        raise UsageError("What shall the board run?", hint="give one of model, firmware and example.")
    if meter is None and (powers_w or errors is not None or faults or truth is not None or seed is not None):
        raise UsageError(
            "powers_w, errors, faults, truth and seed describe an emulated meter.",
            hint='give meter="ppk2" or meter="lpm01a" with them.',
        )
    rig = read_rig(
        meter=meter,
        powers=[f"{state}={watts!r}W" for state, watts in (powers_w or {}).items()],
        errors=None if errors is None else ",".join(errors),
        faults=None if meter is None else ",".join(faults),
        truth=path_or_none(truth),
        seed=seed,
    )
    with tempfile.TemporaryDirectory(prefix="tinykit-bench-") as scratch:
        asked = Serving(
            board=str(board),
            firmware=path_or_none(firmware),
            model=path_or_none(model),
            energy=energy or meter is not None,
            pace=pace or ("real" if meter is None else "fast"),
            ports=str(ports or scratch),
            rig=rig,
            example=example,
        )
        with emulating(asked, progress, lambda event: _tell(progress, event)) as running:
            uart = running.board.uart
            yield Emulated(
                running.served.port,
                "" if meter is None else f"{meter}:{running.served.meter}",
                uart.energy_baud if asked.energy else uart.baud,
            )


def _tell(progress: Progress, event: Event) -> None:
    from tinykit.bench import Slip

    if isinstance(event, Slip):
        progress.warn("BENCH_SLIP", f"The emulation is {event.behind_s:.1f} s behind the clock.")
    else:
        progress.warn(event.code, event.message, event.hint)
