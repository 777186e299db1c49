"""A model's summary as rich renderables. Names out of the file are escaped here, before rich sees them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tinykit.cli.memory_map import MemoryMap
from tinykit.console import key_values, safe_text, table
from tinykit.graph.summary import LayerSummary, MemorySummary, ModelSummary, TensorSummary
from tinykit.pretty import format_bytes, format_count, format_shape

_MARKS = {"float": "float", "hybrid": "hybrid", "conversion": "converts"}


def view(summary: ModelSummary, *, layers: bool = True) -> RenderableType:
    """Everything ``tinykit inspect`` shows, most asked for first."""
    return Group(*_blocks(summary, layers))


def _blocks(summary: ModelSummary, layers: bool) -> Iterator[RenderableType]:
    yield _heading(summary)
    yield Text()
    yield _ends(summary)
    yield Text()
    yield _totals(summary)
    yield Text()
    yield _operators(summary)
    if layers:
        yield Text()
        yield _Layers(summary.layers)
    yield Text()
    yield MemoryMap(summary.memory, summary.layers)
    for note in summary.notes:
        yield Text()
        yield Text.assemble(("note ", "bold yellow"), (f"[{note.code}] ", "bold"), note.message)
        yield Padding(Text(note.hint, style="dim"), (0, 0, 0, 5))


def _heading(summary: ModelSummary) -> Text:
    return Text.assemble(
        (safe_text(summary.file), "bold"),
        f"  {format_bytes(summary.file_bytes)}  ",
        (f"sha256 {summary.sha256[:16]}", "dim"),
        f"\n{_verdict(summary)}",
    )


def _verdict(summary: ModelSummary) -> str:
    computing = [layer for layer in summary.layers if layer.arithmetic != "none"]
    floats = len(summary.float_layers)
    doors = sum(layer.arithmetic == "conversion" for layer in computing)
    per_axis = len(summary.per_axis_layers)
    if floats:
        text = f"In floating point: {floats} of {len(computing)} operators"
    elif doors:
        text = (
            f"Integer network with floating point around it ({doors} of {len(computing)} operators translate)"
        )
    else:
        text = "Integer only"
    return text + (f"; per-channel scales in {per_axis} of {len(computing)}" if per_axis else "")


def _ends(summary: ModelSummary) -> Table:
    rows = [("input", tensor) for tensor in summary.inputs] + [
        ("output", tensor) for tensor in summary.outputs
    ]
    return table(
        ["", "name", "type", "shape", ">scale", ">zero point"],
        [
            [role, _short(t.name, 24), t.dtype, format_shape(t.shape), _scale(t), _zero_point(t)]
            for role, t in rows
        ],
    )


def _totals(summary: ModelSummary) -> Table:
    memory = summary.memory
    size = format_bytes(memory.arena.value)
    arena = f"{size} ({memory.arena.kind}, without kernels' scratch); {_headroom(memory)}"
    uncounted = ", ".join(safe_text(name) for name in summary.uncounted_operators)
    pairs = [
        ("MACs", format_count(summary.macs) + (f", without {uncounted}" if uncounted else "")),
        ("parameters", format_count(summary.parameters)),
        ("weights", f"{format_bytes(summary.weight_bytes)} of the file's {format_bytes(summary.file_bytes)}"),
        ("arena", arena),
    ]
    if memory.state_bytes:
        pairs.append(("state", f"{format_bytes(memory.state_bytes)} of the arena, kept between inferences"))
    return key_values(pairs)


def _headroom(memory: MemorySummary) -> str:
    if memory.arena.value == memory.lower_bound_bytes:
        return "no plan can be smaller"
    above = memory.arena.value / memory.lower_bound_bytes - 1
    best = ", and no plan is smaller" if memory.is_optimal else ""
    return f"{above:.1%} above the lower bound of {format_bytes(memory.lower_bound_bytes)}{best}"


def _operators(summary: ModelSummary) -> Table:
    return table(
        ["operator", ">version", ">count"],
        [[op.name + (" (custom)" if op.is_custom else ""), op.version, op.count] for op in summary.operators],
    )


class _Layers:
    """The table of layers; the column of parameters gives way first in a narrow terminal."""

    def __init__(self, layers: Sequence[LayerSummary]) -> None:
        self._layers = layers

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.max_width >= 96
        columns = ["> #", "operator", "output", ">MACs", ">weights", ">in + out", "note"]
        rows = [_layer_cells(layer) for layer in self._layers]
        if wide:
            columns.insert(4, ">parameters")
            for row, layer in zip(rows, self._layers, strict=True):
                row.insert(4, format_count(layer.parameters) if layer.parameters else "")
        yield table(columns, rows)


def _layer_cells(layer: LayerSummary) -> list[object]:
    return [
        layer.index,
        layer.operator,
        format_shape(layer.output_shape),
        _macs(layer),
        _bytes(layer.weight_bytes),
        _bytes(layer.activation_bytes),
        _marks(layer),
    ]


def _macs(layer: LayerSummary) -> str:
    return "?" if layer.macs is None else format_count(layer.macs) if layer.macs else ""


def _bytes(size_bytes: int) -> str:
    return format_bytes(size_bytes) if size_bytes else ""


def _marks(layer: LayerSummary) -> str:
    marks = [_MARKS.get(layer.arithmetic, ""), "per-channel" * layer.is_per_axis, "custom" * layer.is_custom]
    return " ".join(mark for mark in marks if mark)


def _scale(tensor: TensorSummary) -> str:
    return "" if tensor.scale is None else f"{tensor.scale:.7g}"


def _zero_point(tensor: TensorSummary) -> str:
    return "" if tensor.zero_point is None else str(tensor.zero_point)


def _short(name: str, width: int) -> str:
    return name if len(name) <= width else "..." + name[3 - width :]
