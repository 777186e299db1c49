"""From a mean power to the life of a battery, with its usable capacity and its self-discharge.

Formulas and their limits: docs/how-to/battery-life.md.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tinykit.errors import GateError, UsageError
from tinykit.estimate import Estimate, Kind, draw, summarise
from tinykit.estimate.record import KINDS
from tinykit.lab.duty import Duty
from tinykit.lab.store import StoredSession

DAY_S = 86_400.0
YEAR_S = 365.25 * DAY_S
_NUMBER = r"(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
_CAPACITY = re.compile(
    rf"{_NUMBER}\s*(?:(mWh|Wh|J)|(mAh|Ah)@{_NUMBER}\s*V)(?:\s*(?:±|\+-)\s*{_NUMBER}\s*%)?", re.ASCII
)
_FRACTION = re.compile(rf"{_NUMBER}\s*(%?)", re.ASCII)
_LONGER = "give longer --state-seconds, and look for what wakes the board"
_WAYS = {
    ".drift": "its stretches differ: let the board settle, and give longer --state-seconds",
    ".offset": "take a meter of a small offset beside the sleep current, or bound yours: tinykit meter check",
    ".periods": "few periods scatter: measure more periods",
    ".periods.edges": "the periods' edges are blurred: sample faster, or measure more periods",
    ".windows": "few windows scatter: give more --windows",
    ".idle": f"idle power scatters: {_LONGER}",
    ".sleep": f"sleep power scatters: {_LONGER}",
}
"""What narrows a mean power, by the end of the name of what dominates its budget."""
_JOULES = {"mWh": 3.6, "Wh": 3600.0, "J": 1.0}
_COULOMBS = {"mAh": 3.6, "Ah": 3600.0}


@dataclass(frozen=True)
class Battery:
    """``energy`` (J): what the battery gives until its cut-off voltage, at the load's pace.

    ``self_discharge`` is the share (0 to 1) of what is left that it loses by itself in a year; ``efficiency``
    that of a converter between battery and rail (1: none).
    """

    energy: Estimate
    self_discharge: float
    efficiency: float = 1.0

    def __post_init__(self) -> None:
        if not self.energy.value > 0 or not 0 <= self.self_discharge < 1 or not 0 < self.efficiency <= 1:
            raise ValueError("a battery holds something, and loses and converts a share of it")


@dataclass(frozen=True)
class Load:
    """A mean power (W) at the rail, and in words what it is made of and what it leaves out."""

    name: str
    power: Estimate
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Days:
    """A life in days: ``value`` at the values of power and capacity, with its 95 % interval."""

    value: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Life:
    """How long ``load`` runs.

    ``kinds`` are those of the load and of the battery's capacity.
    """

    load: Load
    days: Days
    kinds: tuple[Kind, ...]

    @property
    def kind(self) -> Kind:
        """The softest of them, as of any estimate."""
        return max(self.kinds, key=KINDS.index)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "load": self.load.name,
            "mean_power": self.load.power.to_dict(),
            "days": self.days.value,
            "days_interval95": list(self.days.interval),
            "kind": self.kind,
            "kinds": list(self.kinds),
            "notes": list(self.load.notes),
        }


@dataclass(frozen=True)
class BatteryReport:
    """A session's loads on a battery."""

    folder: str
    simulated: bool
    battery: Battery
    lives: tuple[Life, ...]

    def to_dict(self) -> dict[str, Any]:
        """The document ``tinykit.battery``, version 1."""
        return {
            "schema": "tinykit.battery",
            "schema_version": 1,
            "folder": self.folder,
            "simulated": self.simulated,
            "capacity": self.battery.energy.to_dict(),
            "self_discharge_per_year": self.battery.self_discharge,
            "efficiency": self.battery.efficiency,
            "lives": [one.to_dict() for one in self.lives],
        }


def parse_capacity(text: str) -> Estimate:
    """``"1000mAh@3.0V"``, ``"2.4Wh"``, each with a tolerance if wanted: ``"2.4Wh±10%"`` → J.

    The volts are the mean voltage while the charge is taken. Raises UsageError, code BATTERY.
    """
    match = _CAPACITY.fullmatch(text.strip())
    if match is None:
        raise _refuse(
            f"the capacity '{text}' is not one",
            "write 1000mAh@3.0V (the charge, and the mean voltage at which it is given), or 2.4Wh;"
            " 2.4Wh±10% says how well it is known.",
        )
    amount, energy_unit, charge_unit, volts, percent = match.groups()
    joules = float(amount) * (_JOULES[energy_unit] if energy_unit else _COULOMBS[charge_unit] * float(volts))
    share = float(percent or 0.0) / 100.0
    if not 0 < joules < math.inf or share >= 1:
        raise _refuse(
            f"the capacity '{text}' is absurd", "give more than nothing, known to better than 100 %."
        )
    name = "battery.capacity"
    if not share:
        return Estimate.exact(joules, "J", kind="assumed", source=f"capacity {text.strip()}, given")
    return Estimate.rectangular(
        joules, "J", share * joules, name=name, kind="assumed", source=f"capacity {text.strip()}, given"
    )


def parse_share(text: str, what: str) -> float:
    """``"0.02"`` or ``"2%"`` → 0.02. Raises UsageError, code BATTERY, for a share of 1 or more."""
    match = _FRACTION.fullmatch(text.strip())
    share = math.nan if match is None else float(match[1]) / (100.0 if match[2] else 1.0)
    if not 0 <= share < 1:
        raise _refuse(f"{what} of '{text}' is none", "write 0.02 or 2%; 0 where there is none.")
    return share


