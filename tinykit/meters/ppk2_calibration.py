"""The PPK2's calibration text, and the table that turns a word's lower 17 bits into amperes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinykit.errors import MeterError
from tinykit.meters.trace import FloatArray

RANGES = 5
TABLE_SIZE = 1 << 17
SATURATION = 0x3FFF
_FAMILIES = ("R", "GS", "GI", "O", "S", "I", "UG")
# ADC full scale 1.8 V over 163840 counts, of which the word holds every fourth.
_VOLT_PER_COUNT = 1.8 / 163840
_LINE = re.compile(r"(?P<key>[A-Za-z]+[0-9]?)[ \t]*:[ \t]*(?P<value>[ -~]*)\r?\n")
_END = re.compile(rb"(?:^|[\r\n])END\r?\n")


@dataclass(frozen=True)
class Calibration:
    """The constants of one PPK2, each one a range: resistor ``r`` (Ω), gains, offsets, user gain.

    A range for which the meter says ``nan`` is in ``unusable``. ``calibrated`` is the meter's own flag, which
    is 0 on many good units; ``hw`` its hardware word. ``text`` is what the meter sent, from its first key on.
    """

    r: tuple[float, ...]
    gs: tuple[float, ...]
    gi: tuple[float, ...]
    o: tuple[float, ...]
    s: tuple[float, ...]
    i: tuple[float, ...]
    ug: tuple[float, ...]
    calibrated: str
    hw: str
    text: str

    @property
    def unusable(self) -> tuple[int, ...]:
        """Ranges in which a constant is not a number, or the resistor is none."""
        families = (self.r, self.gs, self.gi, self.o, self.s, self.i, self.ug)
        return tuple(
            n
            for n in range(RANGES)
            if not all(math.isfinite(family[n]) for family in families) or self.r[n] == 0
        )

    def table(self, voltage_v: float) -> FloatArray:
        """Amperes by ``word & 0x1FFFF``, float64 of shape (131072,); NaN where a range has no constants.

        x = (4·ADC − O)·(1.8/163840)/R;  I = UG·(x·(GS·x + GI) + S·U + I0), as Nordic's own app computes it.
        ``voltage_v`` is U: what the meter supplies, or what the measured rail has.
        """
        table = np.full((8, TABLE_SIZE // 8), np.nan)
        counts = 4.0 * np.arange(TABLE_SIZE // 8)
        for n in set(range(RANGES)) - set(self.unusable):
            x = (counts - self.o[n]) * (_VOLT_PER_COUNT / self.r[n])
            table[n] = self.ug[n] * (x * (self.gs[n] * x + self.gi[n]) + (self.s[n] * voltage_v + self.i[n]))
        return table.reshape(-1)


def is_complete(received: bytes) -> bool:
    """Whether the calibration's last line (END) has come."""
    return _END.search(received) is not None


def parse_calibration(received: bytes) -> Calibration:
    """Read the answer to the metadata command; samples left over from before may stand in front of it.

    Lines may come in any order, unknown ones are let be. Raises MeterError, code METER_CALIBRATION_MISSING or
    METER_CALIBRATION_BAD: nothing is ever defaulted.
    """
    end = _END.search(received)
    lines = list(_LINE.finditer(received[: end.end() if end else 0].decode("latin-1")))
    fields = {line["key"]: line["value"].strip() for line in lines}
    missing = [key for key in (f"{f}{n}" for f in _FAMILIES for n in range(RANGES)) if key not in fields]
    if missing:
        raise MeterError(
            f"The PPK2's calibration lacks {_some(missing)}." if fields else "No calibration came.",
            hint="plug it out and in again, and take the measuring port: the PPK2 has a second one, a shell.",
            code="METER_CALIBRATION_MISSING",
        )
    r, gs, gi, o, s, i, ug = (tuple(_number(fields, f"{f}{n}") for n in range(RANGES)) for f in _FAMILIES)
    text = "".join(f"{line[0].strip()}\n" for line in lines) + "END\n"
    calibrated, hw = fields.get("Calibrated", ""), fields.get("HW", "")
    calibration = Calibration(r, gs, gi, o, s, i, ug, calibrated, hw, text)
    if len(calibration.unusable) == RANGES:
        raise MeterError(
            "The PPK2's calibration has no usable range: constants are not numbers.",
            hint="the meter's own data are damaged; it cannot measure.",
            code="METER_CALIBRATION_BAD",
        )
    return calibration


def _number(fields: Mapping[str, str], key: str) -> float:
    try:
        return float(fields[key])
    except ValueError as error:
        raise MeterError(
            f"The PPK2's calibration says {key}: {fields[key][:40]!r}, which is no number.",
            hint="plug it out and in again; if it stays, the meter's own data are damaged.",
            code="METER_CALIBRATION_BAD",
        ) from error


def _some(keys: list[str]) -> str:
    return ", ".join(keys[:6]) + (f" and {len(keys) - 6} more" if len(keys) > 6 else "")
