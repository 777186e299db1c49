"""The codes of a verdict: what each judges, and what helps; docs/reference/verdict-codes.md shows them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """What a code judges, and what helps where it does not pass."""

    judges: str
    remedy: str


CODES: dict[str, Code] = {
    "LOSS": Code(
        "lost samples in the windows, and in each state that was held, 0.1 % at most",
        "another USB port, no hub, less load on the host",
    ),
    "SATURATED": Code(
        "samples at the converter's end in a window or a state", "a meter, or a range, for higher currents"
    ),
    "DECIMATED": Code("the recording is at the meter's own rate", "record at the full rate"),
    "RATE": Code(
        "as many samples as the clock of the host, or of an emulator, says there must be",
        "look for loss the meter hides",
    ),
    "METER": Code(
        "what the meter reports of itself: errors, overcurrent, overflow, a stream that does not add up",
        "less current, a slower rate, another port; then measure again",
    ),
    "LINES": Code(
        "what the reader of the digital lines warns of: events lost or merged, levels that are none",
        "look at the marker's wire and level, and how the lines were recorded",
    ),
    "TRACE": Code(
        "what the recording's reader warns of: values clamped, missing or no numbers, a rate assumed",
        "record with the meter's own software at its full rate, nothing filtered or left out",
    ),
    "GAPS": Code(
        "no place in a window or a state where samples are missing and nobody knows how many",
        "less load on the host, a slower rate; then measure again",
    ),
    "WINDOWS_FROM": Code(
        "windows by a marker on the meter's own clock; by board clock, power edges or host time they are"
        " labelled, and refused where their edges are not known to 1 % of a window",
        "wire the marker pin to the meter's digital input, or run longer windows",
    ),
    "MARKER_COUNT": Code("as many marked windows as were run", "check the marker's wire, level and pin"),
    "DURATION_MISMATCH": Code(
        "a window's length by the meter and by the board's clock, within the board's tolerance",
        "the marker bounces, samples were lost, or the board's clock is not what its file says",
    ),
    "WINDOW_SHORT": Code(
        "windows of 10 s at least; of marked phases, all cycles together",
        "leave --seconds at 10; where your own firmware marks windows (external, import): hold its pin"
        " so long, or --short where short ones are meant",
    ),
    "WINDOW_SAMPLES": Code(
        "100 samples at least in a window (a marked phase infer, a cycle), and what a slow meter needs",
        "more inferences a window, or a faster meter; of marked phases cycles count where --n is left out",
    ),
    "REPEATABILITY": Code(
        "two windows at least (phases infer, or cycles): one alone has no scatter, its interval no type A;"
        " and windows of as many inferences that are not alike to half of their mean hold other work",
        "--windows 5; a recording with one window gives no joules that stand alone. Of a recording, take out"
        " marked stretches that are no windows (--skip, --windows, or export its windows alone)",
    ),
    "DRIFT": Code("no trend over the windows, 0.5 % at most", "let the board warm up; look at its supply"),
    "IDLE_UNSTABLE": Code(
        "idle power within 10 % over its stretches, and from one to the next",
        "scatter: look for what wakes the board while idle; a step: let it settle, and its supply",
    ),
    "GUARD_NOT_IDLE": Code(
        "idle power in the guards around the windows, and around the parts of periods",
        "the firmware works outside its marker",
    ),
    "MODEL": Code("the board carries the model that is named", "build and flash again"),
    "FIRMWARE": Code("the board carries the firmware that was built", "build and flash again"),
    "OUTPUTS": Code("outputs equal the reference's", "tinykit run --check on this board"),
    "CALIBRATION": Code(
        "the meter's errors are bounded, not typical", "tinykit meter check, or --calibration CERTIFICATE"
    ),
    "BUDGET": Code(
        "every doubt of the budget is stated by the calibration, or does not apply",
        "add the missing terms to the calibration file; energy.json lists why each is not in the budget",
    ),
    "VOLTAGE": Code(
        "the supply voltage is measured or set", "measure it with a multimeter and give the figure"
    ),
    "COMPLETE": Code(
        "the session came to the end that was planned", "measure again, or read it as the part that it is"
    ),
    "PERIOD_LENGTH": Code(
        "duty-cycled periods last what the board was told, within 1 %",
        "the timer that ends its sleep is off: the figures hold for the period that was measured",
    ),
    "PERIOD_CLOSURE": Code(
        "a period costs what its inference and its sleep cost, and a rest of 0 to 10 %, if that can be told",
        "a rest below 0: power of windows or sleep is not that of the periods; a large one: slow clock start",
    ),
    "PHASES": Code(
        "the phases together are the whole, and the lines show codes of the map only",
        "name every code in the map; number neighbours so that one line changes",
    ),
    "RIG": Code("the rig check before the session", "tinykit rig check says what it found"),
}
