"""What kernels touch: nothing outside their own memory, and that by types that C allows."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from compiler.batch import Compiled, compile_case
from compiler.emulated import ENDS, M4, STARTS, Layout, outputs_on, run_compiled
from compiler.operator_cases import RUNS, Case
from compiler.redzones import PAGE
from compiler.writer import Writer

from tinykit.compiler.registry import find_kernels, kernels_folder

CORES = {
    "m3": ("thumb-freestanding-eabi", "cortex_m3"),
    "m4 without FPU": ("thumb-freestanding-eabi", "cortex_m4"),
}
# A pointer to bytes that becomes one to something larger, which only the types of tk_common.h may.
CAST = re.compile(
    r"\((?!const (?:struct|void)\b)(?:const )?(\w+)(?: \*const)? \*+\)\s*\((?:const )?void \*\)"
)
MAY_ALIAS = {"tk_word", "tk_half", "tk_pointer", "uint8_t", "int8_t"}


def conv(channels: int = 3, outputs: int = 4) -> Case:
    """A convolution of 27 taps, half a chunk of weights, for the kernel with four pixels at a time."""
    rng = np.random.default_rng(5)
    w = Writer()
    x = w.tensor((1, 6, 5, channels), scale=0.5, zero_point=-3)
    y = w.tensor((1, 6, 5, outputs), scale=20.0, zero_point=4)
    weights = rng.integers(-127, 128, (outputs, 3, 3, channels)).astype(np.int8)
    scale = np.full(outputs, 0.5, np.float32)
    filters = w.tensor(weights.shape, scale=scale, axis=0, data=weights)
    bias = rng.integers(-500, 500, outputs).astype(np.int32)
    biases = w.tensor([outputs], "int32", np.float32(0.5) * scale, data=bias)
    w.op("CONV_2D", [x, filters, biases], [y], padding=0, strideH=1, strideW=1)
    inputs = rng.integers(-128, 128, (RUNS, 1, 6, 5, channels)).astype(np.int8)
    return Case("CONV_2D", w.finish([x], [y]), (inputs,))


def compiled(layout: Layout) -> Compiled:
    model = compile_case(conv(), M4, page=PAGE if layout.ends else None)
    assert model.kernels == ("conv_dsp",)
    return model


def touching(model: Compiled, place: str) -> Compiled:
    """The model, which reads one byte at ``place`` before it runs."""
    code = model.emitted.files["model.c"].decode()
    start = "void tk_invoke(void)\n{\n"
    assert start in code
    code = code.replace(start, f"{start}    (void)*((const volatile uint8_t *){place});\n")
    files: Mapping[str, bytes] = {**model.emitted.files, "model.c": code.encode()}
    return replace(model, emitted=replace(model.emitted, files=files))


@pytest.mark.parametrize("side", ["behind a table", "before a table", "behind a tensor", "before the arena"])
def test_a_byte_read_outside_is_seen(side: str, tmp_path: Path) -> None:
    layout = ENDS if side.startswith("behind") else STARTS
    model = compiled(layout)
    table, arena = model.emitted.tables[0], "tk_arena"
    if side == "behind a tensor":
        piece = model.pieces[0]
        inside, outside = (f"{arena} + {piece.start + piece.size_bytes + n}" for n in (-1, 0))
    elif side == "before the arena":
        inside, outside = arena, f"{arena} - 1"
    else:
        last = table.size_bytes - 1 if side == "behind a table" else 0
        step = 1 if last else -1
        inside, outside = (f"{table.name} + {n}" for n in (last, last + step))
        inside, outside = (
            text.replace(table.name, f"(const uint8_t *){table.name}") for text in (inside, outside)
        )
    run_compiled(M4, [touching(model, f"({inside})")], tmp_path, layout)
    with pytest.raises(AssertionError, match="UNMAPPED"):
        run_compiled(M4, [touching(model, f"({outside})")], tmp_path, layout)


@pytest.mark.parametrize("name", ["conv_dsp", "conv_winograd_dsp"])
def test_weights_have_before_them_what_is_loaded_and_no_more(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = conv() if name == "conv_dsp" else wide()
    assert compile_case(case, M4).kernels == (name,)
    outputs_on(M4, [case], tmp_path, STARTS)
    (kernel,) = (one.kernel for one in find_kernels() if one.kernel.name == name)
    module = type(kernel).lower.__globals__
    monkeypatch.setitem(module, "START_WORDS", module["START_WORDS"] + 1)
    with pytest.raises(AssertionError, match="UNMAPPED"):
        outputs_on(M4, [case], tmp_path, STARTS)


def wide() -> Case:
    """A convolution whose rows are multiples of eight outputs and whose channels of four."""
    rng = np.random.default_rng(6)
    w = Writer()
    x = w.tensor((1, 4, 16, 4), scale=0.5, zero_point=0)
    y = w.tensor((1, 4, 16, 8), scale=40.0, zero_point=-128)
    weights = rng.integers(-127, 128, (8, 3, 3, 4)).astype(np.int8)
    scale = np.full(8, 0.5, np.float32)
    filters = w.tensor(weights.shape, scale=scale, axis=0, data=weights)
    biases = w.tensor([8], "int32", np.float32(0.5) * scale, data=np.zeros(8, np.int32))
    w.op("CONV_2D", [x, filters, biases], [y], padding=0, strideH=1, strideW=1)
    inputs = rng.integers(-128, 128, (RUNS, 1, 4, 16, 4)).astype(np.int8)
    return Case("CONV_2D", w.finish([x], [y]), (inputs,))


def test_larger_pieces_of_the_arena_have_types_that_may_alias() -> None:
    found = {
        (file.name, cast)
        for file in kernels_folder().glob("*/*.[ch]")
        for cast in CAST.findall(file.read_text(encoding="utf-8"))
    }
    assert {cast for _, cast in found} >= {"tk_word", "tk_half", "tk_pointer"}
    assert [one for one in sorted(found) if one[1] not in MAY_ALIAS] == []
    for file in kernels_folder().glob("*quantize/*.[ch]"):
        assert not re.search(r"\bfloat \*", file.read_text(encoding="utf-8")), file


@pytest.mark.parametrize("core", CORES)
def test_a_core_without_what_a_kernel_needs_is_refused_in_words(core: str, tmp_path: Path) -> None:
    triple, cpu = CORES[core]
    lacks = {"dsp", "fpu"} if core == "m3" else {"fpu"}
    kernels = [one for one in find_kernels() if one.kernel.needs & lacks and one.kernel.needs & {"dsp"}]
    sources = sorted(
        {(one.folder, name) for one in kernels for name in one.kernel.sources if name.endswith(".c")}
    )
    assert len(sources) >= 5
    for folder, name in sources:
        command = [
            sys.executable,
            "-m",
            "ziglang",
            "cc",
            "-target",
            triple,
            f"-mcpu={cpu}",
            "-c",
            "-o",
            "one.o",
        ]
        command += [f"-I{folder}", f"-I{kernels_folder() / 'common'}", str(folder / name)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode != 0, name
        assert "needs Armv7E-M's DSP extension" in done.stderr, name
