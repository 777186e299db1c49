"""A run as rich renderables. What comes from an emulator says so in its first line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tinykit.console import key_values, safe_text, table
from tinykit.pretty import format_bytes, format_si
from tinykit.running.check import Check
from tinykit.running.evaluate import Evaluation
from tinykit.running.execute import RunReport, TargetRun
from tinykit.running.result import Counts, RunResult, Window

_STYLES = {"equal": "bold green", "within": "bold green", "different": "bold red", "not_run": "bold yellow"}


def view(runs: Sequence[TargetRun], *, layers: bool = False) -> RenderableType:
    """What ``tinykit run`` shows."""
    blocks: list[RenderableType] = []
    for run in runs:
        if blocks:
            blocks.append(Text())
        if run.report is not None:
            blocks += _blocks(run.report, layers)
        elif run.error is not None:
            blocks.append(
                Text.assemble(
                    (safe_text(run.target.name), "bold"),
                    ("  FAILED  ", "bold red"),
                    safe_text(f"[{run.error.code}] {run.error.message}"),
                )
            )
    return Group(*blocks)


def _blocks(report: RunReport, layers: bool) -> Iterator[RenderableType]:
    result = report.result
    simulated = ("  SIMULATED", "bold yellow") if result.simulated else ("", "")
    yield Text.assemble(
        (safe_text(report.workload.path.name), "bold"), f" on {safe_text(result.ran_on)}", simulated
    )
    yield Text()
    yield key_values(_facts(report, layers))
    if layers and result.layers:
        yield Text()
        yield _layers(result)
    if report.evaluation is not None and report.evaluation.confusion is not None:
        yield Text()
        yield _confusion(report.evaluation)


def _facts(report: RunReport, layers: bool) -> Iterator[tuple[str, object]]:
    result, samples = report.result, report.samples
    yield "emulator" if result.simulated else "device", result.device
    yield "input", f"{result.inferences} inferences, {samples.source}"
    if samples.source != "random" and not samples.source.startswith("random,"):
        yield "values", samples.interpretation
    if result.counts is not None:
        yield from _counts(result.counts)
    for window in result.windows:
        yield "time", _window(window)
    if result.first_s is not None and result.windows:
        yield "first run", f"{format_si(result.first_s, 's')}, before anything is warm"
    if not result.windows and result.counts is None:
        yield "time", "not available: the target has no clock of its own to tell by"
    if not result.capabilities.counts_instructions:
        yield "instructions", "not available here"
        yield "cycles", "not available here"
    if not result.capabilities.has_marker:
        yield "marker", "not available here"
    if layers and not result.layers:
        yield "layers", "not available here"
    if result.transfer:
        yield "transfer", result.transfer
    if report.ram_bytes is not None:
        yield "RAM", f"{format_bytes(report.ram_bytes)}: arena, state, wire buffers, statics, stack used"
    yield "check", _check(report.check)
    if report.evaluation is not None:
        yield "accuracy", _metric(report.evaluation)


def _counts(counts: Counts) -> Iterator[tuple[str, object]]:
    step = "" if counts.instructions_step == 1 else f" (in steps of {counts.instructions_step})"
    spread = max(counts.instructions) - min(counts.instructions)
    varies = f", {min(counts.instructions):,} to {max(counts.instructions):,}" if spread else ""
    yield "instructions", f"{counts.mean_instructions:,.0f} an inference{step}{varies}"
    if counts.mean_cycles is not None:
        low, high = (sum(c) / len(c) for c in (counts.cycles_low, counts.cycles_high))
        yield "cycles", f"{counts.mean_cycles:,.0f} an inference, modelled ({low:,.0f} to {high:,.0f})"
        time = format_si(counts.mean_cycles / counts.clock_hz, "s")
        yield "time", f"{time} at {format_si(counts.clock_hz, 'Hz')}, modelled"
        yield "cycle model", f"{counts.cycle_model}; {counts.cycle_error}"
    else:
        yield "cycles", "not available: this emulator has no model of them"
    yield "stack", f"{format_bytes(counts.stack_bytes)} used"


def _window(window: Window) -> Text:
    text = (
        f"{format_si(window.latency_s, 's')} an inference: {window.inferences:,} in"
        f" {format_si(window.duration_s, 's')}, {window.clock}"
    )
    mark = ("  SHORT by choice", "bold yellow") if window.is_short else ("", "")
    return Text.assemble(safe_text(text), mark)


def _metric(evaluation: Evaluation) -> str:
    metric = evaluation.metric
    low, high = metric.interval95
    return f"{metric.name} {metric.value:.4g} ({low:.4g} to {high:.4g}, 95 %) on {metric.n:,} samples"


def _check(check: Check) -> Text:
    agree = "" if check.top1_agreement is None else f"; top-1 agrees in {check.top1_agreement:.2%}"
    words = {
        "equal": f"all {check.bytes_compared:,} output bytes equal {check.reference}",
        "within": f"within {check.tolerance_lsb:g} LSB of {check.reference}: {check.bytes_different:,} of"
        f" {check.bytes_compared:,} differ, by {check.worst_lsb:.3g} LSB at most{agree}",
        "different": f"{check.bytes_different:,} of {check.bytes_compared:,} differ: {check.note}{agree}",
        "not_run": f"not run: {check.note}",
        "not_asked": "not asked for (--check)",
    }
    return Text(safe_text(words[check.state]), _STYLES.get(check.state, ""))


def _layers(result: RunResult) -> Table:
    if any(layer.ticks is not None for layer in result.layers):
        total = sum(layer.ticks or 0.0 for layer in result.layers) or 1.0
        rows = [
            [layer.name, f"{layer.ticks or 0.0:,.0f}", f"{(layer.ticks or 0.0) / total:.1%}"]
            for layer in result.layers
        ]
        return table(["layer", ">ticks", ">share"], rows)
    waits = any(layer.flash_wait_cycles for layer in result.layers)
    total = sum(layer.instructions or 0.0 for layer in result.layers) or 1.0
    heads = ["layer", ">instructions", ">share", ">cycles, modelled"]
    return table(
        [*heads, *([">flash waits, at most"] if waits else [])],
        [
            [
                layer.name,
                f"{layer.instructions or 0.0:,.0f}",
                f"{(layer.instructions or 0.0) / total:.1%}",
                f"{layer.cycles or 0.0:,.0f}",
                *([f"{layer.flash_wait_cycles:,.0f}"] if waits else []),
            ]
            for layer in result.layers
        ],
    )


def _confusion(evaluation: Evaluation) -> Table:
    assert evaluation.confusion is not None
    counts = evaluation.confusion
    names = evaluation.data.class_names or tuple(str(k) for k in range(len(counts)))
    rows = [[name, *(str(n) if n else "." for n in row)] for name, row in zip(names, counts, strict=True)]
    return table(["label \\ said", *(f">{name}" for name in names)], rows)
