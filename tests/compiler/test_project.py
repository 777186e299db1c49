"""The folder in a stranger's CMake project."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tinykit.boards import load_board
from tinykit.compiler.build import compile_graph, write_c
from tinykit.compiler.image import build_model
from tinykit.graph.reader import read_model

BARE = "-ffreestanding -mthumb"  # Debian's compiler comes without a C library
ARM = ("-DCMAKE_SYSTEM_NAME=Generic", "-DCMAKE_C_COMPILER=arm-none-eabi-gcc")
ARM_LIBRARY = (*ARM, "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY")


@pytest.fixture
def cmake(require: Callable[[str], Path]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs CMake: Debian's, or the one that pip brought."""
    program = shutil.which("cmake", path=str(Path(sys.executable).parent)) or require("cmake")
    require("make")

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, *words], capture_output=True, text=True, timeout=120, check=False)

    return run


def test_a_portable_model_is_a_library_and_an_example(cmake, digits, tmp_path: Path) -> None:
    write_c(compile_graph(read_model(digits.tflite)), tmp_path / "out")
    assert cmake("-S", tmp_path / "out", "-B", tmp_path / "b").returncode == 0
    built = cmake("--build", tmp_path / "b", "--target", "tinykit_model", "tinykit_example")
    assert built.returncode == 0, built.stdout + built.stderr
    shown = subprocess.run([tmp_path / "b" / "tinykit_example"], capture_output=True, text=True, check=True)
    assert len(shown.stdout.split()) == 10


def test_a_model_for_the_dsp_extension_warns_of_other_flags_and_names_the_right_ones(
    cmake, digits, require: Callable[[str], Path], tmp_path: Path
) -> None:
    require("arm-none-eabi-gcc")
    out = tmp_path / "out"
    build_model(digits.tflite, load_board("virtual-m4"), out, c_only=True)
    for name, words in (("host", ()), ("m3", (*ARM_LIBRARY, f"-DCMAKE_C_FLAGS={BARE} -mcpu=cortex-m3"))):
        warned = cmake("-S", out, "-B", tmp_path / name, *words)
        assert warned.returncode == 0
        said = " ".join(warned.stderr.split())
        assert "a core with DSP and FPU" in said
        refused = cmake("--build", tmp_path / name, "--target", "tinykit_model")
        assert refused.returncode != 0
        assert "#error" in refused.stderr
    flags = said.partition("as in ")[2].partition(",")[0]
    assert "cortex-m4" in flags
    accepted = cmake("-S", out, "-B", tmp_path / "m4", *ARM_LIBRARY, f"-DCMAKE_C_FLAGS={flags} {BARE}")
    assert (accepted.returncode, accepted.stderr) == (0, "")
    built = cmake("--build", tmp_path / "m4", "--target", "tinykit_model")
    assert built.returncode == 0, built.stdout + built.stderr


def test_inside_a_project_for_the_core_the_folder_is_all(
    cmake, digits, require: Callable[[str], Path], tmp_path: Path
) -> None:
    require("arm-none-eabi-gcc")
    build_model(digits.tflite, load_board("virtual-m4"), tmp_path / "model", c_only=True)
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nset(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)\n"
        f"project(p C)\nadd_compile_options({BARE} -mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16)\n"
        "add_subdirectory(model)\n"
    )
    done = cmake("-S", tmp_path, "-B", tmp_path / "b", *ARM)
    assert (done.returncode, done.stderr) == (0, "")
    assert cmake("--build", tmp_path / "b", "--target", "tinykit_model").returncode == 0
