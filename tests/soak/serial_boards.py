"""Boards on a serial line, each with its own start-up, UART and timer: every output byte the reference's.

The boards without a mailbox run under QEMU, those of the bench over ``tinykit://``. It is what ``tinykit
boards`` says they have been seen to run.
"""

from __future__ import annotations

from pathlib import Path

from tinykit.resources import firmware_models
from tinykit.running.execute import RunOptions, run_model

PLACES = ("qemu:stm32f405", "tinykit://virtual-m4?model={model}&pace=fast")
NAMES = {"tinykit": "tinykit://virtual-m4"}
MODELS = ("digits", "kws", "ad", "ic")
SAMPLES = 20


def soak(seed: int, fraction: float) -> dict[str, object]:
    """Run ``SAMPLES`` samples of each model at each place; all of them, whatever ``seed`` says.

    Raises AssertionError where a byte differs.
    """
    limit = max(2, round(SAMPLES * fraction))
    ran_on: dict[str, int] = {}
    compared = 0
    for place in PLACES:
        name = NAMES.get(place.partition(":")[0], place)
        for model in MODELS:
            folder = firmware_models() / "models" / model
            tflite = folder / f"{model}.tflite"
            report = run_model(tflite, place.format(model=tflite), options=_options(folder, limit))
            check = report.check
            assert check.state == "equal", f"{model} on {name}: {check.note}"
            ran_on[name] = ran_on.get(name, 0) + 1
            compared += check.bytes_compared
    return {"ran_on": ran_on, "samples_each": limit, "bytes_compared": compared, "bytes_different": 0}


def _options(folder: Path, limit: int) -> RunOptions:
    """The first samples of the model's own evaluation data."""
    return RunOptions(inputs=folder / "eval.npz", limit=limit, check=True, seconds=0.5)
