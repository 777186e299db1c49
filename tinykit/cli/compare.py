"""``tinykit compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tinykit.cli.common import Output, common_options

ORDER = 70
PATH = click.Path(path_type=Path)


@click.command(
    "compare",
    short_help="Compare joules at the edge with joules in the cloud, network and all.",
    help="""Compare a device that infers itself, a node that sends every input to a data centre, and a hybrid
    of both: joules, carbon, water and money per device-day, line by line, with 95 % intervals.

    Every figure is a key of a scenario; the options here set keys, --set sets any, and a key that nobody sets
    has its default. What nobody has a figure
    for stays in the table as a gap. With -o the scenario is written back complete, and gives the same digits
    again. Where the edge loses, the first line says so.

    Exit code 3 where the scenario cannot be, with the place named.""",
    epilog="Example: tinykit compare --edge mlperf:v1.3/NUCLEO_L4R5ZI-P/vww --network wifi,average --grid KR",
)
@click.argument("scenario", type=PATH, required=False, metavar="[SCENARIO.toml]")
@click.option(
    "--edge", metavar="EDGE", help="A session's folder, mlperf:ROUND/SYSTEM/BENCHMARK, or '1.3 mJ'."
)
@click.option(
    "--cloud",
    metavar="CLOUD",
    show_default="shared:a10",
    help="shared:a10; autoscaled, dedicated, gateway, best; a session's folder; llm:NAME.",
)
@click.option("--radio", type=PATH, metavar="SESSION", help="Phases of your own board: radio, boot, sleep.")
@click.option(
    "--network",
    metavar="RADIO,MODE",
    show_default="wifi; average or marginal, by the stance",
    help="wifi,average; nbiot,mobile; wifi,light-sleep-dtim10.",
)
@click.option(
    "--grid",
    metavar="ZONE[,ZONE]",
    show_default="world",
    help="KR; of several, the data centre stands in each in turn.",
)
@click.option(
    "--supply",
    metavar="KIND:PACK",
    show_default="mains",
    help="mains, primary:li, rechargeable:li-ion, harvested.",
)
@click.option("--payload", metavar="BYTES", show_default="3000", help="Of an input that a node sends.")
@click.option("--events-per-day", metavar="N", show_default="1440", help="Decisions in a day.")
@click.option(
    "--report-share", metavar="SHARE", show_default="0.01", help="Of the decisions that are reported, 0 to 1."
)
@click.option(
    "--stance",
    metavar="STANCE",
    show_default="attributional",
    help="attributional or consequential, for both sides.",
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Any key. May be repeated.")
@click.option(
    "--sweep",
    "sweeps",
    multiple=True,
    metavar="KEY=…",
    help="KEY=FROM:TO:log|lin:N, or KEY=A,B,C. May be repeated: every point of the product.",
)
@click.option(
    "--sweep-draws",
    default=0,
    show_default=True,
    type=click.IntRange(0, 2_000_000),
    help="At every point; 0: none.",
)
@click.option("--parquet", is_flag=True, help="The sweep as Parquet, too: extra parquet.")
@click.option("--workers", type=click.IntRange(1), help="Processes for sweeps with draws; else what pays.")
@click.option("--scheduler", metavar="tcp://…", help="A Dask cluster for sweeps with draws.")
@click.option("--draws", metavar="N", show_default="100000", help="Of the comparison itself.")
@click.option("--seed", metavar="N", show_default="0", help="Of all draws.")
@click.option(
    "--objective",
    metavar="COLUMN",
    show_default="energy",
    help="What each side's settings make least of: energy, carbon, money.",
)
@click.option("--catalog", "catalogs", multiple=True, type=PATH, metavar="FILE", help="Rows of your own.")
@click.option(
    "--accept-verdict", "accepted", multiple=True, metavar="CODE", help="Use a session in spite of this code."
)
@click.option(
    "--cloud-outputs", type=PATH, metavar="FILE", help="Scores of the cloud's model, .npz; with --labels."
)
@click.option("--edge-outputs", type=PATH, metavar="FILE", help="Of the edge's; else of its session.")
@click.option("--labels", type=PATH, metavar="FILE", help="Classes of the same samples, in the same order.")
@click.option(
    "--export",
    "exports",
    multiple=True,
    metavar="FORMAT",
    help="Into DIR, too: codecarbon, impact-framework, sci. May be repeated.",
)
@click.option(
    "--fleet", metavar="devices=N,years=Y[,entity=operator|vendor]", help="Into DIR, too: fleet.csv by scope."
)
@click.option("--plots/--no-plots", default=True, show_default=True, help="Into DIR, too, as SVG and PNG.")
@click.option("-o", "--output", "out", type=PATH, metavar="DIR", help="Write scenario, document and tables.")
@common_options
def command(output: Output, out: Path | None, **options: Any) -> None:
    """Collect the scenario, compare, write, show."""
    from tinykit.cli.compare_job import Job, run
    from tinykit.cli.compare_view import result_view
    from tinykit.comparison.result_document import document

    done = run(Job(out=out, progress=output.progress, **options))
    shown = document(done.result)
    shown["notes"] += done.remarks
    output.emit(shown, lambda console: console.print(result_view(done)))
