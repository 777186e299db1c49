"""What a trace's own warnings mean for a verdict: which finding they belong to, and how bad they are.

The codes are those of `tinykit.meters`; a code that is not here, a plugin's, makes a warning of TRACE.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

Group = Literal["METER", "LINES", "TRACE"]
Weight = Literal["pass", "warn", "fail"]
Warned = tuple[str, str]
"""A warning's code and its text."""

GROUPS: tuple[Group, ...] = ("METER", "LINES", "TRACE")
ELSEWHERE = frozenset({"DECIMATED", "RATE_OFF", "LOST_BY_CLOCK"})
"""Judged by a code of their own: DECIMATED, RATE."""

MEANINGS: dict[str, tuple[Group, Weight]] = {
    # The meter complains, or its stream does not add up: what it sent then is not what it saw.
    "SHIELD_ERROR": ("METER", "fail"),
    "SHIELD_OVERCURRENT": ("METER", "fail"),
    "SHIELD_OVERFLOW": ("METER", "fail"),
    "SHIELD_CLOCK": ("METER", "fail"),
    "COUNTER_PAUSE": ("METER", "fail"),
    # It happened, and what it cost is counted: as lost samples, or not at all.
    "SHIELD_DAMAGED": ("METER", "warn"),
    "SHIELD_NO_END": ("METER", "warn"),
    "STRAY_BYTES": ("METER", "warn"),
    "COUNTER_GLITCH": ("METER", "warn"),
    "NO_VALUE": ("METER", "warn"),
    # The user's own gains move every sample, and no calibration here knows them.
    "USER_GAIN": ("METER", "warn"),
    # SATURATED judges those in windows and states; the others harm nobody.
    "SATURATED": ("METER", "pass"),
    # A marker that is lost or two in one sample: windows lie elsewhere than is thought.
    "EVENT_LOST": ("LINES", "fail"),
    "EVENTS_MERGED": ("LINES", "fail"),
    "MARKERS_MISSING": ("LINES", "warn"),
    "MARKER_COUNT": ("LINES", "warn"),
    "LINES_MIXED": ("LINES", "warn"),
    "LINES_NO_DATA": ("LINES", "warn"),
    "PPK2_LINES_PLAIN": ("LINES", "warn"),
    "PPK2_LINES_UNREADABLE": ("LINES", "warn"),
    # Values that are not what the meter saw, and a time axis that nobody wrote down.
    "PPK2_CLAMPED": ("TRACE", "warn"),
    "PPK2_LOST_MAYBE": ("TRACE", "warn"),
    "NOT_A_NUMBER": ("TRACE", "warn"),
    "RATE_ASSUMED": ("TRACE", "warn"),
    "ROWS_MISSING": ("TRACE", "warn"),
    "ROWS_REPEATED": ("TRACE", "warn"),
    # Counted by LOSS, or how the file was read: nothing is wrong with a sample.
    "PPK2_LOST": ("TRACE", "pass"),
    "SIGNALS_CUT": ("TRACE", "pass"),
    "COLUMNS_SKIPPED": ("TRACE", "pass"),
    "CSV_BOM": ("TRACE", "pass"),
    "CSV_CP1252": ("TRACE", "pass"),
    "CSV_DECIMAL_COMMA": ("TRACE", "pass"),
}
_ORDER: tuple[Weight, ...] = ("pass", "warn", "fail")


def group_warnings(warnings: Sequence[Warned]) -> Iterator[tuple[Group, Weight, str]]:
    """For each group: the worst of its warnings, and all their texts, "" without any."""
    for group in GROUPS:
        own = [
            (code, text)
            for code, text in warnings
            if code not in ELSEWHERE and MEANINGS.get(code, ("TRACE", "warn"))[0] == group
        ]
        weights = [MEANINGS.get(code, ("TRACE", "warn"))[1] for code, _ in own]
        worst: Weight = max(weights, key=_ORDER.index) if weights else "pass"
        yield group, worst, " ".join(f"{code}: {text.rstrip('.')}." for code, text in own)
