"""Compilers that are there and do not work."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tinykit.errors import BuildError
from tinykit.toolchain import find_toolchain
from tinykit.toolchain.process import run_compiler

# What is wrong: what the program does, what the error says.
BROKEN = {
    "fails": ("echo 'cannot open shared object' >&2; exit 3", "cannot open shared object"),
    "fails and says nothing": ("exit 127", "127"),
    "answers nonsense": ("echo '<html>Sign in</html>'", "<html>"),
    "answers nothing": ("", "no version"),
}


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
@pytest.mark.parametrize("case", BROKEN)
def test_a_version_that_cannot_be_had_is_told_with_the_way_out(
    tmp_path, monkeypatch, toolchain, case
) -> None:
    text, says = BROKEN[case]
    script(tmp_path / "arm-none-eabi-gcc", text)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("tinykit.toolchain.zig.zig_command", lambda: [str(tmp_path / "arm-none-eabi-gcc")])
    find_toolchain("zig").version.__globals__["_version"].cache_clear()
    with pytest.raises(BuildError) as caught:
        find_toolchain(toolchain).version()
    assert caught.value.code == "COMPILER_BROKEN"
    assert says in caught.value.message
    assert "install" in caught.value.hint


@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
def test_a_file_that_is_no_program(tmp_path, monkeypatch, toolchain) -> None:
    program = tmp_path / "arm-none-eabi-gcc"
    program.write_bytes(b"\x7fELF")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tinykit.toolchain.zig.zig_command", lambda: [str(program)])
    find_toolchain("zig").version.__globals__["_version"].cache_clear()
    with pytest.raises(BuildError) as caught:
        find_toolchain(toolchain).version()
    assert caught.value.code == "COMPILER_BROKEN"
    with pytest.raises(BuildError) as compiling:
        run_compiler([str(program)], tmp_path)
    assert compiling.value.code == "COMPILER_BROKEN"


def test_a_version_is_what_the_compiler_says() -> None:
    assert find_toolchain("zig").version().count(".") == 2


def test_a_compiler_that_hangs_ends(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tinykit.toolchain.process._LIMIT_S", 0.2)
    with pytest.raises(BuildError) as caught:
        run_compiler([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path)
    assert caught.value.code == "COMPILER_TIMEOUT"
