"""``model.c``: the arena, one function a layer, and the calls in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import SimpleNamespace

from tinykit.compiler.arrange import Arrangement
from tinykit.compiler.emit.text import number
from tinykit.compiler.emit.weights import ALIGNED, Tables, is_uniform
from tinykit.compiler.names import comment
from tinykit.compiler.passes import edit
from tinykit.compiler.program import Program, Value, Variable
from tinykit.compiler.select import Choice

_C_TYPES = {"int8": "int8_t", "uint8": "uint8_t", "float32": "float"}

_TEMPLATE = """/* Made by tinykit from a .tflite file; do not edit. */
#include "model.h"

{includes}
#include "weights.h"

{aligned}
#if defined(__GNUC__)
#define TK_NOINLINE __attribute__((noinline))
#else
#define TK_NOINLINE
#endif

/* Values that are alive at the same time do not overlap; see the comment of each layer for its room. */
TK_ALIGNED(16) static uint8_t tk_arena[TK_ARENA_BYTES];
{states}
{layers}
void tk_invoke(void)
{{
{calls}
}}

void tk_step(int layer)
{{
    switch (layer) {{
{steps}
    default:
        break;
    }}
}}

void tk_reset(void)
{{
{resets}
}}

void *tk_input(int index)
{{
{inputs}
    return 0;
}}

const void *tk_output(int index)
{{
{outputs}
    return 0;
}}
"""


def model_c(program: Program, choices: Sequence[Choice], arrangement: Arrangement, tables: Tables) -> str:
    """The source's text."""
    places = _Places(program, arrangement, tables)
    headers = sorted({header for choice in choices for header in choice.lowered.headers})
    return _TEMPLATE.format(
        includes="\n".join(f'#include "{header}"' for header in headers),
        aligned=ALIGNED,
        states="".join(_state(variable) for variable in program.variables),
        layers="\n".join(_layer(choice, places) for choice in choices),
        calls=_lines(f"tk_{choice.layer.name}();" for choice in choices),
        steps="\n".join(
            f"    case {k}:\n        tk_{choice.layer.name}();\n        break;"
            for k, choice in enumerate(choices)
        ),
        resets="\n".join(_reset(variable, tables) for variable in program.variables),
        inputs=_ends(program.inputs, places),
        outputs=_ends(program.outputs, places),
    )


class _Places:
    """Where values are, as C expressions."""

    def __init__(self, program: Program, arrangement: Arrangement, tables: Tables) -> None:
        self.program, self.arrangement, self.tables = program, arrangement, tables

    def bytes_of(self, id_: int) -> str:
        """The first byte of a value that is no constant."""
        variable = edit.root(self.program, id_).variable
        if variable is not None:
            return f"tk_{self.program.variables[variable].name}"
        return f"tk_arena + {self.arrangement.offsets[id_]}"

    def pointer(self, value: Value, *, writable: bool = False) -> str:
        """A pointer to the value's elements."""
        c_type = _C_TYPES[value.dtype]
        if value.data is not None:
            return self.tables.names[-1, str(value.id)]
        return f"(({'' if writable else 'const '}{c_type} *)({self.bytes_of(value.id)}))"


def _layer(choice: Choice, places: _Places) -> str:
    layer, lowered, program = choice.layer, choice.lowered, places.program
    names = {c.name: places.tables.names[layer.index, c.name] for c in lowered.constants}
    scratch = places.arrangement.scratch.get(layer.index)
    words: dict[str, object] = {
        "const": SimpleNamespace(**names),
        "scratch": "((uint8_t *)0)" if scratch is None else f"(tk_arena + {scratch})",
    }
    for k, id_ in enumerate(layer.inputs):
        words[f"in{k}"] = places.pointer(program.value(id_))
    for k, id_ in enumerate(layer.outputs):
        words[f"out{k}"] = places.pointer(program.value(id_), writable=True)
    shapes = " ".join(_shape(program.value(i)) for i in layer.inputs)
    to = " ".join(_shape(program.value(i)) for i in layer.outputs)
    operators = ", ".join(map(str, layer.source_operators)) or "none"
    body = _lines(lowered.call.format(**words).splitlines())
    about = comment(f"operators {operators} of the file, by kernel {choice.installed.kernel.name}", limit=200)
    return (
        f"/* {shapes} -> {to}; {about}. */\nstatic TK_NOINLINE void tk_{layer.name}(void)\n{{\n{body}\n}}\n"
    )


def _shape(value: Value) -> str:
    return "x".join(map(str, value.shape)) or "scalar"


def _state(variable: Variable) -> str:
    return f"TK_ALIGNED(16) static uint8_t tk_{variable.name}[{variable.size_bytes}];\n"


def _reset(variable: Variable, tables: Tables) -> str:
    name, size = f"tk_{variable.name}", variable.size_bytes
    if is_uniform(variable.initial):
        element = number(int(variable.initial.ravel()[0]) & 0xFF, "uint8_t")
    else:
        element = f"(uint8_t){tables.names[-2, str(variable.index)]}[i]"
    return f"    for (int32_t i = 0; i < {size}; i++) {{\n        {name}[i] = {element};\n    }}"


def _ends(ids: Sequence[int], places: _Places) -> str:
    blocks = [
        f"    if (index == {k}) {{\n        return {places.bytes_of(id_)};\n    }}"
        for k, id_ in enumerate(ids)
    ]
    return "\n".join(blocks)


def _lines(statements: Iterable[str]) -> str:
    return "\n".join(f"    {line}" if line else "" for line in statements)
