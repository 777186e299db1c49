"""What kernels write into their calls."""

from __future__ import annotations

import subprocess
from itertools import product
from pathlib import Path

import pytest
from compiler.host import host_compiler
from hypothesis import given
from hypothesis import strategies as st

from tinykit.compiler.parameters import RANK, lead, merged, steps, struct

Walks = tuple[tuple[int, ...], list[tuple[int, ...]]]


@st.composite
def walks(draw: st.DrawFn) -> Walks:
    """A size and two walks over it, made of the steps of plain, repeated and reversed dimensions."""
    size = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=RANK)))
    factors = [
        draw(st.lists(st.sampled_from([0, 1, 1, 2, -1]), min_size=len(size), max_size=len(size)))
        for _ in "12"
    ]
    return size, [tuple(f * s for f, s in zip(own, steps(size), strict=True)) for own in factors]


def visited(size: tuple[int, ...], walk: tuple[int, ...]) -> list[int]:
    return [sum(i * s for i, s in zip(at, walk, strict=True)) for at in product(*map(range, size))]


@given(walks())
def test_merged_dimensions_visit_the_same_elements_in_the_same_order(case: Walks) -> None:
    size, both = case
    fewer, *others = merged(size, *both)
    assert len(fewer) == RANK
    assert [visited(fewer, walk) for walk in others] == [visited(size, walk) for walk in both]


def test_a_plain_tensor_is_one_dimension() -> None:
    shape = (2, 3, 1, 4, 5, 6, 7)
    assert merged(shape, steps(shape)) == ((1, 1, 1, 1, 5040), (0, 0, 0, 0, 1))


def test_what_does_not_fit_is_an_error() -> None:
    size = (2,) * (RANK + 1)
    with pytest.raises(ValueError, match=f"{RANK + 1} dimensions"):
        merged(
            size, [2 * step for step in steps(size)], [step * (d % 2) for d, step in enumerate(steps(size))]
        )
    with pytest.raises(ValueError, match="dimensions"):
        lead(size, 1)


def test_a_struct_is_c_that_holds_the_very_numbers(tmp_path: Path) -> None:
    text = struct("s", {"a": -(1 << 31), "b": 0.1, "c": (1, 2), "d": {"e": -3}, "f": "&x"}, "p").format()
    source = f"""#include <stdio.h>
static const int x = 7;
struct s {{ int a; double b; int c[2]; struct {{ int e; }} d; const int *f; }};
int main(void) {{ {text} printf("%d %a %d %d %d", p.a, p.b, p.c[1], p.d.e, *p.f); return 0; }}
"""
    (tmp_path / "s.c").write_text(source)
    command = [*host_compiler(), "-std=c99", "-Wall", "-Werror", "s.c", "-o", "s"]
    subprocess.run(command, cwd=tmp_path, check=True)
    printed = subprocess.run([tmp_path / "s"], capture_output=True, text=True, check=True).stdout.split()
    # The suffix makes it a float: 0.1 rounded once.
    assert printed == ["-2147483648", "0x1.99999ap-4", "2", "-3", "7"]
