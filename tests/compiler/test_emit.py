"""The emitted folder: the same every time, complete, and warning-free for a stranger's compiler."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from compiler.writer import Writer

from tinykit.compiler.build import CompiledModel, compile_graph, write_c
from tinykit.compiler.emit.identity import identity_of
from tinykit.compiler.emit.text import initializer, number
from tinykit.errors import TinykitError, UsageError
from tinykit.graph.model import Graph
from tinykit.graph.reader import parse_model, read_model

HOSTILE = '"; system("x");// */ \n#include "/etc/passwd"'


def hostile(graph: Graph) -> Graph:
    """The graph with every name in it replaced by one that would do harm in C."""
    main = replace(
        graph.main, name=HOSTILE, tensors=tuple(replace(t, name=HOSTILE) for t in graph.main.tensors)
    )
    return replace(graph, subgraphs=(main, *graph.subgraphs[1:]), description=HOSTILE)


@pytest.fixture(scope="module")
def compiled(checkout: Path) -> CompiledModel:
    return compile_graph(read_model(checkout / "firmware_models" / "models" / "digits" / "digits.tflite"))


def test_the_same_model_gives_the_same_bytes(digits, compiled):
    again = compile_graph(read_model(digits.tflite))
    assert again.emitted.files == compiled.emitted.files


def test_names_in_the_file_change_nothing(digits, compiled):
    made = compile_graph(hostile(read_model(digits.tflite)))
    assert made.emitted.files == compiled.emitted.files


def test_state_s_name_does_not_reach_the_code(wakeword_models):
    made = compile_graph(read_model(wakeword_models[0]))
    assert b"stream" not in made.emitted.files["model.c"]
    assert made.state_bytes > 0


def test_the_header_says_what_the_model_is(compiled):
    header = compiled.emitted.files["model.h"].decode()
    facts = dict(re.findall(r"^#define (TK_\w+) (.+)$", header, re.MULTILINE))
    assert facts["TK_MODEL_SHA256"] == f'"{compiled.program.source_sha256}"'
    assert facts["TK_INPUT_0_SHAPE"] == "{1, 8, 8, 1}"
    assert facts["TK_OUTPUT_0_BYTES"] == "10"
    assert float.fromhex(facts["TK_OUTPUT_0_SCALE"].rstrip("f")) == 1 / 256
    assert facts["TK_ARENA_BYTES"] == str(compiled.arrangement.arena_bytes)
    assert facts["TK_INPUT_ENCODING"] == "TK_ENCODING_RAW"


def test_each_layer_is_a_function_called_in_order(compiled):
    source = compiled.emitted.files["model.c"].decode()
    calls = source[source.index("void tk_invoke(void)") :].split("}")[0]
    names = [f"tk_{layer.name}" for layer in compiled.program.layers]
    assert re.findall(r"(tk_layer_\w+)\(\);", calls) == names
    assert all(f"static TK_NOINLINE void {name}(void)" in source for name in names)


def test_only_the_kernels_that_are_used_are_there(compiled):
    files = set(compiled.emitted.files)
    assert "kernels/tk_conv.c" in files
    assert not any("concat" in name for name in files)


def test_mlperf_names_the_model_and_its_encoding(digits):
    made = compile_graph(read_model(digits.tflite), mlperf="ic01")
    header = made.emitted.files["model.h"].decode()
    assert '#define TK_MODEL_ID "ic01"' in header
    assert "#define TK_INPUT_ENCODING TK_ENCODING_UINT8_MINUS_128" in header
    with pytest.raises(UsageError):
        identity_of("0" * 64, "ic02")


def test_equal_tables_are_stored_once():
    w = Writer()
    values = [w.tensor([1, 2, 2, 2], scale=0.5) for _ in range(3)]
    weights = w.tensor([2, 1, 1, 2], scale=[0.01, 0.01], data=np.arange(4))
    for a, b in itertools.pairwise(values):
        w.op("CONV_2D", [a, weights], [b], strideH=1, strideW=1, padding=1)
    made = compile_graph(parse_model(w.finish(values[:1], values[2:])))
    assert made.emitted.files["weights.c"].decode().count("const int8_t tk_layer") == len(
        [t for t in made.emitted.tables if t.c_type == "int8_t"]
    )
    assert sum(t.name.endswith("_weights") for t in made.emitted.tables) == 1


@pytest.mark.parametrize(
    ("value", "c_type", "text"),
    [
        (-128, "int8_t", "-128"),
        (200, "uint8_t", "200u"),
        (-(2**31), "int32_t", "(-2147483647 - 1)"),
        (-(2**63), "int64_t", "(-9223372036854775807LL - 1)"),
        (2**32 - 1, "uint32_t", "4294967295u"),
        (0.1, "float", "0x1.99999a0000000p-4f"),
    ],
)
def test_numbers_are_literals_of_their_type(value, c_type, text):
    assert number(value, c_type) == text


@pytest.mark.parametrize(("value", "c_type"), [(128, "int8_t"), (-1, "uint32_t"), (1, "long"), (1, "int9_t")])
def test_numbers_that_do_not_fit_are_refused(value, c_type):
    with pytest.raises(TinykitError):
        number(value, c_type)


def test_long_tables_are_wrapped():
    lines = initializer(np.arange(1000), "int32_t").split("\n")
    assert max(map(len, lines)) <= 100
    assert len(lines) > 10


def test_the_example_builds_and_runs(compiled, tmp_path):
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("gcc and clang are absent")
    write_c(compiled, tmp_path)
    flags = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
    include = [f"-I{path}" for path in compiled.emitted.include]
    sources = ["example/main.c", *compiled.emitted.sources]
    subprocess.run([compiler, *flags, *include, *sources, "-o", "example/run"], cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "example" / "run"], capture_output=True, text=True, check=True)
    stored = list(map(int, done.stdout.split()))
    assert len(stored) == 10
    # A softmax: the probabilities add up to one, at 1/256 each.
    assert sum(x + 128 for x in stored) == pytest.approx(256, abs=5)
