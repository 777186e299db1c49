"""Edge against cloud: one call for the whole comparison, and arrays and tables of what came out."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinykit.api.files import File, path_or_none
from tinykit.errors import UsageError
from tinykit.progress import SILENT, Progress

if TYPE_CHECKING:
    import pandas as pd

    from tinykit.comparison.compare import Difference
    from tinykit.comparison.flow import Policy
    from tinykit.comparison.ledger import Column
    from tinykit.comparison.parameters import Array
    from tinykit.comparison.result import Result
    from tinykit.comparison.sweep import Sweep

Figure = float | str


@dataclass(frozen=True)
class Compared:
    """A comparison: its ``result``, its ``sweep`` where one was asked for, and the ``files`` it left."""

    result: Result
    sweep: Sweep | None
    files: tuple[Path, ...]

    @property
    def headline(self) -> str:
        """Edge against cloud in a sentence, with its interval, its kinds, and SIMULATED where it is."""
        from tinykit.comparison.result_headline import headline

        return headline(self.result)

    @property
    def simulated(self) -> bool:
        """Whether anything comes from an emulator."""
        return self.result.simulated

    def difference(self, policy: Policy = "edge", column: Column | None = None) -> Difference:
        """What ``policy`` ("edge" or "hybrid") saves against the cloud-only node per device-day."""
        return self.result.difference(policy, column)

    def draws(self, policy: Policy = "edge", column: Column | None = None) -> Array:
        """Totals per device-day of ``policy``, float64 of shape (draws,), joint over the policies.

        Lines without a figure in ``column`` (None: the one that the hands were searched in) are left out.
        """
        return self.result.comparison.ledgers[policy].total(column or self.result.column)[1:]

    def to_dict(self) -> dict[str, Any]:
        """The document ``tinykit.comparison``, version 1."""
        from tinykit.comparison.result_document import document

        return document(self.result)

    def ledger_frame(self) -> pd.DataFrame:
        """``ledger.csv`` as a pandas DataFrame: a row a line and policy.

        Raises UsageError, code NO_PANDAS.
        """
        from tinykit.comparison.files import ledger_csv

        return _frame(ledger_csv(self.result))

    def sweep_frame(self) -> pd.DataFrame:
        """``sweep.csv`` as a pandas DataFrame: a row a point.

        Raises UsageError, codes NO_PANDAS and NO_SWEEP.
        """
        from tinykit.comparison.sweep_table import sweep_csv

        if self.sweep is None:
            raise UsageError(
                "Nothing was swept.", hint='compare(..., sweep={"grid.cloud": ["KR", "FR"]})', code="NO_SWEEP"
            )
        return _frame(sweep_csv(self.sweep))


def compare(  # noqa: PLR0913 (each is an option of the command)
    scenario: File | None = None,
    *,
    edge: File | None = None,
    cloud: str | None = None,
    radio: File | None = None,
    network: str | None = None,
    grid: str | Sequence[str] | None = None,
    supply: str | None = None,
    payload: Figure | None = None,
    events_per_day: Figure | None = None,
    report_share: Figure | None = None,
    stance: str | None = None,
    settings: Mapping[str, Figure] | None = None,
    sweep: Mapping[str, str | Sequence[Figure]] | None = None,
    sweep_draws: int = 0,
    parquet: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    draws: int | None = None,
    seed: int | None = None,
    objective: str | None = None,
    catalogs: Sequence[File] = (),
    accepted: Sequence[str] = (),
    cloud_outputs: File | None = None,
    edge_outputs: File | None = None,
    labels: File | None = None,
    exports: Sequence[str] = (),
    fleet: str | None = None,
    plots: bool = True,
    out: File | None = None,
    progress: Progress = SILENT,
) -> Compared:
    """Compare a device that infers itself with a node that sends every input, and with a hybrid of both.

    ``edge`` is a session's folder, "mlperf:ROUND/SYSTEM/BENCHMARK" or a figure such as "1.3 mJ"; ``cloud``
    "shared:a10", "dedicated:a10", "best", a session's folder, "llm:NAME"; ``network`` "wifi,average";
    ``supply`` "mains", "primary:li", "rechargeable:li-ion"; ``grid`` one zone or several (the data centre
    then stands in each in turn). ``settings`` sets any key of a scenario. ``sweep`` maps a key to values, or
    to "FROM:TO:log:N". A bare number is in the key's own unit. ``out`` is a
    folder for the scenario, the document and the tables; plots too where matplotlib is there.

    Raises InputError (its message names the key), UsageError, RecordingError for a session that is refused,
    OutputError.
    """
    from tinykit.cli.compare_job import Job, run

    done = run(
        Job(
            scenario=path_or_none(scenario),
            edge=_text(edge),
            cloud=cloud,
            radio=path_or_none(radio),
            network=network,
            grid=grid if grid is None or isinstance(grid, str) else ",".join(grid),
            supply=supply,
            payload=_text(payload),
            events_per_day=_text(events_per_day),
            report_share=_text(report_share),
            stance=stance,
            settings=tuple(f"{key}={value}" for key, value in (settings or {}).items()),
            sweeps=tuple(f"{key}={_values(values)}" for key, values in (sweep or {}).items()),
            sweep_draws=sweep_draws,
            parquet=parquet,
            workers=workers,
            scheduler=scheduler,
            draws=_text(draws),
            seed=_text(seed),
            objective=objective,
            catalogs=tuple(Path(file) for file in catalogs),
            accepted=tuple(accepted),
            cloud_outputs=path_or_none(cloud_outputs),
            edge_outputs=path_or_none(edge_outputs),
            labels=path_or_none(labels),
            exports=tuple(exports),
            fleet=fleet,
            plots=plots,
            out=path_or_none(out),
            progress=progress,
        )
    )
    return Compared(done.result, done.sweep, done.files)


def _text(value: File | Figure | None) -> str | None:
    return None if value is None else str(value)


def _values(values: str | Sequence[Figure]) -> str:
    return values if isinstance(values, str) else ",".join(map(str, values))


def _frame(table: str) -> pd.DataFrame:
    try:
        import pandas as pd
    except ImportError as error:
        raise UsageError(
            "pandas is not installed, and a DataFrame is one of its tables.",
            hint="pip install pandas, or read the .csv that is in the folder.",
            code="NO_PANDAS",
        ) from error
    return pd.read_csv(io.StringIO(table))
