"""A build and an inspection in a report: what takes flash and RAM, the arena as a map, layer by layer."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from tinykit.pretty import format_bytes, format_count, format_shape
from tinykit.reporting import model_plot
from tinykit.reporting.model_parts import MOST_LAYERS, Document, sizes_table, tensor_name
from tinykit.reporting.model_plot import Place
from tinykit.reporting.page import Answer, Block, Picture, Section, Table


def build_section(path: Path, data: Document, digest: str, key: str) -> Section:
    """Of the document ``tinykit.build`` in ``path``. Raises KeyError, TypeError, ValueError."""
    size, image = data["size"], data["image"]
    name = f"{data['model']} for {data['board']}"
    if size is None:
        answer = Answer(
            f"{name}: C, not compiled; arena {format_bytes(int(data['arena_bytes']))}.",
            "open",
            False,
            "C only",
        )
    else:
        flash, ram = (format_bytes(int(size[part]["total"])) for part in ("flash", "ram"))
        answer = Answer(
            f"{name} takes {flash} of flash and {ram} of RAM (counted).", "good", False, "it fits"
        )
    appendix = [("report", f"{path}, SHA-256 {digest}"), ("written by", f"tinykit {data['tinykit']}")]
    appendix.append(("model", f"{data['model']}, SHA-256 {data['model_sha256']}"))
    if image is not None:
        appendix.append(("image", f"{image['file']}, SHA-256 {image['sha256']}"))
        appendix.append(("compiler", f"{image['toolchain']} {image['toolchain_version']}"))
    command = (
        "tinykit",
        "build",
        str(data["model"]),
        "--board",
        str(data["board"]),
        "-o",
        str(data["folder"]),
    )
    blocks = tuple(_build_blocks(data, key))
    return Section(key, "Build", name, answer, blocks, tuple(appendix), shlex.join(command))


def _build_blocks(data: Document, key: str) -> Iterator[Block]:
    if data["size"] is not None:
        parts: dict[str, tuple[tuple[str, int], ...]] = {
            name: tuple(
                (str(part), int(count))
                for part, count in data["size"][name.lower()].items()
                if part not in ("total", "arena")
            )
            for name in ("Flash", "RAM")
        }
        every = tuple((f"{name}: {part}", count) for name, some in parts.items() for part, count in some)
        table = sizes_table("The data of this picture", every, "the image's symbols")
        svg = model_plot.bars("What takes the memory", parts)
        yield Picture(f"{key}-memory", "Memory map: what takes flash and RAM", svg, table, False)
    layers = data["layers"][:MOST_LAYERS]
    rows = tuple(
        (
            str(one["function"]),
            str(one["kernel"]),
            format_bytes(int(one["flash_bytes"])),
            format_bytes(int(one["scratch_bytes"])),
        )
        for one in layers
    )
    table = Table(
        "The data of this picture",
        ("layer", "kernel", ">flash", ">scratch"),
        rows,
        folded=True,
        kind="counted",
        sources=("the kernels' packed weights and plans, tinykit build",),
    )
    known = [(str(one["function"]), float(one["flash_bytes"])) for one in layers]
    svg = model_plot.lines_of("Flash of each layer", known, "bytes")
    yield Picture(f"{key}-layers", "Flash of each layer", svg, table, False)


def inspection_section(path: Path, data: Document, digest: str, key: str) -> Section:
    """Of the document ``tinykit.inspect`` in ``path``. Raises KeyError, TypeError, ValueError."""
    arena = data["memory"]["arena"]
    answer = Answer(
        f"{data['file']}: {int(data['macs']):,} MACs, {format_bytes(int(data['weight_bytes']))} of weights"
        f" (counted), arena {format_bytes(float(arena['value']))} ({arena['kind']}).",
        "good", False, "readable", sources=tuple(map(str, arena["sources"])),
    )  # fmt: skip
    appendix = (
        ("read from", f"{path}, SHA-256 {digest}"),
        ("model", f"{data['file']}, SHA-256 {data['sha256']}"),
    )
    blocks = tuple(_inspection_blocks(data, key))
    command = shlex.join(("tinykit", "inspect", str(path if path.suffix == ".tflite" else data["file"])))
    return Section(key, "Inspection", str(data["file"]), answer, blocks, appendix, command)


def _inspection_blocks(data: Document, key: str) -> Iterator[Block]:
    layers, memory = data["layers"][:MOST_LAYERS], data["memory"]
    last = max(0, len(data["layers"]) - 1)
    places = [
        Place(
            tensor_name(one["name"]),
            int(one["first"]),
            min(int(one["last"]), last),
            int(one["offset_bytes"]),
            int(one["size_bytes"]),
        )
        for one in memory["buffers"][:MOST_LAYERS]
    ]
    buffers = tuple(
        (
            one.name,
            f"{one.first} to {one.last}",
            format_bytes(one.offset_bytes),
            format_bytes(one.size_bytes),
        )
        for one in places
    )
    table = Table(
        "The data of this picture",
        ("tensor", ">operators", ">offset", ">size"),
        buffers,
        folded=True,
        kind="modelled",
        sources=tuple(map(str, memory["arena"]["sources"])),
    )
    yield Picture(
        f"{key}-map",
        "Memory map: the arena, operator by operator",
        model_plot.memory_map(places),
        table,
        False,
    )
    named = [f"{one['index']} {one['operator']}" for one in layers]
    rows = tuple(
        (
            name,
            format_shape(one["output_shape"]),
            format_count(int(one["macs"])),
            format_bytes(int(one["weight_bytes"])),
        )
        for name, one in zip(named, layers, strict=True)
    )
    table = Table(
        "The data of this picture",
        ("layer", "output", ">MACs", ">weights"),
        rows,
        folded=True,
        kind="counted",
        sources=(f"{data['file']}, SHA-256 {data['sha256']}",),
    )
    counts = [(name, float(one["macs"])) for name, one in zip(named, layers, strict=True)]
    yield Picture(
        f"{key}-macs", "MACs of each layer", model_plot.lines_of("MACs", counts, "MACs"), table, False
    )
