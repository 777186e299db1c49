"""What running on the host costs beyond a bare loop: ``python tests/bench/host_overhead.py``.

The bare loop sets the input, invokes and takes the output, as anybody writes it. Both run on the ``kws``
twin, in turn, on the same samples; the figure is the median of the rounds' ratios. Exit code 1 beyond the
limit.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import numpy as np

MODEL = Path(__file__).resolve().parents[2] / "firmware_models" / "models" / "kws" / "kws.tflite"
MOST = 0.05
SAMPLES, ROUNDS = 200, 15


def measure(rounds: int = ROUNDS, samples: int = SAMPLES) -> dict[str, float]:
    """Median microseconds an inference of both, and what ours takes more (a share)."""
    from tinykit.running.places.host import Host
    from tinykit.running.workload import read_workload
    from tinykit.runtime import choose_runtime

    workload = read_workload(MODEL)
    assert workload.model is not None
    spec = workload.model.inputs[0]
    x = np.random.default_rng(1).integers(-128, 128, (samples, *spec.row_shape)).astype(np.int8)
    native = choose_runtime().interpreter(workload.model.content)._native
    into, out = native.get_input_details()[0]["index"], native.get_output_details()[0]["index"]
    bare, ours = [], []
    with Host().open(workload) as session:
        session.infer((x[:10],))
        for _ in range(rounds):
            start = time.perf_counter()
            for row in x:
                native.set_tensor(into, row[np.newaxis])
                native.invoke()
                native.get_tensor(out)
            bare.append(time.perf_counter() - start)
            start = time.perf_counter()
            session.infer((x,))
            ours.append(time.perf_counter() - start)
    ratio = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
    scale = 1e6 / samples
    return {
        "bare_us": statistics.median(bare) * scale,
        "ours_us": statistics.median(ours) * scale,
        "overhead": ratio - 1,
    }


if __name__ == "__main__":
    found = measure()
    print(f"bare {found['bare_us']:.1f} µs, ours {found['ours_us']:.1f} µs an inference")
    said = "pass" if found["overhead"] <= MOST else "miss"
    print(f"overhead {found['overhead']:.1%} (limit {MOST:.0%}): {said}")
    sys.exit(found["overhead"] > MOST)
