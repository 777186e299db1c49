"""What every model at hand costs on the emulated boards: writes docs/benchmarks.md and its evidence.

    python tests/bench/model_costs.py [--layers] [--only NAME]... [--page]

Models: our own digits and twins; MLPerf Tiny's where TINYKIT_REFERENCE_MODELS names their folder; those of
pymicro-wakeword where it is installed. Each is built with the defaults and run on seeded random bytes, and
all output bytes are compared with the reference. ``--only`` prints and writes nothing; ``--page`` writes the
page from the evidence as it stands. Ends with 1 where a row is not exact or a limit that must hold is broken.

Keys of the evidence's ``results``: ``ran_on`` (place: models whose output was equal to the byte), ``rows`` (a
model at a place; its ``check`` says equal, different, not_run, or does_not_fit), ``limits`` (what must hold
and what is aimed for, with what was measured), ``emulation`` and ``compilation`` (wall-clock figures).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from bench import model_costs_page as page

from tinykit.boards import load_board
from tinykit.compiler.image import build_model
from tinykit.errors import BuildError
from tinykit.graph.reader import read_model
from tinykit.graph.summary import summarise
from tinykit.running import RunRequest, TensorSpec
from tinykit.running.execute import RunOptions, RunReport, run_model
from tinykit.running.places.emulated import EmulatedBoard

CHECKOUT = Path(__file__).resolve().parents[2]
SAMPLES, STREAM_STEPS, LONG_SAMPLES = 3, 20, 80
PLACES = ("virtual-m4", "virtual-m0", "qemu:virtual-m4")


@dataclass(frozen=True)
class Baseline:
    """A model under TFLite Micro with CMSIS-NN on a Cortex-M4; docs/benchmarks.md says how it was counted."""

    instructions: int
    arena_bytes: int


BASELINES = {
    "kws_ref_model": Baseline(7_845_360, 22_820),
    "pretrainedResnet_quant": Baseline(29_875_000, 54_996),
}
MOST_FLASH_BESIDE_WEIGHTS = 40_000


def models() -> dict[str, tuple[Path, ...]]:
    """The model files at hand, by what they are."""
    own = CHECKOUT / "firmware_models" / "models"
    reference = os.environ.get("TINYKIT_REFERENCE_MODELS")
    package = importlib.util.find_spec("pymicro_wakeword")
    return {
        "digits": (own / "digits" / "digits.tflite",),
        "twin": tuple(own / name / f"{name}.tflite" for name in ("kws", "ic", "vww", "ad")),
        "MLPerf Tiny": tuple(sorted(Path(reference).glob("*.tflite"))) if reference else (),
        "wake word": tuple(sorted(Path(package.origin).parent.rglob("*.tflite")))
        if package and package.origin
        else (),
    }


def soak(seed: int, fraction: float) -> dict[str, object]:
    """Measure ``fraction`` of the models; `soak.run.run` makes the evidence of it."""
    chosen = [(kind, path) for kind, paths in models().items() for path in paths]
    return measure(chosen[: max(1, round(len(chosen) * fraction))], seed)


def measure(chosen: list[tuple[str, Path]], seed: int) -> dict[str, object]:
    """All rows, limits and wall-clock figures of ``chosen``."""
    places = [p for p in PLACES if not p.startswith("qemu:") or shutil.which("qemu-system-arm")]
    rows = [row(kind, path, place, seed) for kind, path in chosen for place in places]
    ran_on = Counter(r["place"] for r in rows if r["check"] == "equal")
    return {
        "ran_on": dict(sorted(ran_on.items())),
        "rows": rows,
        "limits": limits(rows),
        "emulation": emulation(seed),
        "compilation": compilation(),
    }


def row(kind: str, path: Path, place: str, seed: int) -> dict[str, object]:
    """One model at one place."""
    graph = read_model(path)
    facts = summarise(graph, "")
    start: dict[str, object] = {"model": path.stem, "kind": kind, "sha256": graph.sha256, "macs": facts.macs}
    start["place"] = place
    print(f"{path.stem} on {place} ...", file=sys.stderr)
    shape = graph.main.tensors[graph.main.inputs[0]].shape
    steps = STREAM_STEPS if any(op.name == "VAR_HANDLE" for op in graph.main.operators) else SAMPLES
    with tempfile.TemporaryDirectory() as name:
        # The first sample is the very one that the baselines were counted with.
        x = np.random.RandomState(seed).randint(-128, 128, (steps, *shape[1:])).astype(np.int8)
        np.save(Path(name) / "x.npy", x)
        try:
            report = run_model(path, place, options=RunOptions(inputs=Path(name) / "x.npy", check=True))
        except BuildError as error:
            if error.code != "BOARD_TOO_SMALL":
                raise
            return {**start, "check": "does_not_fit", "note": error.message}
    return {**start, **figures(report, steps)}


def figures(report: RunReport, samples: int) -> dict[str, object]:
    """What the run of one model at one place gave."""
    result, counts = report.result, report.result.counts
    assert report.build is not None and report.build.image is not None and counts is not None
    size = report.build.size
    assert size is not None
    kernels = {layer.function: layer.kernel for layer in report.build.layers}
    return {
        "check": report.check.state,
        "note": report.check.note or f"{report.check.bytes_compared} bytes, {report.check.reference}",
        "samples": samples,
        "instructions": counts.instructions[0],
        "instructions_range": [min(counts.instructions), max(counts.instructions)],
        "instructions_step": counts.instructions_step,
        "cycles_modelled": counts.cycles[0] if counts.cycles else None,
        "cycles_error": counts.cycle_error or None,
        "ram_bytes": report.ram_bytes,
        "ram": {**size.to_dict()["ram"], "stack_used": counts.stack_bytes},
        "flash": size.to_dict()["flash"],
        "source_weights": size.source_weights,
        "flash_beside_weights": size.flash_beside_weights,
        "image_sha256": report.build.image.sha256,
        "compiler": f"{report.build.image.toolchain} {report.build.image.version}",
        "compile_s": round(report.build.image.seconds, 3),
        "emulated_instructions": counts.emulated_instructions,
        "emulation_s": round(counts.emulation_s, 4),
        "emulator": result.device,
        "layers": [
            {
                "layer": layer.name,
                "kernel": kernels.get(layer.name),
                "instructions": round(layer.instructions or 0.0, 1),
                "cycles_modelled": round(layer.cycles or 0.0, 1),
            }
            for layer in result.layers
        ],
    }


def limits(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """What must hold on virtual-m4 and what is aimed for, each with what was measured."""
    found = []
    for one in rows:
        baseline = BASELINES.get(str(one["model"]))
        if baseline is None or one["place"] != "virtual-m4":
            continue
        judged = (
            ("must", "instructions", baseline.instructions / 2),
            ("aim", "instructions", baseline.instructions / 3),
            ("must", "ram_bytes", 0.85 * baseline.arena_bytes),
            ("must", "flash_beside_weights", MOST_FLASH_BESIDE_WEIGHTS),
        )
        for strength, figure, most in judged:
            measured = one[figure]
            assert isinstance(measured, int)
            words = {"model": one["model"], "strength": strength, "figure": figure}
            found.append({**words, "measured": measured, "most": most, "holds": measured <= most})
    return found


def emulation(seed: int) -> dict[str, object]:
    """Speed of a long emulated run that counts every instruction.

    By the clock, start-up left out; and by the processor time of the bench's process, start-up included,
    which other work on the machine leaves alone.
    """
    model, board = CHECKOUT / "firmware_models" / "models" / "ic" / "ic.tflite", load_board("virtual-m4")
    x = np.random.RandomState(seed).randint(-128, 128, (LONG_SAMPLES, 32, 32, 3)).astype(np.int8)
    with tempfile.TemporaryDirectory() as name:
        image = build_model(model, board, Path(name) / "out").image
        assert image is not None
        specs = ((TensorSpec(shape, np.dtype(np.int8)),) for shape in ((1, 32, 32, 3), (1, 10)))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = EmulatedBoard("virtual-m4").run(RunRequest(image.elf, board, *specs, arrays=(x,)))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return {
        "model": model.stem,
        "emulator": result.text,
        "instructions": result.counts.emulated_instructions,
        "wall_s": round(result.counts.emulation_s, 3),
        "cpu_s": round(cpu_s, 3),
        "mips": round(result.counts.emulated_instructions / result.counts.emulation_s / 1e6, 1),
        "mips_cpu": round(result.counts.emulated_instructions / cpu_s / 1e6, 1),
        "load_average": round(os.getloadavg()[0], 2),
    }


def compilation() -> dict[str, object]:
    """Compile time of the twin that takes longest: zig's own runtime is cached, nothing of the models is."""
    before = os.environ.get("ZIG_LOCAL_CACHE_DIR")
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        os.environ["ZIG_LOCAL_CACHE_DIR"] = str(Path(name) / "cache")
        try:
            for path in models()["twin"]:
                image = build_model(path, load_board("virtual-m4"), Path(name) / path.stem).image
                assert image is not None
                seconds[path.stem] = round(image.seconds, 3)
        finally:
            if before is None:
                del os.environ["ZIG_LOCAL_CACHE_DIR"]
            else:
                os.environ["ZIG_LOCAL_CACHE_DIR"] = before
    slowest = max(seconds, key=seconds.__getitem__)
    return {
        "model": slowest,
        "compile_s": seconds[slowest],
        "compiler": f"{image.toolchain} {image.version}",
        "each_s": seconds,
        "load_average": round(os.getloadavg()[0], 2),
    }


