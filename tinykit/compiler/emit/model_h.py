"""``model.h``: what a program needs to know about the model."""

from __future__ import annotations

from tinykit.compiler.arrange import Arrangement
from tinykit.compiler.emit.identity import Identity, InputEncoding
from tinykit.compiler.emit.text import number
from tinykit.compiler.names import comment
from tinykit.compiler.program import Program, Value

_TEMPLATE = """/* A model compiled to C by tinykit. Made from a .tflite file; do not edit.
 *
 * Call tk_reset() once before the first inference. Then, for each inference: fill tk_input(i), call
 * tk_invoke(), read tk_output(i). An inference may overwrite the inputs, so fill them every time.
 * real = SCALE * (stored - ZERO_POINT). Nothing here allocates memory or is safe to call from two threads.
 */
#ifndef TK_MODEL_H
#define TK_MODEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

#define TK_MODEL_SHA256 "{sha256}"
#define TK_MODEL_ID "{model_id}"

{encodings}
#define TK_INPUT_ENCODING {encoding}

#define TK_LAYER_COUNT {layers}
#define TK_ARENA_BYTES {arena}
#define TK_STATE_BYTES {state}

#define TK_INPUT_COUNT {inputs}
#define TK_OUTPUT_COUNT {outputs}

{values}
/* The memory of an input or output, or a null pointer for an index there is none of. */
void *tk_input(int index);
const void *tk_output(int index);

/* Put the model's state, if it has any, back to where it starts. */
void tk_reset(void);

/* Run one inference. */
void tk_invoke(void);

/* Run one layer: all TK_LAYER_COUNT of them in order, from 0, are an inference. */
void tk_step(int layer);

#ifdef __cplusplus
}}
#endif

#endif
"""


def model_h(program: Program, arrangement: Arrangement, identity: Identity) -> str:
    """The header's text."""
    ends = [(f"TK_INPUT_{k}", program.value(i)) for k, i in enumerate(program.inputs)]
    ends += [(f"TK_OUTPUT_{k}", program.value(i)) for k, i in enumerate(program.outputs)]
    return _TEMPLATE.format(
        sha256=comment(program.source_sha256, limit=64),
        model_id=comment(identity.model_id),
        encodings="\n".join(f"#define TK_ENCODING_{e.name} {e.value}" for e in InputEncoding),
        encoding=f"TK_ENCODING_{identity.encoding.name}",
        layers=len(program.layers),
        arena=arrangement.arena_bytes,
        state=sum(variable.size_bytes for variable in program.variables),
        inputs=len(program.inputs),
        outputs=len(program.outputs),
        values="\n".join(_facts(name, value) for name, value in ends),
    )


def _facts(name: str, value: Value) -> str:
    facts = {
        "TYPE": f'"{value.dtype}"',
        "RANK": str(len(value.shape)),
        "SHAPE": "{" + ", ".join(map(str, value.shape)) + "}",
        "ELEMENTS": str(value.elements),
        "BYTES": str(value.size_bytes),
    }
    if value.dtype != "float32":
        facts["SCALE"] = number(value.scale, "float")
        facts["ZERO_POINT"] = f"({value.zero_point})"
    return "\n".join(f"#define {name}_{key} {text}" for key, text in facts.items()) + "\n"
