"""What lets the folder be built at once: a CMake file and an example."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tinykit.compiler.program import Program

_CMAKE = """# The model as a static library, and an example that runs it.{usage}
cmake_minimum_required(VERSION 3.13)
project(tinykit_model C)
{guard}
add_library(tinykit_model STATIC
{sources}
)
target_include_directories(tinykit_model PUBLIC "${{CMAKE_CURRENT_SOURCE_DIR}}")
target_include_directories(tinykit_model PRIVATE "${{CMAKE_CURRENT_SOURCE_DIR}}/kernels")
set_target_properties(tinykit_model PROPERTIES C_STANDARD 99 C_STANDARD_REQUIRED ON)

add_executable(tinykit_example EXCLUDE_FROM_ALL example/main.c)
target_link_libraries(tinykit_example PRIVATE tinykit_model)
"""

# What the compiler defines where a feature is switched on (Arm C Language Extensions).
_DEFINED = {"dsp": "__ARM_FEATURE_DSP", "fpu": "__ARM_FP", "mve": "__ARM_FEATURE_MVE"}
# A core that has the features, as GCC and clang spell it.
_FLAGS = {
    False: "-mthumb -mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16",
    True: "-mthumb -mcpu=cortex-m55 -mfloat-abi=hard",
}

_USAGE = """
# Its kernels need a core with {features}. In a project that is compiled for one, add_subdirectory(); else
#   cmake -B build -DCMAKE_SYSTEM_NAME=Generic -DCMAKE_C_COMPILER=arm-none-eabi-gcc \\
#         -DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY -DCMAKE_C_FLAGS="{flags}" """

# A warning, as options may still come to the target by another way; the kernels' #error is what refuses.
_GUARD = """
include(CheckCSourceCompiles)
get_directory_property(TINYKIT_OPTIONS COMPILE_OPTIONS)
string(REPLACE ";" " " TINYKIT_OPTIONS "${{TINYKIT_OPTIONS}}")
set(TINYKIT_KEPT_TYPE "${{CMAKE_TRY_COMPILE_TARGET_TYPE}}")
set(TINYKIT_KEPT_FLAGS "${{CMAKE_REQUIRED_FLAGS}}")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_REQUIRED_FLAGS "${{CMAKE_REQUIRED_FLAGS}} ${{TINYKIT_OPTIONS}}")
check_c_source_compiles("
#if {condition}
#error
#endif
int tinykit_core;
" TINYKIT_CORE_HAS_{name})
set(CMAKE_TRY_COMPILE_TARGET_TYPE "${{TINYKIT_KEPT_TYPE}}")
set(CMAKE_REQUIRED_FLAGS "${{TINYKIT_KEPT_FLAGS}}")
if(NOT TINYKIT_CORE_HAS_{name})
  message(WARNING "This model was built for a core with {features}, and the compiler's flags name none. "
    "Set CMAKE_C_FLAGS, as in {flags}, or build the model again for another board.")
endif()
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


def cmake(sources: Sequence[str], needs: Collection[str] = ()) -> str:
    """``CMakeLists.txt``, which warns of flags without a feature that the kernels need ("dsp", "fpu")."""
    usage = guard = ""
    if needs:
        features, flags = " and ".join(name.upper() for name in sorted(needs)), _FLAGS["mve" in needs]
        condition = " || ".join(f"!defined({_DEFINED[name]})" for name in sorted(needs))
        name = "_".join(sorted(needs)).upper()
        usage = _USAGE.format(features=features, flags=flags).rstrip()
        guard = _GUARD.format(condition=condition, name=name, features=features, flags=flags)
    return _CMAKE.format(usage=usage, guard=guard, sources="\n".join(f"  {name}" for name in sources))


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
