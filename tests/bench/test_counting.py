"""Counts do not depend on how they are taken."""

from __future__ import annotations

import hand_model
import numpy as np
import pytest

from tinykit.bench.__main__ import find_buckets, run
from tinykit.toolchain import Image, Symbol

INPUTS = np.random.default_rng(7).integers(-128, 128, (6, hand_model.SIZE)).astype(np.int8)


def essence(result):
    return result.each, result.layers, result.ticks, result.total_instructions, result.stack_bytes


@pytest.mark.parametrize("board", [pytest.param("virtual-m4", marks=pytest.mark.slow), "virtual-m0"])
def test_slices_and_hooks_do_not_change_a_count(board, job) -> None:
    counted = {
        (hook, cycles): essence(run(job(board, INPUTS[:2], hook=hook, slice_cycles=cycles)))
        for hook in ("c", "python")
        for cycles in (10, 1_000, 1_000_000)
    }
    first = counted["c", 1_000_000]
    assert all(one == first for one in counted.values())


@pytest.mark.parametrize("board", ["virtual-m4", "virtual-m0"])
def test_layers_add_up_and_outputs_are_the_models(board, job) -> None:
    asked = job(board, INPUTS, reset_each=False)
    result = run(asked)
    outputs = np.fromfile(asked.output_path, np.int8).reshape(INPUTS.shape)
    assert (outputs == hand_model.expected(INPUTS, reset_each=False)).all()
    assert [layer.name for layer in result.layers] == [
        "tk_invoke",
        "tk_layer_00_multiply",
        "tk_layer_01_count",
    ]
    inside = sum(layer.counts.instructions for layer in result.layers)
    assert inside == sum(one.instructions for one in result.each)
    assert all(layer.counts.instructions > 0 for layer in result.layers)
    assert inside < result.total_instructions
    assert all(c.instructions <= c.cycles_low < c.cycles <= c.cycles_high for c in result.each) or board == (
        "virtual-m0"
    )


def test_a_kernel_is_charged_to_the_layer_that_calls_it(job) -> None:
    plain = run(job("virtual-m4", INPUTS))
    more = run(job("virtual-m4", INPUTS, code={"in_kernel": '__asm volatile(".rept 100\\n nop\\n .endr");'}))
    before, after = ({layer.name: layer.counts for layer in r.layers} for r in (plain, more))
    extra = after["tk_layer_00_multiply"].instructions - before["tk_layer_00_multiply"].instructions
    assert extra == 100 * len(INPUTS)
    assert after["tk_layer_01_count"] == before["tk_layer_01_count"]
    assert [m.instructions - p.instructions for m, p in zip(more.each, plain.each, strict=True)] == [100] * 6


def test_the_firmwares_timer_agrees_with_the_modelled_cycles(job) -> None:
    result = run(job("virtual-m4", INPUTS))
    for ticks, counts in zip(result.ticks, result.each, strict=True):
        assert 0 < ticks - counts.cycles < 40  # reading the timer, the calls and the returns


def test_compilers_copies_of_a_function_stay_its_own() -> None:
    names = [
        "tk_run",
        "tk_invoke",
        "tk_layer_00_add.constprop.0",
        "tk_layer_01_add.part.0",
        "tk_layer_01_add",
    ]
    symbols = tuple(Symbol(name, 16 * i, 4, True, False, ".text") for i, name in enumerate(names))
    found, at = find_buckets(Image(0, (), (), symbols))
    assert found == ["", "tk_invoke", "tk_layer_00_add", "tk_layer_01_add"]
    assert [at[16 * i] for i in range(5)] == [0, 1, 2, 3, 3]
    assert at[50] == 3


def test_the_largest_slice_counts_fast_in_c(job) -> None:
    code = {"in_kernel": "for (volatile int n = 0; n < 200000; n++) { }"}
    result = run(job("virtual-m4", INPUTS, code=code))
    assert result.hook == "c"
    assert result.total_instructions > 5_000_000


def test_most_stack_is_seen(job) -> None:
    # A frame of 1,000 bytes written to its deepest word, in the middle of a run.
    code = {"in_layer": "volatile uint8_t deep[1000]; for (int i = 0; i < 1000; i++) { deep[i] = 1; }"}
    plain = run(job("virtual-m4", INPUTS)).stack_bytes
    deep = run(job("virtual-m4", INPUTS, code=code)).stack_bytes
    assert 1000 <= deep - plain <= 1000 + 48
