"""A meter's check as rich renderables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from tinykit.console import safe_text, table
from tinykit.lab.check_fit import CheckFit
from tinykit.lab.meter_check import Resistor
from tinykit.pretty import format_si


def steps_document(title: str, voltage_v: float, loads: Sequence[Resistor]) -> dict[str, object]:
    """The document ``tinykit.meter_check_plan``, version 1."""
    return {
        "schema": "tinykit.meter_check_plan",
        "schema_version": 1,
        "meter": title,
        "voltage_v": voltage_v,
        "steps": [
            {"ohm": None, "current_a": 0.0},
            *({"ohm": load.ohm, "current_a": voltage_v / load.ohm} for load in loads),
        ],
    }


def steps_view(title: str, voltage_v: float, loads: Sequence[Resistor]) -> RenderableType:
    """What will be asked for."""
    rows = [("1", "open terminals", "0 A", "")]
    rows += [
        (
            str(i),
            f"{load.ohm:g} ohm",
            format_si(voltage_v / load.ohm, "A"),
            f"{format_si(voltage_v**2 / load.ohm, 'W')} in the resistor",
        )
        for i, load in enumerate(loads, start=2)
    ]
    return Group(
        Text(f"Check of {safe_text(title)} at {voltage_v:g} V", style="bold"),
        Text(),
        table([">", "load", ">current", ""], rows),
    )


def check_view(fit: CheckFit, out: Path | None) -> RenderableType:
    """What the check found, and what follows."""
    points = table(
        ["point", ">range", ">known", ">shown", ">error"],
        [
            (
                point.name,
                "" if point.range_ is None else point.range_,
                format_si(point.true_a, "A", digits=5),
                format_si(point.measured_a, "A", digits=5),
                f"{point.measured_a / point.true_a - 1:+.2%}" if point.true_a else "",
            )
            for point in fit.points
        ],
    )
    terms = table(
        ["bound of", ">range", ">half width", "unit"],
        [
            (term.quantity, "all" if term.range_ is None else term.range_, f"{term.width:.3g}", unit)
            for term, unit in ((t, t.to_dict()["unit"]) for t in fit.calibration.terms)
        ],
    )
    if fit.calibration.is_bound:
        verdict = Text("A bound: joules may stand alone.", style="bold green")
    elif fit.unchecked:
        ranges = ", ".join(str(one) for one in fit.unchecked)
        verdict = Text(f"No bound: nobody checked range {ranges}, typical figures stay.", style="bold yellow")
    else:
        verdict = Text("No bound: the voltage was not measured.", style="bold yellow")
    written = Text(f"Written: {safe_text(str(out))}" if out else "Not written: give -o.", style="dim")
    return Group(
        Text(safe_text(fit.calibration.source), "bold"), Text(), points, Text(), terms, verdict, written
    )
