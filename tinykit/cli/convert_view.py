"""A conversion's report as rich renderables. Names out of files are escaped before rich sees them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tinykit.console import key_values, safe_text, table
from tinykit.conversion.layers import LayerTable
from tinykit.conversion.output import sidecar_of
from tinykit.conversion.report import ConversionReport
from tinykit.metrics import Metric, MetricComparison
from tinykit.pretty import format_bytes, format_count, format_shape

_SHOWN_LAYERS = 20
_NAME_WIDTH = 40


def view(report: ConversionReport, out: Path) -> RenderableType:
    """Everything ``tinykit convert`` shows. Warnings were shown while they were found."""
    return Group(*_blocks(report, out))


def _blocks(report: ConversionReport, out: Path) -> Iterator[RenderableType]:
    yield _heading(report)
    yield Text()
    yield _ends(report)
    yield Text()
    yield key_values(_facts(report))
    if report.accuracy is not None:
        yield Text()
        yield _accuracy(report.accuracy, report.options.max_drop)
        runtime = next((f"{name} {version}" for name, version in report.versions if "lite" in name), "")
        yield Text(f"int8 computed by the reference kernels of {runtime}", style="dim")
    if report.layers is not None:
        yield Text()
        yield from _layers(report.layers)
    if report.passed is not False:
        yield Text()
        yield Text(f"Written: {safe_text(str(out))} and {safe_text(str(sidecar_of(out)))}")
        yield Text(f"Next: tinykit inspect {safe_text(str(out))}", style="dim")


def _heading(report: ConversionReport) -> Text:
    before, after = report.float_bytes, report.output.size_bytes
    return Text.assemble(
        (safe_text(report.model.name), "bold"),
        " → ",
        (safe_text(report.output.name), "bold"),
        f"   {format_bytes(before)} float → ",
        (f"{format_bytes(after)} int8", "bold"),
        f" ({share(before, after)})",
    )


def share(before: int, after: int) -> str:
    """What of ``before`` bytes is left: "39%", or why a tiny model's file does not shrink."""
    if after < before:
        return f"{after / before:.0%}"
    return "no smaller: scales and structure outweigh so few weights"


def _ends(report: ConversionReport) -> Table:
    summary = report.summary
    rows = [("input", tensor) for tensor in summary.inputs] + [
        ("output", tensor) for tensor in summary.outputs
    ]
    return table(
        ["", "name", "type", "shape", ">scale", ">zero point"],
        [
            (
                role,
                tensor.name,
                tensor.dtype,
                format_shape(tensor.shape),
                "" if tensor.scale is None else f"{tensor.scale:.6g}",
                "" if tensor.zero_point is None else tensor.zero_point,
            )
            for role, tensor in rows
        ],
    )


def _facts(report: ConversionReport) -> Iterator[tuple[str, object]]:
    summary = report.summary
    yield "operators", ", ".join(f"{op.count} {op.name}" for op in summary.operators)
    if report.per_axis:
        listed = ", ".join(f"{count} {name}" for name, count in report.per_axis.items())
        # tflite-micro pull request 2673
        old = " (TFLite Micro before September 2024 computes per-channel FULLY_CONNECTED wrongly)"
        yield "per-channel", listed + (old if "FULLY_CONNECTED" in report.per_axis else "")
    yield "calibrated on", f"{format_count(report.calibration.samples)} samples of {report.calibration.name}"
    yield "MACs", format_count(summary.macs)
    yield "weights", format_bytes(summary.weight_bytes)
    arena = summary.memory.arena
    yield "arena", f"{format_bytes(arena.value)} ({arena.kind}, without kernels' scratch)"


def _accuracy(accuracy: MetricComparison, max_drop: float | None) -> Table:
    relative = accuracy.drop_is_relative
    rows: list[tuple[object, ...]] = [
        ("float", *_metric(accuracy.float_metric, relative)),
        ("int8", *_metric(accuracy.int8_metric, relative)),
    ]
    low, high = accuracy.drop_interval95
    drop = f"{100 * accuracy.drop.value:+.2f} " + ("%" if relative else "points")
    rows.append(
        (
            "rise" if relative else "drop",
            drop,
            f"{100 * low:+.2f} to {100 * high:+.2f}",
            _verdict(accuracy, max_drop),
        )
    )
    if accuracy.agreement is not None:
        rows.append(("agreement", *_metric(accuracy.agreement, False)))
    return table(
        [accuracy.name, f"on {format_count(accuracy.n)} samples", "95 % interval", ""],
        [(*row, "")[:4] for row in rows],
    )


def _verdict(accuracy: MetricComparison, max_drop: float | None) -> Text:
    if max_drop is None:
        return Text()
    allowed = f"{100 * max_drop:g} {'%' if accuracy.drop_is_relative else 'points'} allowed"
    if accuracy.passes(max_drop):
        return Text(f"passed: {allowed}", style="green")
    return Text(f"failed: {allowed}", style="bold red")


def _metric(metric: Metric, raw: bool) -> tuple[str, str]:
    low, high = metric.interval95
    if raw:
        return f"{metric.value:.4g}", f"{low:.4g} to {high:.4g}"
    return f"{100 * metric.value:.2f} %", f"{100 * low:.2f} to {100 * high:.2f}"


def _layers(layers: LayerTable) -> Iterator[RenderableType]:
    yield table(
        ["layer, worst first", "operator", ">SQNR", ">clipped", ">seen", ">representable"],
        [
            (
                _scopes(layer.name),
                layer.operator,
                "exact" if layer.sqnr_db is None else f"{layer.sqnr_db:.1f} dB",
                f"{layer.clipped_share:.2%}",
                f"{layer.seen[0]:.4g} .. {layer.seen[1]:.4g}",
                f"{layer.representable[0]:.4g} .. {layer.representable[1]:.4g}",
            )
            for layer in layers.layers[:_SHOWN_LAYERS]
        ],
    )
    hidden = len(layers.layers) - _SHOWN_LAYERS
    notes = [f"on {layers.samples} samples; errors gather from layer to layer"]
    notes += [f"{hidden} better layers are in the report"] if hidden > 0 else []
    notes += [f"{len(layers.unmatched)} tensors have no float counterpart"] if layers.unmatched else []
    yield Text("; ".join(notes), style="dim")


def _scopes(name: str) -> str:
    """``conv2d_2 + re_lu_2`` for a fused tensor, whose name is the paths of all its parts, joined."""
    paths = [
        [part for part in path.split("/") if part != "StatefulPartitionedCall"] for path in name.split(";")
    ]
    text = " + ".join(dict.fromkeys(path[1 if len(path) > 2 else 0] for path in reversed(paths) if path))
    return text if len(text) <= _NAME_WIDTH else f"{text[: _NAME_WIDTH - 1]}…"
