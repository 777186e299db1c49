"""Dense layer in portable C."""

from __future__ import annotations

import numpy as np

from tinykit.compiler.kernel import Constant, Lowered, Target
from tinykit.compiler.parameters import Field, struct
from tinykit.compiler.program import FullyConnected, Layer, Program
from tinykit.compiler.requant import Rule, exact, solve_wide
from tinykit.compiler.requant import Steps as Thresholds


class Dense:
    """One row of inputs with two rows of weights at a time."""

    name = "fully_connected"
    operator = FullyConnected
    needs: frozenset[str] = frozenset()
    sources = ("tk_fully_connected.h", "tk_fully_connected.c")
    shared = ("tk_common.h", "tk_dot.h")

    def refuses(self, layer: Layer, program: Program, target: Target) -> str | None:
        return None

    def cost(self, layer: Layer, program: Program, target: Target) -> int:
        dense = _attributes(layer)
        outputs, inputs = dense.weights.shape
        return dense.batch * outputs * (6 * inputs + 40)

    def lower(self, layer: Layer, program: Program, target: Target) -> Lowered:
        dense = _attributes(layer)
        outputs, inputs = dense.weights.shape
        rule_constants = _rule_constants(dense)
        fields: dict[str, Field] = {
            "weights": "{const.weights}",
            "bias": "{const.bias}",
            "batch": dense.batch,
            "inputs": inputs,
            "outputs": outputs,
            "act_min": dense.act_min,
            "act_max": dense.act_max,
        }
        fields |= {constant.name: f"{{const.{constant.name}}}" for constant in rule_constants}
        constants = (
            Constant("weights", dense.weights, "int8_t"),
            Constant("bias", dense.bias, "int32_t"),
            *rule_constants,
        )
        return Lowered(
            call=f"{struct('tk_fully_connected', fields)}\ntk_fully_connected({{in0}}, {{out0}}, &p);",
            constants=constants,
            headers=("tk_fully_connected.h",),
            overlap=(False,),
            flash_read_bytes=dense.batch * sum(constant.data.nbytes for constant in constants),
        )


def _rule_constants(dense: FullyConnected) -> tuple[Constant, ...]:
    rule = Rule.of(dense)
    wide = solve_wide(rule)
    if wide is not None and not wide.sign_step.any():
        return (
            Constant("multiplier", wide.multiplier, "int32_t", is_weights=False),
            Constant("addend", wide.addend, "int64_t", align=8, is_weights=False),
            Constant("shift", wide.shift.astype(np.int8), "int8_t", is_weights=False),
        )
    steps = exact(rule)
    assert isinstance(steps, Thresholds)
    return (Constant("thresholds", steps.thresholds, "int64_t", align=8, is_weights=False),)


def _attributes(layer: Layer) -> FullyConnected:
    assert isinstance(layer.attributes, FullyConnected)
    return layer.attributes


KERNEL = Dense()
