"""What ``tinykit compare`` does, between reading its options and showing the result."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tinykit.errors import UsageError
from tinykit.progress import Progress

if TYPE_CHECKING:
    from tinykit.comparison.catalog import Catalog
    from tinykit.comparison.paired import Paired
    from tinykit.comparison.result import Result
    from tinykit.comparison.run import RunOptions
    from tinykit.comparison.scenario import Scenario
    from tinykit.comparison.sweep import Sweep


@dataclass(frozen=True)
class Job:
    """The options, as they were written."""

    scenario: Path | None
    edge: str | None
    cloud: str | None
    radio: Path | None
    network: str | None
    grid: str | None
    supply: str | None
    payload: str | None
    events_per_day: str | None
    report_share: str | None
    stance: str | None
    settings: tuple[str, ...]
    sweeps: tuple[str, ...]
    sweep_draws: int
    parquet: bool
    workers: int | None
    scheduler: str | None
    draws: str | None
    seed: str | None
    objective: str | None
    catalogs: tuple[Path, ...]
    accepted: tuple[str, ...]
    cloud_outputs: Path | None
    edge_outputs: Path | None
    labels: Path | None
    exports: tuple[str, ...]
    fleet: str | None
    plots: bool
    out: Path | None
    progress: Progress


@dataclass(frozen=True)
class Done:
    """What came out, the files that were written, and what a reader of the exports should know."""

    result: Result
    sweep: Sweep | None
    files: tuple[Path, ...]
    remarks: tuple[str, ...] = ()


def run(job: Job) -> Done:
    """Compare, sweep, write. Raises what the parts raise."""
    from tinykit.comparison.catalog import Catalog
    from tinykit.comparison.compare import compare
    from tinykit.comparison.exports import find_export
    from tinykit.comparison.files import claim, write_files, write_result
    from tinykit.comparison.fleet import FLEET, parse_fleet, refuse_consequential, roll_up, write_fleet
    from tinykit.comparison.result import make_result
    from tinykit.comparison.run import run_options
    from tinykit.comparison.sweep_parquet import require_parquet, write_parquet
    from tinykit.comparison.sweep_table import SWEEP, sweep_csv

    exports = [find_export(name) for name in job.exports]
    fleet = None if job.fleet is None else parse_fleet(job.fleet)
    if job.out is None and (exports or fleet):
        raise UsageError(
            f"{'--export' if exports else '--fleet'} writes into a folder.", hint="name it with -o DIR."
        )
    if job.parquet:
        require_parquet()
    if job.out is not None:
        claim(job.out)
    catalog = Catalog.load(*job.catalogs)
    scenario = collect(job, catalog)
    if fleet is not None:
        refuse_consequential(scenario.words()["stance"])
    options = run_options(scenario, catalog)
    scenario, paired = _paired(job, scenario, catalog, options)
    comparison = compare(scenario, catalog, draws=options.draws, seed=options.seed, objective=options.column)
    result = make_result(comparison, catalog, options.column, paired)
    swept = _sweep(job, scenario, catalog, options)
    if job.out is None:
        return Done(result, swept, ())
    files = write_result(job.out, result)
    if swept is not None:
        files += write_files(job.out, {SWEEP: sweep_csv(swept)})
        files += (write_parquet(swept, job.out),) if job.parquet else ()
    remarks = []
    for export in exports:
        remarks.append(f"{export.file_name}: {export.write(result, job.out / export.file_name)}")
        files += (job.out / export.file_name,)
    if fleet is not None:
        write_fleet(roll_up(result, fleet), fleet, result.simulated, job.out / FLEET)
        files += (job.out / FLEET,)
    if job.plots and find_spec("matplotlib") is not None:
        from tinykit.reporting.comparison_plot import draw_comparison

        for suffix in (".svg", ".png"):
            curve = None if paired is None else paired.curve
            files += draw_comparison(result, job.out / "plots", curve, suffix)
    return Done(result, swept, files, tuple(remarks))


def _paired(
    job: Job, scenario: Scenario, catalog: Catalog, options: RunOptions
) -> tuple[Scenario, Paired | None]:
    """Both models' scores, where they were given: the hybrid's share and recall come from them."""
    from tinykit.comparison.paired import read_pair, with_paired
    from tinykit.lab.outputs import OUTPUTS

    if job.cloud_outputs is None and job.labels is None and job.edge_outputs is None:
        return scenario, None
    edge = job.edge_outputs
    if edge is None and job.edge is not None and Path(job.edge).is_dir():
        edge = Path(job.edge) / OUTPUTS
    if edge is None or job.cloud_outputs is None or job.labels is None:
        raise UsageError(
            "Accuracy needs the edge's scores, the cloud's and the labels.",
            hint="give --edge-outputs FILE (or --edge SESSION), --cloud-outputs FILE and --labels FILE.",
        )
    return with_paired(scenario, catalog, read_pair(edge, job.cloud_outputs, job.labels), options.column)


def _sweep(job: Job, scenario: Scenario, catalog: Catalog, options: RunOptions) -> Sweep | None:
    """The sweep that was asked for; several zones of ``--grid`` are one, of where the data centre stands."""
    from tinykit.comparison.choose import zones
    from tinykit.comparison.sweep import points_of, sweep
    from tinykit.comparison.sweep_axis import Axis, parse_axis
    from tinykit.comparison.sweep_pool import Cluster, Processes, workers_for

    axes = [parse_axis(text) for text in job.sweeps]
    if job.grid is not None and len(found := zones(job.grid)) > 1:
        axes.insert(0, Axis("grid.cloud", ("grid.cloud",), found))
    if not axes:
        if job.sweep_draws or job.scheduler is not None:
            raise UsageError("There is nothing to sweep.", hint="write --sweep events_per_day=1:1e6:log:25.")
        return None
    workers = job.workers or workers_for(points_of(axes), job.sweep_draws)
    scheduler = (
        Processes(workers, job.progress) if job.scheduler is None else Cluster(job.scheduler, job.progress)
    )
    return sweep(
        scenario,
        catalog,
        axes,
        options.column,
        draws=job.sweep_draws,
        seed=options.seed,
        scheduler=scheduler,
    )


def collect(job: Job, catalog: Catalog) -> Scenario:
    """The scenario that the options make. What is said later wins, and --set comes last."""
    from tinykit.comparison.choose import FIGURES, WORDS, everywhere, figure, words, zones
    from tinykit.comparison.cloud_side import find_cloud
    from tinykit.comparison.edge import find_edge, without_edge
    from tinykit.comparison.scenario import Scenario, load_scenario, parse_set
    from tinykit.comparison.session_device import session_device
    from tinykit.comparison.writeback import refreshed
    from tinykit.lab.store import open_session

    scenario = Scenario() if job.scenario is None else load_scenario(job.scenario)
    if job.edge is not None:
        keys = find_edge(job.edge, job.accepted).keys
        scenario = refreshed(without_edge(scenario), keys, "--edge")
    if job.radio is not None:
        keys = session_device(open_session(job.radio), job.accepted)
        scenario = refreshed(scenario, keys, "--radio")
    if job.cloud is not None:
        scenario = refreshed(scenario, find_cloud(job.cloud, catalog, job.accepted), "--cloud")
    for option in WORDS:
        if option != "cloud" and (text := getattr(job, option)) is not None:
            scenario = refreshed(scenario, words(option, text), f"--{option}")
    for option in FIGURES:
        if (text := getattr(job, option.replace("-", "_"))) is not None:
            scenario = refreshed(scenario, figure(option, text), f"--{option}")
    if job.grid is not None:
        scenario = refreshed(scenario, everywhere(zones(job.grid)[0]), "--grid")
    for text in job.settings:
        scenario = refreshed(scenario, parse_set(text), "--set")
    return scenario
