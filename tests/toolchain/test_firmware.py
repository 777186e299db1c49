"""Images out of real compilers."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import hand_model
import pytest

from tinykit.boards import Memory, load_board
from tinykit.errors import BuildError, InputError, MissingExtraError, UsageError
from tinykit.toolchain import build_image, find_toolchain, read_image, write_firmware
from tinykit.toolchain.firmware import board_header, linker_script

GCC = "arm-none-eabi-gcc"


@pytest.mark.parametrize("board", ["virtual-m4", "virtual-m0"])
def test_same_inputs_give_the_same_image_wherever_they_lie(tmp_path: Path, board: str) -> None:
    first = hand_model.build(tmp_path / "a", board)
    second = hand_model.build(tmp_path / "elsewhere" / "b", board)
    assert first.sha256 == second.sha256
    assert str(tmp_path).encode() not in first.elf.read_bytes()
    other = hand_model.build(tmp_path / "c", board, in_layer="count++;")
    assert other.sha256 != first.sha256


@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
def test_memories_vectors_and_symbols(tmp_path: Path, toolchain: str, require: Callable[[str], Path]) -> None:
    if toolchain == "gcc":
        require(GCC)
    board = load_board("virtual-m4")
    image = read_image(hand_model.build(tmp_path, toolchain=toolchain).elf)
    flash = next(s for s in image.segments if s.load_address == board.flash.origin).data
    stack, start = (int.from_bytes(flash[at : at + 4], "little") for at in (0, 4))
    assert stack == board.ram.origin + board.stack_bytes == image.find("tk_stack_top").address
    assert start == image.find("tk_reset_handler").address | 1 == image.entry
    assert image.find("tk_stack_limit").address == board.ram.origin
    assert image.locate(image.find("tk_invoke").address + 2) == "tk_invoke+0x2"
    for name in ("tk_layer_00_multiply", "tk_layer_01_count", "tk_run"):
        assert image.find(name).size_bytes > 0


def test_gcc_gives_the_same_image_twice(tmp_path: Path, require: Callable[[str], Path]) -> None:
    require(GCC)
    built = [hand_model.build(tmp_path / name, toolchain="gcc").sha256 for name in "ab"]
    assert built[0] == built[1]


def test_a_compiler_that_fails_says_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(BuildError) as caught:
        hand_model.build(tmp_path / "kept", in_layer="undeclared(1);")
    assert caught.value.code == "COMPILER_FAILED"
    assert "undeclared" in caught.value.message
    assert str(tmp_path / "kept") in caught.value.hint
    assert "undeclared" in (tmp_path / "kept" / "compiler.log").read_text()
    assert (tmp_path / "kept" / "model.c").is_file()


@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
def test_what_the_linker_finds_no_room_for_is_told_in_bytes(
    tmp_path: Path, toolchain: str, require: Callable[[str], Path]
) -> None:
    if toolchain == "gcc":
        require(GCC)
    board = load_board("virtual-m4")
    small = replace(board, flash=Memory(board.flash.origin, 4096))
    top = "const unsigned char big[8192] = {1};"
    hand_model.write(tmp_path, top=top, in_layer="count = (int8_t)(count + big[(unsigned char)count]);")
    with pytest.raises(BuildError) as caught:
        build_image(small, tmp_path, ["model.c"], ["."], toolchain=toolchain)
    assert caught.value.code == "BOARD_TOO_SMALL"
    found = re.search(r"is ([\d,]+) bytes larger than the board's FLASH", caught.value.message)
    assert found is not None
    enough = replace(small, flash=Memory(small.flash.origin, 4096 + int(found[1].replace(",", ""))))
    build_image(enough, tmp_path, ["model.c"], ["."], toolchain=toolchain)
    short = replace(small, flash=Memory(small.flash.origin, enough.flash.size_bytes - 4))
    with pytest.raises(BuildError):
        build_image(short, tmp_path, ["model.c"], ["."], toolchain=toolchain)


def test_a_missing_compiler_names_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ziglang" else real(name))
    with pytest.raises(MissingExtraError) as missing:
        hand_model.build(tmp_path)
    assert "tinykit[build]" in missing.value.hint
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError) as absent:
        hand_model.build(tmp_path, toolchain="gcc")
    assert absent.value.code == "COMPILER_MISSING"
    with pytest.raises(InputError) as unknown:
        find_toolchain("msvc")
    assert unknown.value.code == "TOOLCHAIN_UNKNOWN"


def test_a_chip_that_is_not_there_is_refused(tmp_path: Path) -> None:
    board = load_board("virtual-m4")
    with pytest.raises(InputError) as chip:
        write_firmware(replace(board, chip="z80"), tmp_path)
    assert chip.value.code == "BOARD_CHIP"
    assert "mps2" in chip.value.hint


def test_a_board_without_a_mailbox_gets_the_dialect_alone(tmp_path: Path) -> None:
    board = replace(load_board("virtual-m4"), mailbox=None)
    hand_model.write(tmp_path)
    image = read_image(build_image(board, tmp_path, ["model.c"], ["."], strict=True).elf)
    names = {symbol.name for symbol in image.symbols}
    assert "tk_wire_serve" in names
    assert not any("mailbox" in name for name in names)


def test_the_boards_facts_reach_header_and_script() -> None:
    board = load_board("virtual-m0")
    header = board_header(board)
    assert "#define TK_CLOCK_HZ 0x2dc6c00u" in header
    assert "#define TK_MAILBOX_BASE 0x21000000u" in header
    script = linker_script(board, "@FLASH_ORIGIN@ @FLASH_BYTES@ @RAM_ORIGIN@ @RAM_BYTES@ @STACK_BYTES@")
    assert script == "0x0 0x40000 0x20000000 0x8000 0x800"


def test_memory_functions_are_the_standards(
    tmp_path: Path, require: Callable[[str], Path], checkout: Path
) -> None:
    gcc = require("gcc")
    firmware = checkout / "firmware_models" / "firmware"
    (tmp_path / "check.c").write_text(
        """
        #include <stdlib.h>
        #include <string.h>
        #define memcpy tk_memcpy
        #define memmove tk_memmove
        #define memset tk_memset
        #define memcmp tk_memcmp
        void *tk_memcpy(void *restrict, const void *restrict, size_t);
        void *tk_memmove(void *, const void *, size_t);
        void *tk_memset(void *, int, size_t);
        int tk_memcmp(const void *, const void *, size_t);
        #include "memory.c"
        #undef memcpy
        #undef memmove
        #undef memset
        #undef memcmp
        static int sign(int x) { return (x > 0) - (x < 0); }
        int main(void) {
            unsigned char a[64], b[64], c[64];
            srand(1);
            for (int n = 0; n < 20000; n++) {
                for (int i = 0; i < 64; i++) { a[i] = (unsigned char)(rand() & 3); c[i] = b[i] = a[63 - i]; }
                size_t x = (size_t)rand() % 32, y = (size_t)rand() % 32, s = (size_t)rand() % 32;
                tk_memcpy(b + x, a + y, s); memcpy(c + x, a + y, s);
                if (memcmp(b, c, 64)) return 1;
                tk_memmove(b + x, b + y, s); memmove(c + x, c + y, s);
                if (memcmp(b, c, 64)) return 2;
                tk_memset(b + y, rand(), 0);
                int v = rand();
                tk_memset(b + y, v, s); memset(c + y, v, s);
                if (memcmp(b, c, 64)) return 3;
                if (sign(tk_memcmp(a + x, a + y, s)) != sign(memcmp(a + x, a + y, s))) return 4;
            }
            return 0;
        }
        """
    )
    program = tmp_path / "check"
    words = [
        gcc,
        "-O2",
        "-fsanitize=undefined",
        "-fno-sanitize-recover",
        "check.c",
        f"-I{firmware}",
        "-o",
        program,
    ]
    subprocess.run(words, cwd=tmp_path, check=True, timeout=120)
    assert subprocess.run([program], check=False, timeout=60).returncode == 0


def test_the_how_to_names_every_key_of_a_board(checkout: Path) -> None:
    page = (checkout / "docs" / "how-to" / "add-a-board.md").read_text()
    text = Path(load_board("virtual-m4").source_path).read_text()
    keys = re.findall(r"^(\w+) =", text.partition("[flash]")[0], re.MULTILINE)
    assert {"core", "clock_hz", "stack_bytes", "flash_wait_states"} <= set(keys)
    silent = {"name", "title", "chip", "flash_command"}
    tables = set(re.findall(r"^\[(\w+)\]", text, re.MULTILINE)) - {"flash"}
    for key in [*(set(keys) - silent), *(f"[{name}]" for name in tables)]:
        assert f"`{key}`" in page or key in page.partition("```")[2], key
