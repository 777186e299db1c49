"""The tables of docs/benchmarks.md, from the evidence that model_costs.py writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

BEGIN = "<!-- Written by tests/bench/model_costs.py: run it, do not edit. -->"
END = "<!-- End of what tests/bench/model_costs.py writes. -->"
EXACT = {"equal": "equal", "different": "**different**", "not_run": "**not checked**"}
FIGURES = {
    "instructions": "instructions",
    "ram_bytes": "RAM, bytes",
    "flash_beside_weights": "flash beside weights, bytes",
}


def write(path: Path, document: Mapping[str, Any], baselines: Mapping[str, Any]) -> None:
    """Replace what stands between the marks in ``path``."""
    text = path.read_text(encoding="utf-8")
    path.write_text(replaced(text, document, baselines), encoding="utf-8")


def replaced(text: str, document: Mapping[str, Any], baselines: Mapping[str, Any]) -> str:
    """``text`` with the tables of ``document`` between its marks. Raises ValueError where it has none."""
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError("the page has lost its marks")
    return "\n".join([f"{before}{BEGIN}\n", *_part(document, baselines), f"{END}{after}"])


def _part(document: Mapping[str, Any], baselines: Mapping[str, Any]) -> Iterator[str]:
    results = document["results"]
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    dirty = ", with changes that were not committed" if document["dirty"] else ""
    commit = document["commit"]
    yield (
        f"Run on {document['date'][:10]} at commit `{str(commit)[:12]}`{dirty}; {versions}; "
        f"{_compiler(results)}. **SIMULATED**: nothing here was measured on hardware.\n"
    )
    yield from summary(results, baselines)
    yield "### Layer by layer\n"
    yield "Means over the samples. Cycles are modelled.\n"
    yield from layers(results)


def summary(results: Mapping[str, Any], baselines: Mapping[str, Any]) -> Iterator[str]:
    """Everything but the layers, as Markdown."""
    places = list(dict.fromkeys(row["place"] for row in results["rows"]))
    for place in places:
        rows = [row for row in results["rows"] if row["place"] == place]
        yield f"### {place}\n"
        if place.startswith("qemu:"):
            yield from _judged(rows, results["rows"])
        else:
            yield from _costs(rows, baselines)
    yield "### Limits\n"
    yield from _table(
        ("model", "", "figure", "at most", "measured", ""),
        (
            (
                f"`{one['model']}`",
                one["strength"],
                FIGURES[one["figure"]],
                f"{int(one['most']):,}",
                f"{one['measured']:,}",
                "holds" if one["holds"] else "**missed**",
            )
            for one in results["limits"]
        ),
    )
    yield "### Tools\n"
    emulation, compilation = results["emulation"], results["compilation"]
    yield (
        f"Emulation of `{emulation['model']}`, {emulation['emulator']}: **{emulation['mips']:.0f}** million "
        f"instructions a second by the clock, **{emulation['mips_cpu']:.0f}** million a second of its "
        "process's own time, start-up included (aim: 100 or more). "
        f"Compiling `{compilation['model']}`, the twin that takes longest, with {compilation['compiler']}, "
        "its own runtime cached and nothing of the model: "
        f"**{compilation['compile_s']:.1f} s** (aim: below 10). "
        "Wall-clock figures of the one machine that ran this; its load averages were "
        f"{emulation['load_average']} and {compilation['load_average']}.\n"
    )


def _costs(rows: Sequence[Mapping[str, Any]], baselines: Mapping[str, Any]) -> Iterator[str]:
    def cells(row: Mapping[str, Any]) -> Sequence[str]:
        name = (f"`{row['model']}`", row["kind"])
        if row["check"] == "does_not_fit":
            return (*name, "does not fit", *[""] * 6)
        baseline = baselines.get(row["model"])
        ratio = f"{row['instructions'] / baseline.instructions:.3f}" if baseline else ""
        if row["place"] != "virtual-m4":
            ratio = ""
        return (
            *name,
            f"{row['instructions']:,}",
            f"{row['instructions'] / row['macs']:.2f}",
            ratio,
            f"{row['cycles_modelled']:,}",
            f"{row['ram_bytes']:,}",
            f"{row['flash_beside_weights']:,}",
            EXACT[row["check"]],
        )

    head = ("model", "kind", ">instructions", ">per MAC", ">÷ TFLM", ">cycles, modelled", ">RAM, bytes")
    yield from _table((*head, ">flash beside weights, bytes", "output"), map(cells, rows))


def _judged(rows: Sequence[Mapping[str, Any]], every: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """QEMU beside the emulated board: the same image, another emulator."""
    place = rows[0]["place"].partition(":")[2]
    ours = {row["model"]: row for row in every if row["place"] == place}
    step = rows[0]["instructions_step"]
    yield f"The same image under QEMU, whose timer counts in steps of {step} instructions.\n"
    yield from _table(
        ("model", ">instructions", ">difference", "output"),
        (
            (
                f"`{row['model']}`",
                f"{row['instructions']:,}",
                f"{row['instructions'] - ours[row['model']]['instructions']:+,}",
                EXACT[row["check"]],
            )
            for row in rows
        ),
    )


def layers(results: Mapping[str, Any]) -> Iterator[str]:
    """A table of layers for each model, with the boards that have counted them side by side."""
    counted = [row for row in results["rows"] if row.get("layers")]
    for model in dict.fromkeys(row["model"] for row in counted):
        rows = [row for row in counted if row["model"] == model]
        head = ["layer"]
        for row in rows:
            head += [f"kernel on {row['place']}", ">instructions", ">cycles"]
        known = [{one["layer"]: one for one in row["layers"]} for row in rows]
        names = dict.fromkeys(one["layer"] for row in rows for one in row["layers"])
        body = []
        for name in names:
            line = [f"`{name.removeprefix('tk_layer_')}`"]
            for by_name in known:
                one = by_name.get(name)
                line += (
                    ["", "", ""]
                    if one is None
                    else [
                        one["kernel"] or "",
                        f"{one['instructions']:,.0f}",
                        f"{one['cycles_modelled']:,.0f}",
                    ]
                )
            body.append(line)
        yield f"<details><summary>{model}</summary>\n"
        yield from _table(head, body)
        yield "</details>\n"


def _compiler(results: Mapping[str, Any]) -> str:
    return ", ".join(sorted({row["compiler"] for row in results["rows"] if "compiler" in row}))


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(cell.removeprefix('>') for cell in header)} |"
    yield f"| {' | '.join('---:' if cell.startswith('>') else '---' for cell in header)} |"
    for cells in rows:
        yield f"| {' | '.join(cells)} |"
    yield ""
