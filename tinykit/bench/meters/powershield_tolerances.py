"""What an emulated LPM01A declares of its errors, and drawing one such meter from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinykit.bench.meters.powershield_model import ShieldErrors


@dataclass(frozen=True)
class ShieldTolerances:
    """Half widths of rectangular distributions; ST gives the gain's (UM2243) and the voltage's (UM2269).

    ``gain``, ``voltage`` and ``timebase`` are relative, ``offset_a`` in A, ``noise_a`` one s.d. a sample.
    """

    gain: float = 0.02
    offset_a: float = 2e-7
    voltage: float = 0.01
    timebase: float = 50e-6
    noise_a: float = 1e-6

    def draw(self, seed: int) -> ShieldErrors:
        """The errors of one meter; the same ``seed`` gives the same one."""
        rng = np.random.default_rng(seed)
        gain, offset_a, voltage, timebase = (
            width * float(rng.uniform(-1.0, 1.0))
            for width in (self.gain, self.offset_a, self.voltage, self.timebase)
        )
        return ShieldErrors(1 + gain, offset_a, self.noise_a, 1 + voltage, 1e6 * timebase)

    def to_calibration(self, instrument: str) -> dict[str, Any]:
        """The document ``tinykit.calibration``, version 1, for the meter of that name."""
        widths = {
            "gain": ("1", self.gain),
            "offset": ("A", self.offset_a),
            "voltage": ("1", self.voltage),
            "timebase": ("1", self.timebase),
        }
        return {
            "schema": "tinykit.calibration",
            "schema_version": 1,
            "instrument": instrument,
            "meter": "lpm01a",
            "source": "declared by the emulator",
            "is_bound": True,
            "terms": [
                {
                    "quantity": quantity,
                    "unit": unit,
                    "distribution": "rectangular",
                    "half_width": width,
                    "range": None,
                    "dof": None,
                }
                for quantity, (unit, width) in widths.items()
            ],
        }
