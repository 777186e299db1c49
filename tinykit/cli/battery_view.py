"""The life of a battery as a rich renderable."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from tinykit.console import key_values, safe_text, table
from tinykit.lab.battery import BatteryReport, Days, Life
from tinykit.pretty import format_estimate

_YEAR_DAYS = 365.25


def battery_view(report: BatteryReport) -> RenderableType:
    """What ``tinykit session battery`` shows."""
    battery = report.battery
    stamp = ("  SIMULATED", "bold yellow") if report.simulated else ("", "")
    title = Text.assemble((f"Battery life: {safe_text(report.folder)}", "bold"), stamp)
    known = "taken as exact" if not battery.energy.influences else format_estimate(battery.energy)
    facts = [
        ("capacity", f"{battery.energy.value / 3600:.4g} Wh, {known}"),
        ("self-discharge", f"{battery.self_discharge:.2%} a year"),
        ("converter", "none" if battery.efficiency == 1 else f"efficiency {battery.efficiency:.1%}"),
    ]
    rows = [
        (
            one.load.name,
            format_estimate(one.load.power),
            _life(one.days),
            _kind(one),
            "; ".join(one.load.notes),
        )
        for one in report.lives
    ]
    return Group(
        title,
        Text(),
        key_values(facts),
        Text(),
        table(["load", ">mean power", ">life, 95 %", "kind", "note"], rows),
    )


def _kind(life: Life) -> str:
    """That of the softest figure in it, and whose that is."""
    power = life.load.power.kind
    return power if life.kind == power else f"power {power}, battery {life.kind}"


def _life(days: Days) -> str:
    low, high = days.interval
    scale, unit = (_YEAR_DAYS, "years") if days.value >= 2 * _YEAR_DAYS else (1.0, "days")
    return f"{days.value / scale:.3g} {unit} [{low / scale:.3g}, {high / scale:.3g}]"
