"""A build as rich renderables."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tinykit.compiler.image import BuildReport
from tinykit.compiler.size import SizeTable
from tinykit.console import key_values, safe_text, table
from tinykit.pretty import format_bytes


def view(report: BuildReport) -> RenderableType:
    """Everything ``tinykit build`` shows."""
    return Group(*_blocks(report))


def _blocks(report: BuildReport) -> Iterator[RenderableType]:
    yield Text.assemble((safe_text(report.model), "bold"), f" for {report.board.name}")
    yield Text()
    yield table(
        ["layer", "kernel", ">flash", ">scratch"],
        [
            [layer.function, layer.kernel, format_bytes(layer.flash_bytes), format_bytes(layer.scratch_bytes)]
            for layer in report.layers
        ],
    )
    yield Text(_scratch(report), "dim")
    yield Text()
    if report.size is not None:
        yield _sizes(report.size, report)
        yield Text()
    if report.image is not None:
        image = report.image
        yield key_values(
            [
                ("image", str(image.elf)),
                ("sha256", image.sha256),
                ("compiler", f"{image.toolchain} {image.version}, {image.seconds:.1f} s"),
            ]
        )
    else:
        yield key_values(
            [("C", str(report.folder)), ("arena", format_bytes(report.compiled.arrangement.arena_bytes))]
        )


def _scratch(report: BuildReport) -> str:
    """Why the layers' scratch and the arena's differ."""
    arrangement = report.compiled.arrangement
    more = arrangement.arena_bytes - arrangement.activation_bytes
    return (
        "scratch: a layer's own memory, while it runs, in parts of the arena where no activation lives then;"
        f" the arena is {more:,} bytes larger for it."
    )


def _sizes(size: SizeTable, report: BuildReport) -> Table:
    flash, ram, board = size.flash, size.ram, report.board
    return table(
        ["memory", "part", ">bytes"],
        [
            ["flash", "weights, as packed", f"{flash.weights:,}"],
            ["", "tables of the kernels", f"{flash.tables:,}"],
            ["", "kernels", f"{flash.kernels:,}"],
            ["", "layers and calls", f"{flash.glue:,}"],
            ["", "firmware", f"{flash.firmware:,}"],
            ["", "the compiler's runtime", f"{flash.runtime:,}"],
            ["", "vectors, alignment", f"{flash.other:,}"],
            ["", f"of {board.flash.size_bytes:,}", Text(f"{flash.total:,}", "bold")],
            ["", "beside the file's weights", f"{size.flash_beside_weights:,}"],
            ["RAM", "arena: activations", f"{ram.activations:,}"],
            ["", "arena: more, for scratch", f"{ram.scratch:,}"],
            ["", "state", f"{ram.state:,}"],
            ["", "wire buffers", f"{ram.wire:,}"],
            ["", "statics", f"{ram.statics:,}"],
            ["", "stack, kept free", f"{ram.stack_reserved:,}"],
            ["", f"of {board.ram.size_bytes:,}", Text(f"{ram.total:,}", "bold")],
        ],
    )
