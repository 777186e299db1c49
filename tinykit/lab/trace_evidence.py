"""What a trace says of itself, as evidence for a session's judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinykit.errors import TinykitError
from tinykit.lab.evidence import Evidence
from tinykit.lab.windows import MARKED, Placing, Window
from tinykit.meters.meter import Filtering
from tinykit.meters.registry import find_meter
from tinykit.meters.trace import Trace


def with_trace(
    evidence: Evidence,
    trace: Trace,
    spans: Sequence[Window],
    placing: Placing = MARKED,
    *,
    is_file: bool = False,
) -> Evidence:
    """``evidence`` with all that ``trace`` warns of; ``spans`` are the stretches that the result is made of.

    ``is_file``: other software wrote the recording.
    """
    clock = [w.text for w in trace.warnings if w.code in ("RATE_OFF", "LOST_BY_CLOCK")]
    if trace.lost_by_clock and not clock:
        clock = [f"{trace.lost_by_clock:,} samples vanished unseen."]
    unknown = [gap.first_index for gap in trace.gaps if not gap.count]
    # By clocks a window lies where the count of samples says; an unknown loss moves all that follow it.
    by_clock = placing.method in ("board", "host")
    inside = [at for at in unknown if by_clock or any(w.start <= at <= w.stop for w in spans)]
    return replace(
        evidence,
        decimated=any(w.code == "DECIMATED" for w in trace.warnings),
        clock_loss=" ".join(clock),
        clock_checked=trace.t_start_host_s is not None or bool(clock),
        warnings=tuple((warning.code, warning.text) for warning in trace.warnings),
        is_file=is_file,
        unknown_gaps=len(unknown),
        gaps_inside=len(inside),
        windows_from=placing.method,
        edge_s=placing.reach_s,
        contrast=placing.contrast,
        unplaced=placing.unplaced,
        # A length that the board told, or that the line stretched, is no second opinion on the board's.
        board_s=() if by_clock else evidence.board_s,
    )


def is_filtered(meter: str) -> bool:
    """Whether the software of this kind of meter's maker filters what it stores."""
    try:
        return isinstance(find_meter(meter), Filtering)
    except TinykitError:  # a file's kind of instrument that tinykit has no driver for
        return False
