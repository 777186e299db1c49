"""``tinykit session battery``."""

from __future__ import annotations

from pathlib import Path

import click

from tinykit.cli.common import Output, common_options

ORDER = 53


@click.command(
    "battery",
    short_help="How long a battery lasts under a session's load.",
    help="""How long a battery lasts: under the periods that tinykit measure --profile measured, and at any
    number of inferences a day with the board asleep (else idle) in between.

    Nothing is assumed: the capacity is what the battery gives down to the voltage at which your board stops,
    in Wh, or in mAh at the mean voltage on the way there; the self-discharge is the share lost in a year.""",
    epilog="""\b
    Example: tinykit session battery sessions/kws-1 --capacity 220mAh@2.9V --self-discharge 1% \\
        --events-per-day 24""",
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--capacity", required=True, metavar="1000mAh@3.0V|2.4Wh", help="Usable; ±10% may follow.")
@click.option("--self-discharge", required=True, metavar="SHARE", help="A year: 0.02, or 2%. 0 for none.")
@click.option("--efficiency", default="none", metavar="SHARE", help="Of a converter before the rail: 0.9.")
@click.option(
    "--events-per-day", "events", type=float, multiple=True, metavar="N", help="Inferences; several times."
)
@common_options
def command(
    output: Output,
    folder: Path,
    capacity: str,
    self_discharge: str,
    efficiency: str,
    events: tuple[float, ...],
) -> None:
    """Open, calculate, show."""
    from tinykit.cli.battery_view import battery_view
    from tinykit.lab.battery import Battery, battery_life, parse_capacity, parse_efficiency, parse_share
    from tinykit.lab.store import open_session

    battery = Battery(
        parse_capacity(capacity),
        parse_share(self_discharge, "a self-discharge"),
        parse_efficiency(efficiency),
    )
    report = battery_life(open_session(folder, raw=False), battery, events)
    output.emit(report.to_dict(), lambda console: console.print(battery_view(report)))
