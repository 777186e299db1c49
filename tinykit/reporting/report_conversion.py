"""A conversion in a report: sizes before and after, accuracy before and after, what each layer lost."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from tinykit.pretty import format_bytes, format_count
from tinykit.reporting import model_plot
from tinykit.reporting.model_parts import MOST_LAYERS, Document, sizes_table, tensor_name
from tinykit.reporting.page import Answer, Block, Cell, Number, Paragraph, Picture, Section, Table, Tone


def conversion_section(path: Path, data: Document, digest: str, key: str) -> Section:
    """Of the document ``tinykit.conversion`` in ``path``. Raises KeyError, TypeError, ValueError."""
    model, output = data["model"], data["output"]
    options = data["options"]
    words = ["tinykit", "convert", str(model["name"]), "--calibration", str(data["calibration"]["name"])]
    if data["evaluation"] is not None:
        words += ["--eval", str(data["evaluation"]["name"])]
    if options["max_drop"] is not None:
        words += ["--max-drop", str(options["max_drop"])]
    words += ["--layers"] if data["layers"] is not None else []
    versions = ", ".join(f"{name} {version}" for name, version in data["versions"].items())
    appendix = [
        ("report", f"{path}, SHA-256 {digest}"),
        ("float model", f"{model['name']}, SHA-256 {model['sha256']}"),
        ("int8 model", f"{output['name']}, SHA-256 {output['sha256']}"),
        *((name, f"{data[name]['name']}, SHA-256 {data[name]['sha256']}")
          for name in ("calibration", "evaluation") if data[name] is not None),
        ("versions", versions),
    ]  # fmt: skip
    return Section(
        key,
        "Conversion",
        f"{model['name']} to int8",
        _conversion_answer(data),
        tuple(_conversion_blocks(data, key)),
        tuple((str(name), str(value)) for name, value in appendix),
        shlex.join([*words, "-o", str(output["name"])]),
    )


def _conversion_answer(data: Document) -> Answer:
    before, after = int(data["float_bytes"]), int(data["output"]["size_bytes"])
    sizes = f"{format_bytes(before)} as float become {format_bytes(after)} as int8 (counted)"
    accuracy, passed = data["accuracy"], data["passed"]
    if accuracy is None:
        return Answer(
            f"{data['model']['name']}: {sizes}; nothing was evaluated.", "open", False, "not evaluated"
        )
    low, high = (float(end) for end in accuracy["drop_interval95"])
    unit = "%" if accuracy["drop_is_relative"] else "points"
    # Of a metric that falls when a model gets worse the drop is counted, of an error its rise.
    worse, better = ("rises", "falls") if accuracy["drop_is_relative"] else ("drops", "rises")
    value = float(accuracy["drop"]["value"])
    change, sign = (worse, 1.0) if value >= 0.0 else (better, -1.0)
    low, high = sorted((sign * low, sign * high))
    interval = f"[{100 * low:.2f}, {100 * high:.2f}] (95 %, measured)"
    drop = f"{100 * abs(value):.2f} {unit} {interval}"
    tone: Tone = "open" if passed is None else "good" if passed else "bad"
    verdict = {None: "no gate was set", True: "gate passed", False: "gate FAILED"}[passed]
    text = (
        f"{data['model']['name']}: {sizes}; {accuracy['name']} {change} by {drop}"
        f" on {int(accuracy['n']):,} samples."
    )
    return Answer(text, tone, False, verdict, sources=tuple(map(str, accuracy["drop"]["sources"])))


def _conversion_blocks(data: Document, key: str) -> Iterator[Block]:
    before, after = int(data["float_bytes"]), int(data["output"]["size_bytes"])
    sizes: tuple[tuple[str, int], ...] = (("float", before), ("int8", after))
    yield Picture(
        f"{key}-sizes",
        "Size before and after",
        model_plot.bars("Size before and after", {"size": sizes}),
        sizes_table("The data of this picture", sizes, "the files' sizes"),
        False,
    )
    if data["accuracy"] is not None:
        yield _accuracy(data["accuracy"])
    yield _needs(data)
    if data["layers"] is not None:
        yield from _errors(data["layers"], key)
    for one in data["findings"]:
        yield Paragraph(f"{one['code']} ({one['severity']}): {one['message']} {one['hint']}")


def _accuracy(accuracy: Document) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name in ("float", "int8", "agreement"):
        if accuracy.get(name) is not None:
            rows.append((name, _metric(accuracy[name], bool(accuracy["drop_is_relative"]))))
    return Table(
        f"{accuracy['name']} on {int(accuracy['n']):,} samples", ("", ">value, 95 % interval"), tuple(rows)
    )


def _metric(metric: Document, raw: bool) -> Number:
    estimate = metric["estimate"]
    low, high = (float("nan") if end is None else float(end) for end in metric["interval95"])
    scale, unit = (1.0, "") if raw else (100.0, " %")
    text = f"{scale * float(estimate['value']):.4g} [{scale * low:.4g}, {scale * high:.4g}]{unit}"
    return Number(text, estimate["kind"], tuple(map(str, estimate["sources"])))


def _needs(data: Document) -> Table:
    needs, arena = data["needs"], data["needs"]["arena"]
    file = f"{data['output']['name']}, SHA-256 {data['output']['sha256']}, read by tinykit"
    rows: list[tuple[Cell, ...]] = [
        ("MACs an inference", Number(format_count(int(needs["macs"])), "counted", (file,))),
        ("parameters", Number(format_count(int(needs["parameters"])), "counted", (file,))),
        ("weights", Number(format_bytes(int(needs["weight_bytes"])), "counted", (file,))),
    ]
    found = format_bytes(float(arena["value"]))
    rows.append(("arena", Number(found, arena["kind"], tuple(map(str, arena["sources"])))))
    for operator in data["operators"]:
        rows.append((f"operator {operator['name']}", Number(str(int(operator["count"])), "counted", (file,))))
    return Table("What the int8 model needs", ("what", ">how much"), tuple(rows))


def _errors(layers: Document, key: str) -> Iterator[Block]:
    """Per-layer errors, worst first."""
    shown = layers["layers"][:MOST_LAYERS]
    known = [(tensor_name(one["name"]), float(one["sqnr_db"])) for one in shown if one["sqnr_db"] is not None]
    rows = tuple(
        (
            tensor_name(one["name"]),
            str(one["operator"]),
            "exact" if one["sqnr_db"] is None else f"{float(one['sqnr_db']):.1f} dB",
            f"{float(one['clipped_share']):.2%}",
        )
        for one in shown
    )
    table = Table(
        "The data of this picture",
        ("layer", "operator", ">signal to quantization noise", ">clipped"),
        rows,
        folded=True,
        note="Errors gather from layer to layer.",
        kind="measured",
        sources=(f"float and int8 model on {int(layers['samples'])} samples",),
    )
    svg = model_plot.lines_of("Signal to quantization noise", known, "dB")
    yield Picture(f"{key}-layers", "Error of each layer, worst first", svg, table, False)
