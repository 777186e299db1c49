"""A memory plan as a small map: a row for each operator, time going down, addresses to the right."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_letters, digits

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from tinykit.console import safe_text
from tinykit.graph.summary import BufferSummary, LayerSummary, MemorySummary
from tinykit.pretty import format_bytes

KEYS = ascii_letters[26:] + ascii_letters[:26] + digits
_COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "red")
_LABEL = 22
_LIVE = 9
_WIDEST = 96
_MOST_ROWS = 48
_LEGEND_ROWS = 16


def key_of(index: int) -> str:
    """The letter of buffer ``index``; after 62 buffers the letters begin again."""
    return KEYS[index % len(KEYS)]


class MemoryMap:
    """A rich renderable; legible without colour, in 80 columns, and in ASCII where that is all there is."""

    def __init__(self, memory: MemorySummary, layers: Sequence[LayerSummary]) -> None:
        self._memory = memory
        self._layers = layers
        self._size_bytes = int(memory.arena.value)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self._size_bytes:
            yield Text("No tensor needs memory.")
            return
        ascii_only = options.ascii_only
        width = max(8, min(_WIDEST, options.max_width - _LABEL - _LIVE))
        yield self._scale(width)
        for layer in self._rows():
            yield self._row(layer, width, ascii_only)
        if len(self._layers) > _MOST_ROWS:
            yield Text(
                f"{len(self._layers)} operators; each row is the fullest of a few neighbours.", style="dim"
            )
        yield Text()
        yield from self._legend(options.max_width, ascii_only)

    def _rows(self) -> list[LayerSummary]:
        """All layers, or of each group of neighbours the one with the most alive."""
        group = -(-len(self._layers) // _MOST_ROWS)
        starts = range(0, len(self._layers), max(1, group))
        live = self._memory.live_bytes
        return [max(self._layers[i : i + group], key=lambda layer: live[layer.index]) for i in starts]

    def _scale(self, width: int) -> Text:
        end = format_bytes(self._size_bytes)
        middle = format_bytes(self._size_bytes / 2)
        ruler = "0" + middle.center(width - 1 - len(end)) + end if width > 24 else end.rjust(width)
        return Text(" " * _LABEL + ruler + "alive".rjust(_LIVE), style="dim", no_wrap=True)

    def _row(self, layer: LayerSummary, width: int, ascii_only: bool) -> Text:
        free = "." if ascii_only else "·"
        name = _cut(safe_text(layer.operator), _LABEL - 5, ascii_only)
        row = Text(f"{layer.index:>3} {name:<{_LABEL - 5}} ", no_wrap=True)
        alive = [i for i, b in enumerate(self._memory.buffers) if b.first <= layer.index <= b.last]
        for column in range(width):
            index = self._covering(alive, column, width)
            row.append(
                free if index is None else key_of(index), style="dim" if index is None else _style(index)
            )
        live_bytes = self._memory.live_bytes[layer.index]
        style = "bold" if live_bytes == max(self._memory.live_bytes) else "dim"
        row.append(format_bytes(live_bytes).rjust(_LIVE), style=style)
        return row

    def _covering(self, alive: Sequence[int], column: int, width: int) -> int | None:
        """The buffer with the most bytes in that column: a small one shows unless a larger one hides it."""
        start, end = column * self._size_bytes / width, (column + 1) * self._size_bytes / width
        shares = [
            (min(end, b.offset_bytes + b.size_bytes) - max(start, b.offset_bytes), -b.offset_bytes, i)
            for i, b in ((i, self._memory.buffers[i]) for i in alive)
        ]
        share, _, index = max(shares, default=(0.0, 0, 0))
        return index if share > 0 else None

    def _legend(self, width: int, ascii_only: bool) -> list[Text]:
        buffers = self._memory.buffers
        by_size = sorted(range(len(buffers)), key=lambda i: (-buffers[i].size_bytes, i))
        shown = sorted(by_size[:_LEGEND_ROWS])
        lines = [Text(f"  {'size':>8} {'offset':>8}  {'operators':<9}  tensors", style="dim", no_wrap=True)]
        lines += [_legend_line(i, buffers[i], len(self._layers), width, ascii_only) for i in shown]
        if len(buffers) > len(shown):
            rest = f"and {len(buffers) - len(shown)} smaller ones; --json has them all"
            lines.append(Text(f"  {rest}", style="dim", no_wrap=True))
        return lines


def _legend_line(index: int, buffer: BufferSummary, layers: int, width: int, ascii_only: bool) -> Text:
    always = buffer.role == "state"
    dash = "-" if ascii_only else "–"
    alive = "always" if always else f"{buffer.first}{dash}{min(buffer.last, max(0, layers - 1))}"
    line = Text(key_of(index), style=_style(index), no_wrap=True)
    line.append(
        f" {format_bytes(buffer.size_bytes):>8} {format_bytes(buffer.offset_bytes):>8}  {alive:<9}  ",
        "default",
    )
    role = "" if buffer.role == "activation" else f"{buffer.role} "
    line.append(role, "bold default")
    names = [safe_text(name) for name in ((buffer.name,) if always else buffer.tensors)]
    equals = " = ".join(_cut_front(name, 28, ascii_only) for name in names)
    line.append(_cut(equals, max(8, width - line.cell_len), ascii_only), "default")
    return line


def _style(index: int) -> str:
    return f"bold {_COLOURS[index % len(_COLOURS)]}"


def _cut(text: str, width: int, ascii_only: bool) -> str:
    dots = "..." if ascii_only else "…"
    return text if len(text) <= width else text[: width - len(dots)] + dots


def _cut_front(text: str, width: int, ascii_only: bool) -> str:
    """Tensor names tell themselves apart at their ends."""
    dots = "..." if ascii_only else "…"
    return text if len(text) <= width else dots + text[len(dots) - width :]
