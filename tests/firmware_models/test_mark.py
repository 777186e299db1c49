"""tk_mark.h on every platform it knows, by stand-ins: what it compiles to, and what it does to the pins."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from mark_platforms import PLATFORMS, STM32_REGISTERS, Platform

from tinykit.toolchain.zig import zig_command, zig_environment

STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Wundef", "-Werror")
NOTE = "static inline void note(const char *what, long pin, long value)"
PROGRAM = """
{head}
{pins}
#include "tk_mark.h"
{main}
"""
MAIN = """
int main(void)
{
    tk_mark_init();
    for (int phase = 0; phase < 256; phase += 51) {
        note("phase", phase, 0);
        tk_mark_phase((uint8_t)phase);
    }
    return 0;
}
"""
PRINTS = f'#include <stdio.h>\n{NOTE}\n{{ printf("%s %ld %ld\\n", what, pin, value); }}\n'
# The same without a C library, for a compiler of microcontrollers.
QUIET = f"extern volatile long seen;\nvolatile long seen;\n{NOTE}\n{{ (void)what; seen = pin + value; }}\n"


def write(
    folder: Path, platform: Platform, head: str, pins: int = 8, main: str = MAIN, more: str = ""
) -> None:
    for name, text in platform.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    defines = "\n".join(f"#define TK_MARK_PIN{n} {platform.pin % n}" for n in range(pins))
    head = f"{head}{platform.first}\n{more}"
    text = PROGRAM.format(head=head, pins=defines, main=main)
    (folder / "main.c").write_text(text)
    (folder / "main.cpp").write_text(text)


@pytest.fixture
def firmware(checkout: Path) -> Path:
    return checkout / "firmware_models" / "firmware"


def words(platform: Platform, firmware: Path, language: str) -> list[str]:
    standard = ["-std=c99", "main.c"] if language == "c" else ["-std=c++11", "main.cpp"]
    return [*STRICT, f"-D{platform.flag}", "-I.", f"-I{firmware}", *standard]


def run(folder: Path, *command: object) -> str:
    done = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def expected(platform: Platform, pins: int = 8, invert: bool = False) -> list[str]:
    def levels(phase: int) -> list[str]:
        return [f"write {n} {(phase >> n & 1) ^ invert}" for n in range(pins)]

    lines = [platform.setup % n for n in range(pins)] + levels(0)
    for phase in range(0, 256, 51):
        lines += [f"phase {phase} 0", *levels(phase)]
    return lines


@pytest.mark.parametrize("language", ["c", "c++"])
@pytest.mark.parametrize("name", PLATFORMS)
def test_pins_show_the_phase(
    tmp_path: Path, firmware: Path, name: str, language: str, require: Callable[[str], Path]
) -> None:
    compiler = require("gcc" if language == "c" else "g++")
    write(tmp_path, PLATFORMS[name], PRINTS)
    run(tmp_path, compiler, *words(PLATFORMS[name], firmware, language), "-o", "main")
    assert run(tmp_path, tmp_path / "main").splitlines() == expected(PLATFORMS[name])


@pytest.mark.parametrize("language", ["c", "c++"])
@pytest.mark.parametrize("name", PLATFORMS)
def test_zig_takes_it_for_a_microcontroller(
    tmp_path: Path, firmware: Path, name: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in zig_environment().items():
        monkeypatch.setenv(key, value)
    write(tmp_path, PLATFORMS[name], QUIET)
    place = ["-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m4+vfp4d16sp", "-c", "-o", "main.o"]
    zig = [*zig_command(), "cc" if language == "c" else "c++"]
    run(tmp_path, *zig, *place, *words(PLATFORMS[name], firmware, language))


def test_stm32_registers(tmp_path: Path, firmware: Path, require: Callable[[str], Path]) -> None:
    main = """
    int main(void)
    {
        port_b.MODER = 0xFFFFFFFFu;
        port_b.OTYPER = 0xFFFFu;
        tk_mark_init();
        printf("%08x %04x %08x\\n", port_b.MODER, port_b.OTYPER, port_b.BSRR);
        tk_mark_phase(1);
        printf("%08x\\n", port_b.BSRR);
        return 0;
    }
    """
    platform = Platform("USE_FULL_LL_DRIVER", "GPIOB, 5", {"ll.h": STM32_REGISTERS}, '#include "ll.h"')
    head = f"{PRINTS}{platform.first}\n"
    text = PROGRAM.format(head=head, pins="#define TK_MARK_PIN0 GPIOB, 5", main=main)
    (tmp_path / "ll.h").write_text(STM32_REGISTERS)
    (tmp_path / "main.c").write_text(text)
    options = [word for word in words(platform, firmware, "c") if word != "-Wextra"]
    run(tmp_path, require("gcc"), *options, "-Wno-unused-function", "-o", "main")
    assert run(tmp_path, tmp_path / "main").split() == ["fffff7ff", "ffdf", "00200000", "00000020"]


def test_one_pin_inverted_and_none_at_all(
    tmp_path: Path, firmware: Path, require: Callable[[str], Path]
) -> None:
    platform = PLATFORMS["generic"]
    for more, lines in (
        ("#define TK_MARK_ACTIVE_LOW", expected(platform, 1, invert=True)),
        ("#define TK_MARK_OFF", [f"phase {phase} 0" for phase in range(0, 256, 51)]),
    ):
        write(tmp_path, platform, PRINTS, pins=1, more=more)
        run(tmp_path, require("gcc"), *words(platform, firmware, "c"), "-o", "main")
        assert run(tmp_path, tmp_path / "main").splitlines() == lines


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("#define TK_MARK_PIN0 1", "does not know this platform"),
        ("#define TK_MARK_WRITE(pin, high)\n#define TK_MARK_SETUP(pin)", "define TK_MARK_PIN0"),
        ("#define TK_MARK_WRITE(pin, high)\n#define TK_MARK_PIN0 1", "needs TK_MARK_SETUP"),
        ("#define TK_MARK_OFF\n#define TK_MARK_PIN0 1\n#define TK_MARK_PIN2 1", "must not leave a gap"),
    ],
)
def test_what_is_missing_is_said(
    tmp_path: Path, firmware: Path, head: str, says: str, require: Callable[[str], Path]
) -> None:
    (tmp_path / "main.c").write_text(f'{head}\n#include "tk_mark.h"\n')
    command = [require("gcc"), "-fsyntax-only", f"-I{firmware}", "main.c"]
    done = subprocess.run([*map(str, command)], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert says in done.stderr


def test_every_platform_that_the_header_recognises_is_tested(firmware: Path) -> None:
    text = (firmware / "tk_mark.h").read_text()
    chosen = set(re.findall(r"^#define (TK_MARK_[A-Z0-9_]+)$", text, re.MULTILINE)) - {"TK_MARK_H"}
    assert len(chosen) == 7
    # The registers have a test of their own, and "generic" is no platform.
    assert len(chosen - {"TK_MARK_STM32"}) == len(PLATFORMS) - 1
