"""What an emulated PPK2 declares of its errors, and drawing one such meter from it.

The declaration goes beside the ports, in the form that ``tinykit measure --calibration`` takes; what was
drawn goes to nobody who measures. So a budget is tested against errors that it knows by distribution only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tinykit.bench.meters.ppk2 import Ppk2Errors
from tinykit.bench.meters.ppk2_units import RANGES


@dataclass(frozen=True)
class Ppk2Tolerances:
    """Widths by range: the half width of a rectangular distribution, or one s.d. of a normal one.

    ``gain``, ``voltage`` (VOUT) and ``timebase`` are relative, ``offset_a`` in amperes. The defaults are for
    a PPK2 that has been checked against resistors, and are not the maker's typical figures.
    """

    shape: Literal["normal", "rectangular"] = "rectangular"
    gain: tuple[float, ...] = (0.01,) * RANGES
    offset_a: tuple[float, ...] = (2e-8, 2e-7, 2e-6, 2e-5, 3e-4)
    voltage: float = 0.003
    timebase: float = 50e-6

    def draw(self, seed: int, noise_lsb: float = 0.5, garbage: int = 1) -> Ppk2Errors:
        """The errors of one meter; the same ``seed`` gives the same one."""
        rng = np.random.default_rng(seed)

        def one(width: float) -> float:
            normal = self.shape == "normal"
            return width * float(rng.standard_normal() if normal else rng.uniform(-1.0, 1.0))

        return Ppk2Errors(
            gain=tuple(1 + one(width) for width in self.gain),
            offset_a=tuple(one(width) for width in self.offset_a),
            noise_lsb=noise_lsb,
            voltage_gain=1 + one(self.voltage),
            clock_ppm=1e6 * one(self.timebase),
            garbage=garbage,
        )

    def to_calibration(self, instrument: str) -> dict[str, Any]:
        """The document ``tinykit.calibration``, version 1, for the meter of that name."""
        by_range = {"gain": ("1", self.gain), "offset": ("A", self.offset_a)}
        terms = [
            self._term(quantity, unit, width, n)
            for quantity, (unit, widths) in by_range.items()
            for n, width in enumerate(widths)
        ]
        terms += [
            self._term("voltage", "1", self.voltage, None),
            self._term("timebase", "1", self.timebase, None),
        ]
        return {
            "schema": "tinykit.calibration",
            "schema_version": 1,
            "instrument": instrument,
            "meter": "ppk2",
            "source": "declared by the emulator",
            "is_bound": True,
            "terms": terms,
        }

    def _term(self, quantity: str, unit: str, width: float, range_: int | None) -> dict[str, Any]:
        key = "u" if self.shape == "normal" else "half_width"
        return {
            "quantity": quantity,
            "unit": unit,
            "distribution": self.shape,
            key: width,
            "range": range_,
            "dof": None,
        }
