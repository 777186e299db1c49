"""Kernels are found by scanning, and the cheapest that can do a layer does it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from compiler.writer import Writer

from tinykit.compiler.kernel import Installed, Lowered, Target
from tinykit.compiler.lower import lower
from tinykit.compiler.operators import OPERATORS
from tinykit.compiler.program import Layer, Lookup, Program
from tinykit.compiler.registry import find_kernels, kernels_folder, load_kernel
from tinykit.compiler.select import select
from tinykit.errors import ModelError, TinykitError
from tinykit.graph.reader import parse_model

M4 = Target("m4", frozenset({"dsp", "fpu"}))
M0 = Target("m0")


@dataclass(frozen=True)
class Made:
    name: str
    price: int
    needs: frozenset[str] = frozenset()
    reason: str | None = None
    operator: type = Lookup
    sources: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        return self.reason

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        return self.price

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        return Lowered(f"{self.name}();")


@pytest.fixture
def program() -> Program:
    w = Writer()
    x, y = w.tensor([1, 4], scale=0.5), w.tensor([1, 4], scale=0.5)
    w.op("RELU", [x], [y])
    return lower(parse_model(w.finish([x], [y])))


def chosen(program: Program, target: Target, kernels: Sequence[Made]) -> str:
    installed = [Installed(kernel, Path()) for kernel in kernels]
    return select(program, target, installed)[0].installed.kernel.name


def test_the_cheapest_wins(program):
    assert chosen(program, M4, [Made("dear", 9), Made("cheap", 3)]) == "cheap"


def test_a_tie_goes_by_name(program):
    assert chosen(program, M4, [Made("b", 3), Made("a", 3)]) == "a"


def test_a_feature_that_the_target_lacks_rules_a_kernel_out(program):
    kernels = [Made("plain", 9), Made("fast", 1, needs=frozenset({"dsp"}))]
    assert chosen(program, M4, kernels) == "fast"
    assert chosen(program, M0, kernels) == "plain"


def test_without_a_kernel_the_layer_and_the_reasons_are_named(program):
    with pytest.raises(ModelError) as caught:
        chosen(program, M0, [Made("one", 1, reason="it is odd"), Made("two", 1, needs=frozenset({"dsp"}))])
    assert caught.value.code == "LAYER_NO_KERNEL"
    for part in ("layer_00_lookup", "one: it is odd", "m0 has no dsp"):
        assert part in caught.value.message


def test_every_layer_class_has_a_portable_kernel():
    portable = {k.kernel.operator for k in find_kernels() if not k.kernel.needs}
    from typing import get_args

    from tinykit.compiler.program import Attributes

    assert set(get_args(Attributes)) <= portable
    assert OPERATORS


def test_names_are_unique():
    names = [installed.kernel.name for installed in find_kernels()]
    assert len(names) == len(set(names))
    assert {folder.parent.name for folder in kernels_folder().glob("*/kernel.py")} == {
        installed.folder.name for installed in find_kernels() if installed.origin == "tinykit"
    }


@pytest.mark.parametrize(
    "text",
    [
        "raise ValueError('x')",
        "KERNEL = 3",
        "",
    ],
)
def test_a_broken_kernel_is_named(tmp_path, text):
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "kernel.py").write_text(text)
    with pytest.raises(TinykitError) as caught:
        load_kernel(folder)
    assert caught.value.code == "KERNEL_BROKEN"
    assert "odd" in caught.value.message


STRANGER = """
from tinykit.compiler.program import Lookup


class Strange:
    name, operator, needs, sources, shared = "strange", Lookup, frozenset(), ("tk_strange.h",), ()

    def refuses(self, layer, program, target):
        return None

    def cost(self, layer, program, target):
        return 1

    def lower(self, layer, program, target):
        raise NotImplementedError


KERNEL = Strange()
OPERATORS = {}
"""


@pytest.fixture
def stranger(tmp_path, monkeypatch) -> Iterator[Path]:
    """Another package, as pip installs it: a module, and the entry point in its metadata."""
    info = tmp_path / "strange-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tinykit.kernels]\nstrange = strange_kernel:KERNEL\n")
    (tmp_path / "strange_kernel.py").write_text(STRANGER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "strange_kernel", raising=False)
    find_kernels.cache_clear()
    yield tmp_path
    find_kernels.cache_clear()


def test_other_people_s_kernels_come_by_entry_point(stranger):
    (stranger / "tk_strange.h").write_text("")
    found = find_kernels()[-1]
    assert (found.kernel.name, found.origin, found.folder) == ("strange", "strange", stranger)


def test_a_kernel_whose_files_are_missing_is_named(stranger):
    with pytest.raises(TinykitError, match=r"strange.*tk_strange\.h is not there"):
        find_kernels()
