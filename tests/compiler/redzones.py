"""Memory in which an access outside a tensor, a scratch or a table is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinykit.compiler.arrange import Arrangement
from tinykit.compiler.emit.folder import Emitted
from tinykit.compiler.passes import edit
from tinykit.compiler.program import Program
from tinykit.compiler.select import Choice
from tinykit.graph.plan import Request, make_plan

GAP_BYTES = 64
PAGE = 4096


@dataclass(frozen=True)
class Piece:
    """Bytes that may be used: of an arena, or of the address space."""

    start: int
    size_bytes: int


def spread(
    program: Program, choices: Sequence[Choice], page: int = 1
) -> tuple[Arrangement, tuple[Piece, ...]]:
    """An arena in which nothing shares memory, and where in it everything lies.

    At least GAP_BYTES follow each piece. It ends where a page of ``page`` bytes ends (a scratch as far as an
    alignment to 16 allows), and the page behind is not used.
    """
    used = {i for layer in program.layers for i in (*layer.inputs, *layer.outputs)} | {
        *program.inputs,
        *program.outputs,
    }
    roots = {edit.root(program, i).id for i in used}
    values = [v for v in program.values if v.id in roots and v.data is None and v.variable is None]
    scratch = [(k, c.lowered.scratch_bytes) for k, c in enumerate(choices) if c.lowered.scratch_bytes]
    sizes = [value.size_bytes for value in values]
    sizes += [size if page == 1 else -(-size // 16) * 16 for _, size in scratch]
    before = [-size % page for size in sizes]
    after = max(GAP_BYTES, page)
    plan = make_plan(
        [
            Request(f"memory {k}", gap + size + after, 0, 1)
            for k, (gap, size) in enumerate(zip(before, sizes, strict=True))
        ]
    )
    starts = [offset + gap for offset, gap in zip(plan.offsets, before, strict=True)]
    place = {value.id: start for value, start in zip(values, starts, strict=False)}
    offsets = {
        v.id: place[edit.root(program, v.id).id]
        for v in program.values
        if edit.root(program, v.id).id in place
    }
    spots = {k: starts[len(values) + n] for n, (k, _) in enumerate(scratch)}
    pieces = tuple(Piece(start, size) for start, size in zip(starts, sizes, strict=True))
    return Arrangement(plan, offsets, spots, plan.size_bytes), pieces


def statics(program: Program, emitted: Emitted) -> dict[str, tuple[int, int]]:
    """Size and alignment of each table and each variable, by section; ``@`` stands for the model's number."""
    sizes = {f".rodata.@{table.name}": (table.size_bytes, table.align) for table in emitted.tables}
    return sizes | {f".bss.@tk_{v.name}": (v.size_bytes, 16) for v in program.variables}


class Pages:
    """Gives out addresses so that a page that nobody may use lies between any two pieces."""

    def __init__(self, start: int) -> None:
        self._next = start

    def place(self, size_bytes: int, align: int, *, at_end: bool) -> Piece:
        """Room that ends where a page ends, as far as ``align`` allows, or begins where one begins."""
        first = self._next
        self._next += (-(-max(size_bytes, 1) // PAGE) + 1) * PAGE
        last = self._next - PAGE
        return Piece((last - size_bytes) // align * align if at_end else first, size_bytes)


def pages_of(pieces: Sequence[Piece]) -> set[int]:
    """Addresses of the pages on which ``pieces`` lie."""
    return {
        page
        for piece in pieces
        for page in range(piece.start // PAGE * PAGE, piece.start + piece.size_bytes, PAGE)
    }
