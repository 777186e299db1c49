"""The generated pages of boards, from their files and the evidence, and of meters, from their drivers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from tinykit.boards import Board, list_boards
from tinykit.boards.seen import Seen, read_evidence
from tinykit.lab.calibration import datasheet
from tinykit.meters import Capabilities, Meter, meters
from tinykit.meters.importing import importers
from tinykit.pretty import format_bytes, format_si
from tinykit.resources import evidence

OWN = "tinykit."
_BOARDS = """# Boards

What a model can be built for. `tinykit boards` prints the same, `tinykit boards NAME` all of one board,
`--board FILE.toml` takes a board of your own: [add a board](../how-to/add-a-board.md). Joules that others
measured on their boards are under [published boards](published-boards.md).

What has run is read from the [evidence](../evidence/README.md) of the long tests.
"""
_NO_HARDWARE = """All of it ran in emulators: [none of these boards was ever
connected](../explanation/not-run-on-hardware.md).
"""
_METERS = """# Meters

What `--meter METER:PORT` takes, and what each can do as its driver declares it. `tinykit emulate --meter`
stands in for {emulated}. [No real meter was ever
connected](../explanation/not-run-on-hardware.md).
A meter is [one file](../../CONTRIBUTING.md).
"""
_RECORDINGS = """## Recordings of other programs

What `tinykit session import` reads:
"""


def boards_page(note: str) -> str:
    """Every built-in board."""
    seen = read_evidence(evidence())
    stamp = [_NO_HARDWARE] if all(one.simulated for one in seen) else []
    return "\n".join([note, _BOARDS, *stamp, *_boards(list_boards(), seen)])


def _boards(boards: Sequence[Board], seen: Sequence[Seen]) -> Iterator[str]:
    yield _row("board", "core", "clock", "flash", "RAM", "has run")
    yield _row(*["---"] * 6)
    for board in boards:
        memories = (format_bytes(memory.size_bytes) for memory in (board.flash, board.ram))
        clock = format_si(board.clock_hz, "Hz")
        yield _row(f"[{board.name}](#{board.name})", board.core.title, clock, *memories, _seen(board, seen))
    yield ""
    for board in boards:
        yield f"## {board.name}\n"
        yield f"{board.title}.\n"
        yield from _facts(_board(board))


def _board(board: Board) -> Iterator[tuple[str, str]]:
    uart, marker = board.uart, board.marker
    pins = "".join(f", {way} {pin.name}" for way, pin in (("TX", uart.tx), ("RX", uart.rx)) if pin)
    yield "core", f"{board.core.title} at {format_si(board.clock_hz, 'Hz')}"
    yield "flash", f"{format_bytes(board.flash.size_bytes)} at `0x{board.flash.origin:08x}`"
    yield "RAM", f"{format_bytes(board.ram.size_bytes)} at `0x{board.ram.origin:08x}`"
    yield "serial port", f"{uart.baud:,} baud, {uart.energy_baud:,} in the energy build{pins}"
    yield "marker", f"pin {marker.pin} of the port at `0x{marker.base:08x}`"
    states = ", ".join(f"{one.name} {format_si(one.power_w, 'W')}" for one in board.power.states)
    yield f"power, {board.power.kind}", f"{states}: {board.power.source}"
    yield "flashed by", f"`{board.flash_command[0]}`" if board.flash_command else "nothing: it is emulated"
    yield "QEMU", f"`{board.qemu.machine}`" if board.qemu else "no machine"


def _seen(board: Board, seen: Sequence[Seen]) -> str:
    own = [one for one in seen if one.board == board.name]
    if not own:
        return "no run is recorded" if board.is_emulated else "compiled only, no run is recorded"
    return "; ".join(f"{'SIMULATED ' * one.simulated}{one.place}: {one.models} models" for one in own)


def meters_page(note: str) -> str:
    """Every built-in meter and importer."""
    from tinykit.bench.rig_job import METERS

    own = [meter for meter in meters() if type(meter).__module__.startswith(OWN)]
    emulated = " and ".join(meter.title for meter in own if meter.name in METERS)
    read = [one for one in importers() if one.load.__module__.startswith(OWN) and one.description]
    return "\n".join(
        [
            note,
            _METERS.format(emulated=emulated),
            *(line for meter in own for line in (f"## {meter.name}\n", f"{meter.title}.\n", *_meter(meter))),
            _RECORDINGS,
            *(f"- {one.description}" for one in read),
            "",
        ]
    )


def _meter(meter: Meter) -> Iterator[str]:
    yield from _facts(_can(meter.capabilities))
    errors = datasheet(meter.name, meter.name)
    if errors is None:
        yield "No data sheet's errors are kept here: it needs a `--calibration` file.\n"
        return
    bound = "bounds" if errors.is_bound else "typical figures, with which no joules stand alone"
    yield f"Errors without a `--calibration` file, {bound}: {errors.source}.\n"


def _can(can: Capabilities) -> Iterator[tuple[str, str]]:
    yield "samples", f"{', '.join(can.quantities)} at {_rates(can.rates_hz)}"
    yield "modes", " or ".join(can.modes) or "none: it is built in"
    if can.supply_v:
        yield "supplies", f"{can.supply_v[0]:g} to {can.supply_v[1]:g} V"
    if can.modes:
        yield (
            "current",
            f"up to {format_si(can.max_current_a, 'A')}" if can.max_current_a else "no limit stated",
        )
        yield "voltage", "measured" if can.measures_voltage else "not measured: `--voltage` is needed"
        yield "switches the board's power", "yes" if can.switches_power else "no"
    lines = ", ".join(can.digital_lines) or "none"
    if can.digital_lines and math.isfinite(can.max_lines_hz):
        lines += f", at {format_si(can.max_lines_hz, 'Hz')} or less"
    if can.digital_lines and can.sees == "falls":
        lines += "; falling edges only"
    yield "digital inputs", lines


def _rates(rates_hz: Sequence[float]) -> str:
    first, last = (format_si(rate, "Hz") for rate in (rates_hz[0], rates_hz[-1]))
    return f"{first} to {last}, in {len(rates_hz)} steps" if len(rates_hz) > 3 else _listed(rates_hz)


def _listed(rates_hz: Sequence[float]) -> str:
    return ", ".join(format_si(rate, "Hz") for rate in rates_hz)


def _facts(facts: Iterator[tuple[str, str]]) -> Iterator[str]:
    yield _row("", "")
    yield _row("---", "---")
    yield from (_row(*fact) for fact in facts)
    yield ""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
