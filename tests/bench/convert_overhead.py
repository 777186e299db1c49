"""What ``tinykit convert`` adds to a bare TFLiteConverter script: wall time and peak memory.

``python tests/bench/convert_overhead.py [--model vww] [--runs 7]``: the two take turns, whole processes, so
that both see the same load of the machine. The ratios are those of the medians; limits: 1.15 in time, 1.10 in
memory of the largest process. A table goes to stderr, JSON to stdout; exit code 1 beyond a limit.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MODELS = Path(__file__).parents[2] / "firmware_models" / "models"
MAX_TIME_RATIO = 1.15
MAX_MEMORY_RATIO = 1.10

# What people write: the converter's guide, with the data from a file.
BARE = """
import sys
import numpy as np
import tensorflow as tf

model, data, out = sys.argv[1:]
samples = np.load(data)["x"].astype("float32")
converter = tf.lite.TFLiteConverter.from_keras_model(tf.keras.models.load_model(model))
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.representative_dataset = lambda: ([samples[i : i + 1]] for i in range(len(samples)))
converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
converter.inference_input_type = tf.int8
converter.inference_output_type = tf.int8
open(out, "wb").write(converter.convert())
"""


def run(command: list[str]) -> tuple[float, float]:
    """Wall time in seconds and the largest process's peak resident set in bytes."""
    t_start_s = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # Linux counts the descendants that were waited for: the peak of the largest of them all.
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - t_start_s
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return wall_s, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="vww")
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    folder = MODELS / arguments.model
    model, data = folder / f"{arguments.model}.keras", folder / "calibration.npz"
    with tempfile.TemporaryDirectory() as work:
        out = Path(work)
        ours = ["--calibration", str(data), "-o", str(out / "tinykit.tflite")]
        commands = {
            "bare": [sys.executable, "-c", BARE, str(model), str(data), str(out / "bare.tflite")],
            "tinykit": [sys.executable, "-m", "tinykit", "convert", str(model), *ours],
        }
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for name, command in commands.items():
            run(command)  # fills the disk cache
            print(f"warm: {name}", file=sys.stderr)
        for i in range(arguments.runs):
            order = list(commands) if i % 2 == 0 else list(reversed(commands))
            for name in order:
                taken[name].append(run(commands[name]))
    result = summarise(arguments.model, taken)
    show(result)
    print(json.dumps(result, indent=2))
    return 0 if holds(result) else 1


def holds(result: dict) -> bool:
    return result["time_ratio"] <= MAX_TIME_RATIO and result["memory_ratio"] <= MAX_MEMORY_RATIO


def summarise(model: str, taken: dict[str, list[tuple[float, float]]]) -> dict:
    medians = {
        name: {
            "median_s": statistics.median(wall_s for wall_s, _ in runs),
            "runs_s": [round(wall_s, 3) for wall_s, _ in runs],
            "peak_bytes": int(statistics.median(peak_bytes for _, peak_bytes in runs)),
        }
        for name, runs in taken.items()
    }
    bare, ours = medians["bare"], medians["tinykit"]
    return {
        "benchmark": "convert_overhead",
        "model": model,
        "cores": os.cpu_count(),
        **medians,
        "time_ratio": round(ours["median_s"] / bare["median_s"], 4),
        "memory_ratio": round(ours["peak_bytes"] / bare["peak_bytes"], 4),
        "max_time_ratio": MAX_TIME_RATIO,
        "max_memory_ratio": MAX_MEMORY_RATIO,
    }


def show(result: dict) -> None:
    print(f"{result['model']:10} {'time':>9} {'peak memory':>13}", file=sys.stderr)
    for name in ("bare", "tinykit"):
        one = result[name]
        print(f"{name:10} {one['median_s']:7.2f} s {one['peak_bytes'] / 1e6:10.1f} MB", file=sys.stderr)
    print(f"{'ratio':10} {result['time_ratio']:9.3f} {result['memory_ratio']:13.3f}", file=sys.stderr)
    limits = f"{'limits':10} {MAX_TIME_RATIO:9.3f} {MAX_MEMORY_RATIO:13.3f}"
    print(f"{limits}  {'pass' if holds(result) else 'miss'}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
