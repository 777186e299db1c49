"""What lets the folder be built at once: a CMake file and an example."""

from __future__ import annotations

from collections.abc import Sequence

from tinykit.compiler.program import Program

_CMAKE = """# The model as a static library, and an example that runs it on this computer.
cmake_minimum_required(VERSION 3.13)
project(tinykit_model C)

add_library(tinykit_model STATIC
{sources}
)
target_include_directories(tinykit_model PUBLIC "${{CMAKE_CURRENT_SOURCE_DIR}}")
target_include_directories(tinykit_model PRIVATE "${{CMAKE_CURRENT_SOURCE_DIR}}/kernels")
set_target_properties(tinykit_model PROPERTIES C_STANDARD 99 C_STANDARD_REQUIRED ON)

add_executable(tinykit_example EXCLUDE_FROM_ALL example/main.c)
target_link_libraries(tinykit_example PRIVATE tinykit_model)
"""

_EXAMPLE = """#include <stdio.h>

#include "model.h"

int main(void)
{{
    {in_type} *input = tk_input(0);
    const {out_type} *output = tk_output(0);

    tk_reset();
    for (int i = 0; i < TK_INPUT_0_ELEMENTS; i++) {{
        input[i] = {zero};
    }}
    tk_invoke();
    for (int i = 0; i < TK_OUTPUT_0_ELEMENTS; i++) {{
        printf("{format}\\n", {argument});
    }}
    return 0;
}}
"""

_C_TYPES = {"int8": "int8_t", "uint8": "uint8_t", "float32": "float"}


def cmake(sources: Sequence[str]) -> str:
    """``CMakeLists.txt``."""
    return _CMAKE.format(sources="\n".join(f"  {name}" for name in sources))


def example(program: Program) -> str:
    """``example/main.c``: all inputs zero, the outputs printed as stored."""
    source, result = program.value(program.inputs[0]), program.value(program.outputs[0])
    is_float = result.dtype == "float32"
    return _EXAMPLE.format(
        in_type=_C_TYPES[source.dtype],
        out_type=_C_TYPES[result.dtype],
        zero="0.0f" if source.dtype == "float32" else "TK_INPUT_0_ZERO_POINT",
        format="%g" if is_float else "%d",
        argument="(double)output[i]" if is_float else "output[i]",
    )
