"""The figures in the cards and in README.md, taken from the files beside them.

``python firmware_models/models/figures.py`` renews all of them; every ``train.py`` does so at its end.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tinykit.graph.reader import read_model
from tinykit.pretty import format_bytes, format_count
from tinykit.runtime import choose_runtime

MODELS = Path(__file__).resolve().parent
NAMES = ("digits", "kws", "ic", "vww", "ad")
BEGIN, END = "<!-- figures: written by figures.py -->\n", "<!-- end of figures -->\n"
METRIC_TITLES = {"top1": "Top-1 accuracy", "auc": "AUC"}


def card_table(name: str) -> str:
    """Two columns: what a reader of the card wants to know about the files in folder ``name``."""
    report = sidecar(name)
    accuracy, needs, versions = report["accuracy"], report["needs"], report["versions"]
    title, metric = METRIC_TITLES[accuracy["name"]], accuracy["name"]
    dead, channels = dead_channels(name)
    low, high = accuracy["drop_interval95"]
    percent = metric == "top1"
    rows = {
        "Input": tensor_text(report["inputs"][0]),
        "Output": tensor_text(report["outputs"][0]),
        "Operators": operators_text(report),
        "MACs of one inference": format_count(needs["macs"]),
        "Parameters": format_count(needs["parameters"]),
        "Weights in the int8 file": format_bytes(needs["weight_bytes"]),
        "Arena (planned, without kernels' scratch)": format_bytes(needs["arena"]["value"]),
        f"Files: `{name}.keras`, `{name}.tflite`": ", ".join(
            format_bytes(report[part]["size_bytes"]) for part in ("model", "output")
        ),
        "Samples: calibration, eval": ", ".join(
            str(report[part]["samples"]) for part in ("calibration", "evaluation")
        ),
        f"{title}, float": metric_text(accuracy["float"]),
        f"{title}, int8": metric_text(accuracy["int8"]),
        "Drop from float to int8": f"{number(accuracy['drop']['value'], percent, points=True)} "
        f"[{number(low, percent, points=True)}, {number(high, percent, points=True)}]",
        "ReLU channels that no eval sample wakes": f"{dead} of {channels}",
        "Made with": ", ".join(f"{k} {versions[k]}" for k in ("python", "tensorflow", "keras", "numpy")),
    }
    lines = [f"| {key} | {value} |" for key, value in rows.items()]
    return "\n".join(["| | |", "|---|---|", *lines, ""])


def readme_table() -> str:
    """One line a model."""
    lines = [
        "| model | in → out | MACs | parameters | int8 file | eval samples | float | int8 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in NAMES:
        report = sidecar(name)
        accuracy, needs = report["accuracy"], report["needs"]
        shapes = " → ".join("×".join(map(str, report[end][0]["shape"][1:])) for end in ("inputs", "outputs"))
        cells = [
            f"[`{name}`]({name}/card.md)",
            shapes,
            format_count(needs["macs"]),
            format_count(needs["parameters"]),
            format_bytes(report["output"]["size_bytes"]),
            str(accuracy["n"]),
            f"{METRIC_TITLES[accuracy['name']]} {metric_text(accuracy['float'])}",
            metric_text(accuracy["int8"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


@cache
def dead_channels(name: str) -> tuple[int, int]:
    """Channels behind a fused ReLU of the int8 model: how many never rise above 0 on eval.npz, and all."""
    path = MODELS / name / f"{name}.tflite"
    graph = read_model(path).main
    outputs = [
        graph.tensor(op.outputs[0])
        for op in graph.operators
        if op.options.get("fused_activation_function") == 1
    ]
    interpreter = choose_runtime().interpreter(path.read_bytes(), preserve_all_tensors=True)
    with np.load(MODELS / name / "eval.npz") as data:
        samples = interpreter.inputs[0].accept(data["x"].astype(np.float32))
    awake = [np.zeros(tensor.shape[-1], bool) for tensor in outputs]
    for sample in samples:
        interpreter.invoke(sample[None])
        for i, tensor in enumerate(outputs):
            values = interpreter.tensor(tensor.index).reshape(-1, tensor.shape[-1])
            awake[i] |= (values > tensor.quantization.zero_point[0]).any(axis=0)
    return sum(int((~channels).sum()) for channels in awake), sum(map(len, awake))


def sidecar(name: str) -> dict[str, Any]:
    """What ``tinykit convert`` wrote beside the int8 file."""
    document: dict[str, Any] = json.loads((MODELS / name / f"{name}.json").read_text(encoding="utf-8"))
    return document


def tensor_text(tensor: dict[str, Any]) -> str:
    shape = "×".join(map(str, tensor["shape"]))
    return f"{tensor['dtype']} {shape}, scale {tensor['scale']:.6g}, zero point {tensor['zero_point']}"


def operators_text(report: dict[str, Any]) -> str:
    return ", ".join(f"{op['count']} {op['name']}" for op in report["operators"])


def metric_text(metric: dict[str, Any]) -> str:
    """A metric with its 95 % interval."""
    low, high = metric["interval95"]
    percent = metric["name"] == "top1"
    return f"{number(metric['estimate']['value'], percent)} [{number(low, percent)}, {number(high, percent)}]"


def number(value: float, percent: bool, *, points: bool = False) -> str:
    if not percent:
        return f"{value:.4f}"
    return f"{100 * value:.1f} points" if points else f"{100 * value:.1f} %"


def replaced(path: Path, table: str) -> str:
    """The document at ``path`` with ``table`` between its two marks."""
    head, rest = path.read_text(encoding="utf-8").split(BEGIN)
    return head + BEGIN + table + END + rest.split(END)[1]


def renew_documents(*names: str) -> None:
    """Write the tables of these models' cards and of README.md anew."""
    for name in names:
        card = MODELS / name / "card.md"
        card.write_text(replaced(card, card_table(name)), encoding="utf-8")
    readme = MODELS / "README.md"
    if all((MODELS / name / f"{name}.json").exists() for name in NAMES):
        readme.write_text(replaced(readme, readme_table()), encoding="utf-8")


if __name__ == "__main__":
    renew_documents(*NAMES)
