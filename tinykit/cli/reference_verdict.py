"""The generated page of verdict codes, from the judge's own table."""

from __future__ import annotations

from collections.abc import Iterator

from tinykit.lab import verdict
from tinykit.lab.verdict_codes import CODES


def verdict_page(note: str) -> str:
    """What a session's verdict looks at, and what helps where a check does not pass."""
    return "\n".join([note, *_text(), *_table()]) + "\n"


def _text() -> Iterator[str]:
    yield "# Verdict codes\n"
    yield (
        "`tinykit measure`, `tinykit session import` and `tinykit session recover` judge what they recorded. "
        "Every check ends as *pass*, *warn*, *fail* or *not checked*; what nobody could look at is never "
        "passed. Checks that a session has nothing to show for are left out: of periods without `--profile`, "
        "of phases without a map, of rig and plan in another program's recording, of pins and wires on "
        "this computer. One *fail*, and the "
        "session has no number: no joules in `energy.json`, no headline, exit "
        "code 4. A *warn* is to be read beside the number. Codes are stable; messages may be reworded.\n"
    )
    yield (
        f"The limits: {verdict.MOST_LOSS:.1%} of lost samples, windows of {verdict.LEAST_WINDOW_S:g} s and "
        f"{verdict.LEAST_SAMPLES} samples at least, {verdict.MOST_DRIFT:.1%} of drift from first to last, "
        f"idle power within {verdict.MOST_IDLE_SPREAD:.0%} of its mean, "
        f"{verdict.MOST_GUARD_EXCESS:.0%} of a window's power in its guards. Without a marker: edges known "
        f"to {verdict.MOST_EDGE:.0%} of a window, {verdict.LEAST_HOST_WINDOW_S:g} s by the host's clock, a "
        f"factor of {verdict.LEAST_CONTRAST:g} between active and idle power.\n"
    )


def _table() -> Iterator[str]:
    yield "| code | looks at | where it does not pass |"
    yield "|---|---|---|"
    for code, one in CODES.items():
        yield f"| `{code}` | {one.judges} | {one.remedy} |"
    yield ""
    yield (
        "A verdict without a failure still gives no number that stands alone where `CALIBRATION` or "
        "`REPEATABILITY` does not pass: with typical figures only ratios on the same meter are told "
        "(`tinykit session compare`), and one window's interval lacks its scatter. "
        "[Calibration files](calibration.md) says how a meter gets bounds."
    )
