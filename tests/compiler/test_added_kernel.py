"""The how-to *Add a kernel* works as it stands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from compiler import operator_cases
from compiler.host import host_compiler
from compiler.operator_cases import Case
from compiler.oracle import expected
from compiler.writer import Writer

from tinykit.compiler.build import CompiledModel, compile_graph, write_c
from tinykit.compiler.registry import find_kernels, load_kernel
from tinykit.errors import ModelError
from tinykit.graph.reader import parse_model

RUN = """
#include <stdio.h>
#include "model.h"

int main(void)
{
    tk_reset();
    while (fread(tk_input(0), 1, TK_INPUT_0_BYTES, stdin) == TK_INPUT_0_BYTES) {
        tk_invoke();
        fwrite(tk_output(TK_LAST), 1, TK_OUTPUT_0_BYTES, stdout);
    }
    return 0;
}
"""


@pytest.fixture
def blocks(checkout: Path) -> list[tuple[str, str]]:
    """(language, text) of every block of the page."""
    text = (checkout / "docs" / "how-to" / "add-a-kernel.md").read_text(encoding="utf-8")
    return re.findall(r"```(python|c)\n(.*?)```", text, re.DOTALL)


def block(blocks, word: str) -> str:
    (found,) = [text for _, text in blocks if word in text]
    return found


def absolute(scale: float = 0.5) -> bytes:
    w = Writer()
    x, y = w.tensor([1, 256], scale=0.5, zero_point=3), w.tensor([1, 256], scale=scale, zero_point=-7)
    w.op("ABS", [x], [y])
    return w.finish([x], [y])


def compiled(model: bytes, folder: Path) -> CompiledModel:
    return compile_graph(parse_model(model), kernels=[*find_kernels(), load_kernel(folder)])


def outputs(made: CompiledModel, out: Path, rows: np.ndarray) -> np.ndarray:
    """The model's last output for each row, by the emitted C."""
    write_c(made, out)
    (out / "run.c").write_text(RUN)
    include = [f"-I{path}" for path in made.emitted.include]
    last = f"-DTK_LAST={len(made.program.outputs) - 1}"
    warnings = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
    command = [*host_compiler(), *warnings, last, *include, "run.c", *made.emitted.sources, "-o", "run"]
    subprocess.run(command, cwd=out, check=True)
    done = subprocess.run([out / "run"], input=rows.tobytes(), capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.int8).reshape(rows.shape)


def test_the_operator_equals_the_reference(blocks, tmp_path):
    folder = tmp_path / "absolute"
    folder.mkdir()
    (folder / "kernel.py").write_text(block(blocks, "OPERATORS = "))
    stored = np.arange(-128, 128, dtype=np.int8).reshape(1, 1, 256)
    case = Case("ABS", absolute(), (stored,))
    got = outputs(compiled(case.model, folder), tmp_path / "out", stored)
    np.testing.assert_array_equal(got, expected(case)[0])


def test_the_generator_makes_models_that_the_operator_takes(blocks, tmp_path):
    (tmp_path / "kernel.py").write_text(block(blocks, "OPERATORS = "))
    names = dict(vars(operator_cases))
    exec(block(blocks, "def absolute(rng: Rng)"), names)
    case = names["absolute"](np.random.default_rng(5))
    got = outputs(compiled(case.model, tmp_path), tmp_path / "out", case.inputs[0])
    np.testing.assert_array_equal(got, expected(case)[0])


def test_the_files_to_try_it_on_have_the_layers_that_the_page_says(blocks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(block(blocks, "abs.tflite"), {})
    (tmp_path / "kernel.py").write_text(block(blocks, "OPERATORS = "))
    layers = {
        name: [
            type(layer.attributes).__name__
            for layer in compiled((tmp_path / f"{name}.tflite").read_bytes(), tmp_path).program.layers
        ]
        for name in ("abs", "copy")
    }
    assert layers == {"abs": ["Absolute"], "copy": ["Lookup", "Copy"]}


def test_the_operators_refusal_names_it(blocks, tmp_path):
    (tmp_path / "kernel.py").write_text(block(blocks, "OPERATORS = "))
    with pytest.raises(ModelError, match=r"Operator 0 \(ABS\)"):
        compiled(absolute(0.25), tmp_path)


def test_the_kernel_is_chosen_where_it_can_and_is_cheapest(blocks, tmp_path):
    folder = tmp_path / "copy_words"
    folder.mkdir()
    (folder / "tk_copy_words.h").write_text(block(blocks, "#ifndef TK_COPY_WORDS_H"))
    (folder / "tk_copy_words.c").write_text(block(blocks, "const tk_word *from"))
    (folder / "kernel.py").write_text(block(blocks, "class CopyWords"))
    for size, kernel in ((8, "copy_words"), (6, "copy")):
        w = Writer()
        x, y, constant, same = (
            w.tensor([1, size], scale=0.5, data=np.arange(size) if k == 2 else None) for k in range(4)
        )
        w.op("RELU", [x], [y])
        w.op("RESHAPE", [constant, w.constant([1, size])], [same])
        made = compiled(w.finish([x], [y, same]), folder)
        assert made.choices[1].installed.kernel.name == kernel
        got = outputs(made, tmp_path / f"out{size}", np.zeros((1, size), np.int8))
        np.testing.assert_array_equal(got, [np.arange(size)])
