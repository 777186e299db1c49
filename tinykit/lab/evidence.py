"""What a session knows for its judge."""

from __future__ import annotations

from dataclasses import dataclass

from tinykit.lab.trace_warnings import Warned


@dataclass(frozen=True)
class Evidence:
    """What a session knows for its judge. None, or an empty tuple, means that nobody looked.

    Lengths are in s, one entry a window: ``window_s`` by the meter, ``board_s`` by the board itself, whose
    tolerance (relative) is ``clock_tolerance``; ``windows_found`` counts states too, ``inference_windows``
    does not. ``clock_loss`` says in words what the host's clock, if it was ``clock_checked``, says against
    the sample count. ``lost`` and ``samples`` are totals over the windows, ``state_losses`` name, lost and
    all samples of each state. ``short_asked``: the user wanted windows under 10 s.
    ``warnings`` are the trace's; where it is a file's (``is_file``) no meter could complain. Of the
    ``unknown_gaps`` places where nobody knows how much is missing, ``gaps_inside`` matter to the result.
    ``windows_from`` says how windows were found, their edges good to ``edge_s``; ``contrast`` is the ratio of
    active to idle power that power edges were found between; ``unplaced`` states lie nobody knows where.
    ``missing_terms``: doubts that nobody stated.
    ``idle_w`` are the mean powers of the pieces that idle's stretches are cut into, ``idle_stretches_w`` of
    the stretches: before the windows, and behind them.
    ``energies_j`` are the windows' energies per inference in time order; ``guard_powers_w`` the mean power in
    the guards of each window, and of a period's parts. Where periods were run (``has_periods``),
    ``period_j`` and ``period_s`` are their mean, ``period_rest_j`` the 95 % interval of what inference and
    sleep do not explain of it; ``periods_silent`` says why there is none of that.
    Where pins showed phases (``has_phases``), windows are the occurrences of what the headline is of, named
    by ``headline_of``; ``span_s`` is how long all phases last together, ``phases_odd`` says in words what the
    lines show beside the map's codes.
    """

    windows_expected: int | None = None
    windows_found: int | None = None
    inference_windows: int | None = None
    window_s: tuple[float, ...] = ()
    board_s: tuple[float, ...] = ()
    clock_tolerance: float | None = None
    short_asked: bool = False
    samples: int = 0
    least_samples: int = 0
    least_window_s: float = 0.0
    lost: int = 0
    saturated: int = 0
    state_losses: tuple[tuple[str, int, int], ...] = ()
    decimated: bool | None = None
    clock_checked: bool = False
    clock_loss: str = ""
    energies_j: tuple[float, ...] = ()
    idle_w: tuple[float, ...] = ()
    idle_stretches_w: tuple[float, ...] = ()
    active_w: float = 0.0
    guard_powers_w: tuple[float, ...] = ()
    model_matches: bool | None = None
    firmware_matches: bool | None = None
    outputs_equal: bool | None = None
    calibration_is_bound: bool | None = None
    voltage_kind: str | None = None
    rig_failures: tuple[str, ...] | None = None
    complete: bool | None = None
    warnings: tuple[Warned, ...] | None = None
    is_file: bool = False
    unknown_gaps: int | None = None
    gaps_inside: int = 0
    windows_from: str | None = None
    edge_s: float = 0.0
    contrast: float | None = None
    unplaced: int = 0
    missing_terms: tuple[str, ...] | None = None
    has_periods: bool = False
    periods_silent: str = ""
    period_j: float = 0.0
    period_rest_j: tuple[float, float] | None = None
    period_s: float = 0.0
    period_asked_s: float | None = None
    has_phases: bool = False
    headline_of: str = ""
    span_s: float = 0.0
    phases_close: bool | None = None
    phases_odd: str = ""
