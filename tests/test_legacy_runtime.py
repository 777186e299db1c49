"""`tinykit[runtime-legacy]` in an environment of its own, as on a Raspberry Pi: NumPy 1, no TensorFlow."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="tflite-runtime 2.14 is for Python 3.11"),
]

# Runs in both environments: outputs of every sample, and the logits that the softmax gets.
INFER = """
import json, sys
from pathlib import Path
import numpy as np
from tinykit.datasets import load_dataset
from tinykit.graph.reader import parse_model
from tinykit.runtime import choose_runtime, infer

model, data, out = Path(sys.argv[1]).read_bytes(), load_dataset(Path(sys.argv[2])), sys.argv[3]
runtime = choose_runtime()
(softmax,) = [op for op in parse_model(model).subgraphs[0].operators if op.name == "SOFTMAX"]
interpreter = runtime.interpreter(model, reference=True, preserve_all_tensors=True)
logits = []
for sample in interpreter.inputs[0].accept(data.x):
    interpreter.invoke(sample[None])
    logits.append(interpreter.tensor(softmax.inputs[0])[0])
np.savez(out, outputs=infer(runtime, model, data.x), logits=np.array(logits), y=data.y)
print(json.dumps({"name": runtime.name, "version": runtime.version, "is_oracle": runtime.is_oracle}))
"""


@pytest.fixture(scope="module")
def legacy(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """The ``bin`` folder of an environment with ``tinykit[runtime-legacy]`` and nothing else."""
    folder = tmp_path_factory.mktemp("legacy")
    venv.create(folder, with_pip=True)
    # Without constraints.txt: it pins NumPy 2.
    install = [folder / "bin" / "python", "-m", "pip", "install", "-q", "-e", f"{checkout}[runtime-legacy]"]
    done = subprocess.run(install, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def _run(*words: str | Path) -> str:
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_environment_is_the_old_one(legacy: Path) -> None:
    listed = json.loads(_run(legacy / "python", "-m", "pip", "list", "--format", "json"))
    versions = {package["name"]: package["version"] for package in listed}
    assert versions["numpy"].startswith("1.26.")
    assert versions["tflite-runtime"] == "2.14.0"
    assert not {"tensorflow", "keras", "ai-edge-litert"} & versions.keys()


def test_inspect_says_the_same_as_here(legacy: Path, digits: Any) -> None:
    there = json.loads(_run(legacy / "tinykit", "inspect", "--json", digits.tflite))
    here = json.loads(_run(sys.executable, "-m", "tinykit", "inspect", "--json", digits.tflite))
    assert there == here
    assert there["schema"] == "tinykit.inspect"


def test_host_inference_decides_as_here_and_is_no_oracle(legacy: Path, digits: Any, tmp_path: Path) -> None:
    script = tmp_path / "infer.py"
    script.write_text(INFER, encoding="utf-8")

    def run(python: str | Path, out: Path) -> tuple[dict[str, Any], Any]:
        words = _run(python, script, digits.tflite, digits.eval, out)
        return json.loads(words.splitlines()[-1]), np.load(out)

    runtime, there = run(legacy / "python", tmp_path / "there.npz")
    oracle, here = run(sys.executable, tmp_path / "here.npz")
    assert runtime == {"name": "tflite-runtime", "version": "2.14.0", "is_oracle": False}
    assert oracle["is_oracle"]
    assert there["outputs"].dtype == here["outputs"].dtype == np.int8
    assert len(here["y"]) > 500

    # The two round a dense layer differently: a logit may be one step off, which softmax then stretches.
    logits = np.abs(there["logits"].astype(int) - here["logits"].astype(int))
    assert logits.max() <= 1
    assert np.mean(logits > 0) < 0.01
    decided = there["outputs"].argmax(axis=1)
    assert np.array_equal(decided, here["outputs"].argmax(axis=1))
    assert np.mean(decided == here["y"]) > 0.96


def test_converting_names_the_extra_that_is_missing(legacy: Path, digits: Any, tmp_path: Path) -> None:
    words = [legacy / "tinykit", "convert", digits.keras, "--calibration", digits.calibration]
    done = subprocess.run([*words, "-o", tmp_path / "m.tflite"], capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "tinykit[convert]" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
