"""Two real PPK2s' calibrations: what an emulated one is made of, and tells in its metadata.

The numbers are facts from public sources: unit A from the tests of ppk2-rs, unit B from ppk2-eeprom's page.
"""

from __future__ import annotations

from dataclasses import dataclass

RANGES = 5


@dataclass(frozen=True)
class Ppk2Unit:
    """Constants by range 0 to 4: resistor (Ω), gains, offsets, S, I0, user gain; how it prints numbers."""

    resistor: tuple[float, ...]
    gain_square: tuple[float, ...]
    gain_linear: tuple[float, ...]
    offset: tuple[float, ...]
    slope: tuple[float, ...]
    intercept: tuple[float, ...]
    user_gain: tuple[float, ...] = (1.0,) * RANGES
    hardware: int = 9173
    ia: int = 56
    number: str = "{!r}"

    def lines(self, voltage_mv: int, mode: int, user_gain: tuple[float, ...]) -> list[str]:
        """The metadata's lines in the order that a real unit has, the last one (END) apart."""
        families = {
            "R": self.resistor,
            "GS": self.gain_square,
            "GI": self.gain_linear,
            "O": self.offset,
        }
        late = {"S": self.slope, "I": self.intercept, "UG": user_gain}
        return [
            "Calibrated: 0",
            *self._family_lines(families),
            f"VDD: {voltage_mv}",
            f"HW: {self.hardware}",
            f"mode: {mode}",
            *self._family_lines(late),
            f"IA: {self.ia}",
        ]

    def _family_lines(self, families: dict[str, tuple[float, ...]]) -> list[str]:
        return [
            f"{family}{n}: {self.number.format(value)}"
            for family, values in families.items()
            for n, value in enumerate(values)
        ]


UNIT_A = Ppk2Unit(
    resistor=(1003.3506, 101.5865, 10.3027, 0.9636, 0.0564),
    gain_square=(0.0, 112.789, 18.0115, 2.4217, 0.0729),
    gain_linear=(1.0, 0.9695, 0.9609, 0.9519, 0.9582),
    offset=(112.942, 75.4627, 64.602, 50.4983, 87.2177),
    slope=(4.8e-8, 5.96e-7, 5.281e-6, 6.2577e-5, 2.940743e-3),
    intercept=(-1.04e-7, -1.443e-6, 3.6439e-5, -3.74119e-4, -9.388455e-3),
    number="{:.9f}",
)
UNIT_B = Ppk2Unit(
    resistor=(1004.5699, 102.1842, 10.3829, 0.9723, 0.0567),
    gain_square=(0.0, 154.061, 23.3921, 3.371, 0.109369),
    gain_linear=(1.0, 0.9572, 0.9503, 0.9362, 0.944026),
    offset=(151.8414, 103.3884, 87.8562, 66.8046, 118.2776),
    slope=(-2.8e-8, -2.74e-7, -1.803e-6, -2.1984e-5, 1.92322e-3),
    intercept=(1.18e-7, 1.097e-6, 7.1752e-5, -2.1477e-4, -7.002169e-3),
    number="{:.20f}",  # newer firmware prints so many decimals
)
