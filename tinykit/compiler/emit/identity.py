"""What the firmware says it is: a model id and how a host sends inputs.

MLPerf Tiny's runner knows four models by id and sends images as uint8 and features as float32; raw int8
and an id of our own are the default.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from tinykit.errors import UsageError


class InputEncoding(IntEnum):
    """How bytes from a host become the input: as they are, uint8 minus 128, or float32 to be quantized."""

    RAW = 0
    UINT8_MINUS_128 = 1
    FLOAT32 = 2


@dataclass(frozen=True)
class Identity:
    """The id that the firmware reports, and its input encoding."""

    model_id: str
    encoding: InputEncoding = InputEncoding.RAW


_MLPERF = {
    "kws01": InputEncoding.RAW,
    "ic01": InputEncoding.UINT8_MINUS_128,
    "vww01": InputEncoding.UINT8_MINUS_128,
    "ad01": InputEncoding.FLOAT32,
}
MLPERF_IDS = tuple(_MLPERF)


def identity_of(source_sha256: str, mlperf: str | None = None) -> Identity:
    """``tk-`` and the start of the source's hash, or one of MLPerf Tiny's ids with its encoding."""
    if mlperf is None:
        return Identity(f"tk-{source_sha256[:8]}")
    if mlperf not in _MLPERF:
        raise UsageError(
            f"'{mlperf}' is no model of MLPerf Tiny.", hint=f"it is one of {', '.join(MLPERF_IDS)}."
        )
    return Identity(mlperf, _MLPERF[mlperf])
