"""Joules: measured now, or in a session that was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from tinykit.api.files import File, path_or_none
from tinykit.lab.store import StoredSession as Session
from tinykit.progress import SILENT, Progress

if TYPE_CHECKING:
    from tinykit.lab.report import SessionReport

__all__ = ["Session", "measure"]

_PINS = ("external", "markers")


def measure(  # noqa: PLR0913 (each is an option of the command)
    model: File | None,
    on: str | None = None,
    meter: str | None = None,
    *,
    voltage_v: float | None = None,
    out: File | None = None,
    inputs: File | None = None,
    windows: int | None = None,
    seconds: float | None = None,
    warmups: int = 3,
    states: Sequence[str] = ("idle",),
    state_s: float | None = None,
    profile: str | None = None,
    voltage_source: str = "",
    mode: Literal["source", "ammeter"] = "source",
    rail: str = "",
    rate_hz: float | None = None,
    calibration: File | None = None,
    firmware: File | None = None,
    line: str = "D0",
    baud: int | None = None,
    rig_check: bool = True,
    windows_from: Literal["marker", "board", "power", "host"] = "marker",
    inferences: int | None = None,
    phases: File | None = None,
    level: Literal["high", "low", "pulses"] = "high",
    short: bool = False,
    notes: str = "",
    config: File | None = None,
    progress: Progress = SILENT,
) -> SessionReport:
    """Measure the joules of an inference of ``model`` on ``on`` with ``meter``; the session goes to ``out``.

    ``on`` is a board's port (or "host", "external", "markers"), ``meter`` "METER:PORT" such as
    "ppk2:/dev/ttyACM0" or a name from tinykit.toml. ``windows`` of ``seconds`` each (5 of 10 s), idle before
    and after; ``out`` None is a new folder in ``sessions``. ``profile`` ("period=60,periods=5") measures
    whole periods too. With "external" a firmware of your own raises ``line`` around ``inferences``
    inferences; with "markers" ``phases`` is the map of its codes; ``level`` and ``short`` belong to both, and
    ``model`` may be None.

    ``headline`` of the result is J per inference as an Estimate, None where the verdict allows no number:
    ``analysis.verdict`` says why. What an emulator gives is ``simulated``.

    Raises UsageError, InputError, DeviceError, MeterError, RecordingError, OutputError, MissingExtraError.
    What was recorded until then stays in ``out``, for ``tinykit session recover``.
    """
    from tinykit.cli.measure import driven, driven_arguments
    from tinykit.cli.measure_external import watched_arguments

    words: dict[str, Any] = {
        "on": on,
        "meter": meter,
        "voltage_v": voltage_v,
        "voltage_source": voltage_source,
        "mode": mode,
        "rail": rail,
        "rate_hz": rate_hz,
        "calibration": path_or_none(calibration),
        "firmware": path_or_none(firmware),
        "line": line,
        "baud": baud,
        "inputs": path_or_none(inputs),
        "windows": 5 if windows is None else windows,
        "seconds": 10.0 if seconds is None else seconds,
        "warmups": warmups,
        "states": ",".join(states),
        "state_s": state_s,
        "profile": profile,
        "rig_check": rig_check,
        "inferences": inferences,
        "phases": path_or_none(phases),
        "level": level,
        "short_asked": short,
        "windows_from": windows_from,
        "notes": notes,
        "out": path_or_none(out),
        "config_path": path_or_none(config),
    }
    if on in _PINS:
        from tinykit.lab.external_plan import plan_watch
        from tinykit.lab.external_session import measure_external

        usual = {"warmups": 3, "states": "idle", "rig_check": True, "windows_from": "marker"}
        given = {name for name, value in words.items() if value not in (None, usual.get(name))}
        given -= {"windows"} if windows is None else set()
        given -= {"seconds"} if seconds is None else set()
        watch, port, options = watched_arguments(path_or_none(model), words, given)
        plan_watch(watch, port, options).require()
        return measure_external(watch, port, options, progress)
    from tinykit.lab import session as lab
    from tinykit.lab.plan import plan_session
    from tinykit.running.workload import read_workload

    file = driven(path_or_none(model), words)
    target, port, options = driven_arguments(file, words)
    plan_session(read_workload(file), target, port, options).require()
    return lab.measure(file, target, port, options, progress)
