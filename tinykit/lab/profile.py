"""Duty-cycled work as it is asked for, and as it is run: wake, infer, sleep, period after period."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from tinykit.errors import UsageError
from tinykit.wire.tokens import LONGEST_PAUSE_MS

WORK, ASLEEP = "duty-work", "duty-sleep"
"""The two marked phases of a period, as a session's events name them."""
STATES = ("idle", "sleep")
"""What a profile is held against: without these there are neither guards nor a closure."""
_MOST_PERIODS = 10_000
_MOST_PERIOD_S = 3600.0
_LEAST_SAMPLES = 10


@dataclass(frozen=True)
class Profile:
    """``periods`` of ``period_s`` each: ``inferences`` in a row, then asleep for the rest of it."""

    period_s: float
    periods: int = 5
    inferences: int = 1

    def sleep_ms(self, work_s: float, rate_hz: float) -> int:
        """How long the board sleeps in a period whose inferences take ``work_s``.

        Raises UsageError, code PROFILE, where nothing is left, or more than the board's longest sleep, or
        where a meter of ``rate_hz`` hardly sees the inferences.
        """
        if work_s * rate_hz < _LEAST_SAMPLES:
            raise UsageError(
                f"A period's work of {work_s * 1e3:.3g} ms is too short for {rate_hz:g} samples a second.",
                hint=f"more in a row: period={self.period_s:g},inferences="
                f"{math.ceil(1.2 * _LEAST_SAMPLES / rate_hz / work_s * self.inferences)}.",
                code="PROFILE",
            )
        left_ms = round((self.period_s - work_s) * 1e3)
        if left_ms < 1:
            raise UsageError(
                f"A period of {self.period_s:g} s holds no sleep: its work takes {work_s:.3g} s.",
                hint="give a longer period.",
                code="PROFILE",
            )
        if left_ms > LONGEST_PAUSE_MS:
            raise UsageError(
                f"A period of {self.period_s:g} s is too long: the board sleeps {LONGEST_PAUSE_MS / 1e3:g} s"
                " at most in one go.",
                hint="measure period=60, and let tinykit session battery --events-per-day stretch it.",
                code="PROFILE",
            )
        return left_ms


def parse_profile(text: str) -> Profile:
    """``"period=60"``, with ``periods=N`` and ``inferences=N`` if wanted. Raises UsageError, code PROFILE."""
    given: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = (word.strip() for word in part.partition("="))
        if not equals or name not in ("period", "periods", "inferences") or name in given:
            raise _refuse(text, f"'{part.strip()}' is not an entry")
        given[name] = value
    if "period" not in given:
        raise _refuse(text, "it names no period")
    try:
        period_s = float(given["period"])
    except ValueError:
        raise _refuse(text, f"'{given['period']}' is no number of seconds") from None
    if not math.isfinite(period_s) or not 0 < period_s <= _MOST_PERIOD_S:
        raise _refuse(text, f"a period lasts more than 0 s, and {_MOST_PERIOD_S:g} s at most")
    # One period has no scatter.
    periods, inferences = (
        _count(text, given.get(name, default), name, least)
        for name, default, least in (("periods", "5", 2), ("inferences", "1", 1))
    )
    return Profile(period_s, periods, inferences)


def _count(text: str, value: str, name: str, least: int) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", value) or not least <= int(value) <= _MOST_PERIODS:
        raise _refuse(text, f"{name} is a number from {least} to {_MOST_PERIODS:,}")
    return int(value)


def check_states(profile: Profile | None, states: tuple[str, ...]) -> None:
    """Raise UsageError, code PROFILE, where ``states`` leave out what a profile is held against."""
    absent = [name for name in STATES if profile is not None and name not in states]
    if absent:
        raise UsageError(
            f"A profile needs the state {' and '.join(absent)} measured too.",
            hint="give --states idle,sleep.",
            code="PROFILE",
        )


def _refuse(text: str, why: str) -> UsageError:
    return UsageError(
        f"The profile '{text}' is refused: {why}.",
        hint="write period=SECONDS, or period=SECONDS,periods=NUMBER,inferences=NUMBER.",
        code="PROFILE",
    )