def main() -> int:
    """Measure, write, print."""
    from soak.run import run

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--layers", action="store_true", help="print every layer's counts")
    parser.add_argument("--only", action="append", metavar="NAME", help="this model; writes nothing")
    parser.add_argument("--page", action="store_true", help="write the page again from the evidence")
    words = parser.parse_args()
    if words.only:
        chosen = [(k, p) for k, paths in models().items() for p in paths if p.stem in words.only]
        if not chosen:
            parser.error(
                f"no such model; there are {', '.join(p.stem for ps in models().values() for p in ps)}"
            )
        results = measure(chosen, 0)
    else:
        evidence = CHECKOUT / "docs" / "evidence"
        document = (
            json.loads((evidence / "model_costs.json").read_text(encoding="utf-8"))
            if words.page
            else run("model_costs", 0, evidence, Path(__file__).parent)
        )
        results = document["results"]
        page.write(CHECKOUT / "docs" / "benchmarks.md", document, BASELINES)
    print("\n".join(page.summary(results, BASELINES)))
    if words.layers:
        print("\n".join(page.layers(results)))
    wrong = [r for r in results["rows"] if r["check"] not in {"equal", "does_not_fit"}]
    broken = [one for one in results["limits"] if one["strength"] == "must" and not one["holds"]]
    return 1 if wrong or broken else 0


if __name__ == "__main__":
    sys.exit(main())