def parse_efficiency(text: str) -> float:
    """``"0.9"``, ``"90%"``; ``"none"``, or 1, without a converter. Raises UsageError, code BATTERY."""
    if text.strip() in ("none", "1", "100%"):
        return 1.0
    share = parse_share(text, "an efficiency")
    if share == 0:
        raise _refuse("a converter of efficiency 0 gives nothing", "write 0.9, or leave it out.")
    return share


def battery_life(
    session: StoredSession, battery: Battery, events_per_day: Sequence[float] = ()
) -> BatteryReport:
    """The life of ``battery`` under the session's periods, and at each number of inferences a day.

    Raises GateError (BATTERY_NO_NUMBER) for a session without a number that stands alone, and UsageError
    (BATTERY) where it measured neither periods nor a state to rest in.
    """
    if not session.verdict.allows_absolute or session.gross is None:
        raise GateError(
            f"The session in {session.folder} has no number that stands alone, and so no battery a life.",
            hint="tinykit session show says why; tinykit meter check bounds a meter's errors.",
            code="BATTERY_NO_NUMBER",
        )
    loads = [*_measured(session.duty), *(_at_rate(session, each) for each in events_per_day)]
    if not loads:
        raise _refuse(
            f"the session in {session.folder} measured no periods, and no rate is given",
            "give --events-per-day N, or measure again with --profile period=60.",
        )
    lives = tuple(_life(load, battery) for load in loads)
    return BatteryReport(str(session.folder), session.known.simulated, battery, lives)


def _life(load: Load, battery: Battery) -> Life:
    kinds = tuple(dict.fromkeys((*load.power.kinds, *battery.energy.kinds)))
    return Life(load, life_days(battery, load.power), kinds)


def life_days(battery: Battery, power: Estimate) -> Days:
    """Days until E' = -P/η - s·E reaches zero: t = ln(1 + s·E·η/P)/s, and E·η/P for s = 0.

    s = -ln(1 - share)/year. The interval by Monte Carlo, as 1/P is curved. Raises GateError
    (BATTERY_NO_NUMBER) where the 95 % interval of the power reaches zero.
    """
    import numpy as np

    rate = -math.log1p(-battery.self_discharge) / YEAR_S

    def days(energy_j: Any, power_w: Any) -> Any:
        seconds = energy_j * battery.efficiency / power_w
        shares = rate * seconds
        # ln(1 + x)/x by its series where x has hardly any digits of its own.
        stretch = np.where(shares > 1e-9, np.log1p(shares) / np.maximum(shares, 1e-9), 1.0 - shares / 2.0)
        return seconds * stretch / DAY_S

    energy_j, power_w = draw([battery.energy, power])
    # Few degrees of freedom beside many reach further in the draws than by Welch and Satterthwaite.
    if min(power.interval()[0], float(np.quantile(power_w, 0.025))) <= 0:
        raise GateError(
            "The 95 % interval of the mean power reaches zero, so a life has no upper end.",
            hint=_narrows(power),
            code="BATTERY_NO_NUMBER",
        )
    # Draws of no power at all lie beyond the upper end: any life that is long enough will do.
    lives = days(np.maximum(energy_j, 0.0), np.maximum(power_w, 1e-9 * power.value))
    return Days(float(days(battery.energy.value, power.value)), summarise(lives).interval)


def _narrows(power: Estimate) -> str:
    """What would narrow ``power``'s interval most: what helps against the influence that reaches furthest."""
    reach = {
        name: replace(power, influences={name: one}).interval()[1] for name, one in power.influences.items()
    }
    name = max(reach, key=lambda one: reach[one], default="")
    for end, way in _WAYS.items():
        if name.endswith(end):
            return f"{way} ({name} dominates its budget)."
    return f"{name or 'nothing'} dominates its budget; tinykit session show has all of it."


def _measured(duty: Duty | None) -> Iterator[Load]:
    if duty is not None:
        name = f"periods of {duty.period.value:.4g} s, as measured"
        yield Load(name, duty.power, ("wake-up and clock start are in it",))


def _at_rate(session: StoredSession, per_day: float) -> Load:
    """P = P₀·(1 - N·t/day) + N·E/day: at rest in the deepest state that was measured, else at work."""
    if not math.isfinite(per_day) or per_day < 0:
        raise _refuse(f"{per_day:g} events a day are none", "give a number of inferences a day.")
    state = next((name for name in ("sleep", "idle") if name in session.states), None)
    if state is None or session.gross is None:
        raise _refuse(
            f"the session in {session.folder} measured no state in which a board could rest",
            "measure again with --states idle,sleep.",
        )
    power_w, work_s = session.states[state], _work_s(session)
    if per_day * work_s > DAY_S:
        raise _refuse(
            f"{per_day:g} inferences of {work_s:.3g} s are more than a day holds",
            f"{DAY_S / work_s:,.0f} are the most.",
        )
    event, notes = session.gross, [f"between inferences the board is in {state}"]
    if session.duty is not None and state == "sleep":
        event = event + session.duty.rest
        notes.append("wake-up and clock start are in it, as the session's periods show them")
    else:
        notes.append("wake-up and clock start are not in it: --profile measures them")
    power = power_w * (1.0 - per_day * work_s / DAY_S) + event.in_unit("W", per_day / DAY_S)
    return Load(f"{per_day:g} inferences a day", power, tuple(notes))


def _work_s(session: StoredSession) -> float:
    windows = session.energy["windows"]
    return sum(float(one["duration_s"]) / int(one["inferences"]) for one in windows) / len(windows)


def _refuse(what: str, hint: str) -> UsageError:
    return UsageError(f"This gives no battery life: {what}.", hint=hint, code="BATTERY")
