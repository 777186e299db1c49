"""Numbers as the firmware prints them, against Python's exact arithmetic."""

from __future__ import annotations

import math
import struct
import subprocess
from collections.abc import Callable, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from compiler.batch import WARNINGS
from compiler.host import UNDEFINED, host_compiler

_MAIN = """
#include <stdio.h>
#include <string.h>
#include "tk_port.h"
#include "wire.h"
void tk_uart_put(uint8_t byte) { putchar(byte); }
int main(void)
{
    struct { uint64_t whole; int32_t exponent; uint32_t mode; } row;
    while (fread(&row, sizeof row, 1, stdin) == 1) {
        const uint32_t bits = (uint32_t)row.whole;
        float value;
        memcpy(&value, &bits, sizeof value);
        if (row.mode == 4) { tk_say_decimal(row.whole); }
        else if (row.mode == 3) { tk_say_float(value); }
        else { tk_say_real((int)(row.mode & 1u), row.whole, row.exponent, (int)(row.mode >> 1)); }
        putchar(10);
    }
    return 0;
}
"""
_DECIMAL, _FLOAT = 4, 3
Say = Callable[[Sequence[tuple[int, int, int]]], list[str]]


@pytest.fixture(scope="session")
def say(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Say:
    folder = tmp_path_factory.mktemp("numbers")
    firmware = checkout / "firmware_models" / "firmware"
    (folder / "main.c").write_text(_MAIN)
    (folder / "board.h").write_text("")
    (folder / "wire_model.h").write_text("#define TK_DB_BYTES 1\n")
    from tinykit.wire.header import NAME, c_header

    (folder / NAME).write_text(c_header())
    sources = ["main.c", firmware / "wire" / "number.c", firmware / "wire" / "say.c"]
    words = [*host_compiler(), *WARNINGS, *UNDEFINED, "-I.", f"-I{firmware}", f"-I{firmware / 'wire'}"]
    subprocess.run([*words, *map(str, sources), "-o", "say"], cwd=folder, check=True, timeout=120)

    def run(rows: Sequence[tuple[int, int, int]]) -> list[str]:
        data = b"".join(struct.pack("<QiI", *row) for row in rows)
        done = subprocess.run([folder / "say"], input=data, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().split()

    return run


def exact(magnitude: int, exponent: int, *, negative: bool, cut: bool) -> str:
    """Three decimals of magnitude * 2^exponent, from whole numbers alone."""
    value = Fraction(magnitude) * Fraction(2) ** exponent * 1000
    whole = value.numerator // value.denominator
    rest = value - whole
    if not cut and (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2)):
        whole += 1
    return f"{'-' if negative else ''}{whole // 1000}.{whole % 1000:03d}"


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_real_numbers_have_three_exact_decimals(say: Say, mode: int) -> None:
    rng = np.random.default_rng(mode)
    rows = [(int(rng.integers(0, 2**33)), int(rng.integers(-80, 22)), mode) for _ in range(3000)]
    rows += [(int(rng.integers(0, 512)) << 16, -24, mode) for _ in range(500)]
    rows += [(125 * k, -4, mode) for k in range(200)]
    expected = [exact(m, e, negative=bool(mode & 1), cut=bool(mode >> 1)) for m, e, _ in rows]
    assert say(rows) == expected


def test_ties_go_to_even_as_printf_has_them(say: Say) -> None:
    rows = [(k, -8, 0) for k in range(257)]
    assert say(rows) == [f"{k / 256:.3f}" for k in range(257)]
    assert say([(80, -8, 0)]) == ["0.312"], "MLPerf Tiny's golden value"


def test_floats_are_printf_s(say: Say) -> None:
    rng = np.random.default_rng(4)
    bits = [int(b) for b in rng.integers(0, 2**32, 4000, np.uint64)]
    values = [struct.unpack("<f", struct.pack("<I", b))[0] for b in bits]
    for value, text in zip(values, say([(b, 0, _FLOAT) for b in bits]), strict=True):
        if math.isnan(value):
            assert text == "nan"
        elif abs(value) >= 2**45:
            assert text == ("-inf" if value < 0 else "inf")
        else:
            assert text == f"{value:.3f}"
    specials = [0x00000000, 0x80000000, 0x7F800000, 0xFF800000, 0x00000001, 0x7FC00000, 0x3F800000]
    assert say([(b, 0, _FLOAT) for b in specials]) == [
        "0.000",
        "-0.000",
        "inf",
        "-inf",
        "0.000",
        "nan",
        "1.000",
    ]


def test_whole_numbers(say: Say) -> None:
    values = [0, 1, 9, 10, 2**32 - 1, 2**32, 10**19, 2**64 - 1, *(10**k for k in range(20))]
    assert say([(value, 0, _DECIMAL) for value in values]) == [str(value) for value in values]


def test_the_oracle_agrees_with_decimal() -> None:
    value = Decimal(12345) / Decimal(2**6)
    for cut, rounding in ((False, ROUND_HALF_EVEN), (True, ROUND_DOWN)):
        assert exact(12345, -6, negative=False, cut=cut) == str(value.quantize(Decimal("0.001"), rounding))
