"""A run as rich renderables. Everything here comes from an emulator, and says so."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tinykit.console import key_values, safe_text, table
from tinykit.pretty import format_bytes, format_si
from tinykit.running.execute import Check, RunReport
from tinykit.running.result import RunResult

_STYLES = {"equal": "bold green", "different": "bold red", "not_run": "bold yellow"}


def view(report: RunReport, *, layers: bool = False) -> RenderableType:
    """What ``tinykit run`` shows."""
    return Group(*_blocks(report, layers))


def _blocks(report: RunReport, layers: bool) -> Iterator[RenderableType]:
    result = report.result
    yield Text.assemble(
        (safe_text(report.build.model), "bold"), f" on {result.ran_on}  ", ("SIMULATED", "bold yellow")
    )
    yield Text()
    yield key_values(_facts(report))
    if layers and result.layers:
        yield Text()
        yield _layers(result)


def _facts(report: RunReport) -> Iterator[tuple[str, object]]:
    result = report.result
    yield "emulator", result.emulator
    yield "input", f"{len(result.instructions)} inferences, {report.input_source}"
    step = "" if result.instructions_step == 1 else f" (in steps of {result.instructions_step})"
    spread = max(result.instructions) - min(result.instructions)
    varies = f", {min(result.instructions):,} to {max(result.instructions):,}" if spread else ""
    yield "instructions", f"{result.mean_instructions:,.0f} an inference{step}{varies}"
    if result.mean_cycles is not None:
        low, high = (sum(c) / len(c) for c in (result.cycles_low, result.cycles_high))
        yield "cycles", f"{result.mean_cycles:,.0f} an inference, modelled ({low:,.0f} to {high:,.0f})"
        time = format_si(result.mean_cycles / result.clock_hz, "s")
        yield "time", f"{time} at {format_si(result.clock_hz, 'Hz')}, modelled"
        yield "cycle model", f"{result.cycle_model}; {result.cycle_error}"
    yield "stack", f"{format_bytes(result.stack_bytes)} used"
    yield "RAM", f"{format_bytes(report.ram_bytes)}: arena, state, statics, stack used"
    yield "check", _check(report.check)


def _check(check: Check) -> Text:
    words = {
        "equal": f"all {check.bytes_compared:,} output bytes equal {check.reference}",
        "different": f"{check.bytes_different:,} of {check.bytes_compared:,} bytes differ: {check.note}",
        "not_run": f"not run: {check.note}",
        "not_asked": "not asked for (--check)",
    }
    return Text(safe_text(words[check.state]), _STYLES.get(check.state, ""))


def _layers(result: RunResult) -> Table:
    waits = any(layer.flash_wait_cycles for layer in result.layers)
    total = result.mean_instructions
    return table(
        [
            "layer",
            ">instructions",
            ">share",
            ">cycles, modelled",
            *([">flash waits, at most"] if waits else []),
        ],
        [
            [
                layer.name,
                f"{layer.instructions:,.0f}",
                f"{layer.instructions / total:.1%}",
                f"{layer.cycles:,.0f}",
                *([f"{layer.flash_wait_cycles:,.0f}"] if waits else []),
            ]
            for layer in result.layers
        ],
    )
