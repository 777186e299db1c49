"""Compilers for the boards, the firmware around a model, and reading what came out."""

from tinykit.elf import Image, Section, Segment, Symbol, parse_image, read_image
from tinykit.toolchain.firmware import (
    IMAGE,
    TOOLCHAINS,
    BuiltImage,
    build_image,
    find_toolchain,
    write_firmware,
)
from tinykit.toolchain.job import CompileJob, Toolchain

__all__ = [
    "IMAGE",
    "TOOLCHAINS",
    "BuiltImage",
    "CompileJob",
    "Image",
    "Section",
    "Segment",
    "Symbol",
    "Toolchain",
    "build_image",
    "find_toolchain",
    "parse_image",
    "read_image",
    "write_firmware",
]
