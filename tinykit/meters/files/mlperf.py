"""``results.json`` of MLPerf Tiny's runner: windows of energy samples in J, at 1 kHz.

A list of trials ``{power: {samples, timestamps: [[counter, index], …], voltage}, infer: {iterations, …}}``.
The window of a trial lies between its last two events. Trials follow each other in the trace with a hole of
unknown length between them, so that D7 shows two low pulses a trial.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinykit.errors import RecordingError
from tinykit.meters.importing import Importer, ImportOptions, check_memory, refused, sha256_file
from tinykit.meters.trace import (
    Block,
    FloatArray,
    Gap,
    Instrument,
    Provenance,
    Supply,
    Trace,
    TraceWarning,
    array_trace,
)

RUNNER_RATE_HZ = 1000.0
_DAMAGED = "take the results.json that the runner wrote."


@dataclass(frozen=True)
class _Trial:
    energy_j: FloatArray
    events: tuple[int, ...]
    voltage_v: float | None
    simulated: bool


def _load(path: Path, options: ImportOptions) -> Trace:
    check_memory(path, 12 * path.stat().st_size, options)
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise refused(path, "this is no JSON document", _DAMAGED, code="MLPERF_FORMAT") from error
    trials = _trials(path, document)
    if options.trial is not None:
        if not 0 <= options.trial < len(trials):
            raise refused(
                path,
                f"there is no trial {options.trial}",
                f"the trials are 0 to {len(trials) - 1}.",
                code="TRIAL_MISSING",
            )
        trials = [trials[options.trial]]
    warnings = (
        []
        if options.sample_rate_hz
        else [
            TraceWarning(
                "RATE_ASSUMED", f"The file tells no sample rate; the runner uses {RUNNER_RATE_HZ:g} Hz."
            )
        ]
    )
    blocks, gaps = [], []
    first = 0
    for number, trial in enumerate(trials):
        events = trial.events[-2:]
        if len(trial.events) != 2:
            count = len(trial.events)
            warnings.append(
                TraceWarning("MARKER_COUNT", f"Trial {number} has {count} events, not 2; the last two count.")
            )
        digital = np.ones(len(trial.energy_j), np.uint8)
        digital[list(events)] = 0
        blocks.append(Block(first, energy_j=trial.energy_j, digital=digital))
        first += len(trial.energy_j)
        gaps.append(Gap(first, 0, "between two trials nobody recorded"))
    return array_trace(
        options.sample_rate_hz or RUNNER_RATE_HZ,
        Instrument(
            "mlperf",
            "LPM01A or Joulescope, the file does not say",
            "",
            "",
            "none",
            emulated=any(trial.simulated for trial in trials),
        ),
        _supply(path, trials, options),
        *blocks,
        provenance=Provenance(path.name, sha256_file(path)),
        digital_lines=("D7",),
        gaps=tuple(gaps[:-1]),
        warnings=tuple(warnings),
    )


def _trials(path: Path, document: Any) -> list[_Trial]:
    if not isinstance(document, list) or not document:
        raise refused(path, "this is no list of trials", _DAMAGED, code="MLPERF_FORMAT")
    return [_trial(path, number, trial) for number, trial in enumerate(document)]


def _trial(path: Path, number: int, trial: Any) -> _Trial:
    try:
        power = trial["power"]
        energy_j = np.asarray(power["samples"], np.float64)
        events = tuple(int(index) for _, index in power["timestamps"])
        voltage = power.get("voltage")
        voltage_v = None if voltage is None else float(voltage)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise _bad(path, number, "has no samples and timestamps of power") from error
    if energy_j.ndim != 1 or not len(energy_j):
        raise _bad(path, number, "has no samples: was this a performance run?")
    if not np.isfinite(energy_j).all():
        raise _bad(path, number, "has samples that are no numbers")
    if any(not 0 <= event < len(energy_j) for event in events) or list(events) != sorted(events):
        raise _bad(path, number, "has events outside its samples, or out of order")
    return _Trial(energy_j, events, voltage_v, _is_simulated(trial))


def _is_simulated(trial: dict[str, Any]) -> bool:
    """Whether our own export says so: only ``false`` says no."""
    said = trial.get("tinykit")
    return isinstance(said, dict) and said.get("simulated") is not False


def _bad(path: Path, number: int, problem: str) -> RecordingError:
    return refused(path, f"trial {number} {problem}", _DAMAGED, code="MLPERF_FORMAT")


def _supply(path: Path, trials: list[_Trial], options: ImportOptions) -> Supply | None:
    if options.voltage_v is not None:
        return options.supply()
    voltages = {trial.voltage_v for trial in trials}
    if len(voltages) > 1:
        raise refused(path, "its trials have different voltages", "pick one trial.", code="TRIAL_MISSING")
    voltage_v = voltages.pop()
    if voltage_v is None or not math.isfinite(voltage_v) or voltage_v <= 0:
        return None
    return Supply(voltage_v, "assumed", "results.json, not measured", options.rail)


IMPORTER = Importer(
    name="mlperf",
    description="results.json of MLPerf Tiny",
    accepts=lambda path, head: (
        path.suffix.lower() == ".json" and head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"["
    ),
    load=_load,
)
