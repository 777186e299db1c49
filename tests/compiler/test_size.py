"""The size table, from symbols whose homes are known."""

from __future__ import annotations

from pathlib import Path

import hand_model

from tinykit.boards import load_board
from tinykit.compiler.size import Emission, measure
from tinykit.toolchain import read_image

EMISSION = Emission(frozenset({"weights"}), frozenset({"helpers"}), frozenset({"count"}), 0, 16)


def sizes(folder: Path, **code: str):
    image = hand_model.build(folder, strict=False, **code)
    (folder / "kernels").mkdir(exist_ok=True)
    (folder / "kernels" / "tk_k.c").write_text("static void kernel(int8_t *to, const int8_t *from)\n{\n}\n")
    return measure(read_image(image.elf), load_board("virtual-m4"), folder, EMISSION)


def test_every_byte_has_a_home(tmp_path: Path) -> None:
    size = sizes(tmp_path)
    image = read_image(tmp_path / "firmware.elf")
    assert size.flash.total == sum(len(segment.data) for segment in image.segments)
    assert size.flash.kernels == image.find("kernel").size_bytes
    layers = sum(s.size_bytes for s in image.symbols if s.name.startswith("tk_layer_"))
    ends = ("tk_invoke", "tk_step", "tk_reset", "tk_input", "tk_output")
    assert size.flash.glue == layers + sum(image.find(name).size_bytes for name in ends)
    named = (
        "main",
        "memcpy",
        "tk_run",
        "tk_reset_handler",
        "tk_fault_handler",
        "tk_mailbox_serve",
        "tk_mark",
        "tk_wire_serve",
        "tk_say_real",
    )
    assert size.flash.firmware >= sum(image.find(name).size_bytes for name in named)
    shifts = [s for s in image.symbols if s.name.startswith("__aeabi_ll")]
    assert size.flash.runtime <= sum(s.size_bytes for s in shifts) + 64, "64-bit shifts and no more"
    assert size.flash.tables == 0
    assert size.ram.wire == sum(image.find(name).size_bytes for name in ("tk_wire_db", "tk_wire_line"))
    assert size.ram.wire == hand_model.SIZE + 81
    assert 0 <= size.flash.other < 256
    assert size.flash_beside_weights == size.flash.total - 16


def test_what_grows_shows_where_it_belongs(tmp_path: Path) -> None:
    plain = sizes(tmp_path / "a")
    top = "const unsigned char helpers[512] = {1, 2}; unsigned char extra[100];"
    use = "count = (int8_t)(count + helpers[(unsigned)count & 511]); extra[count & 63] = 1; "
    divides = "volatile long long q = count; q = q / (q + 7); count = (int8_t)q;"
    grown = sizes(tmp_path / "b", top=top, in_layer=use + divides)
    assert grown.flash.tables - plain.flash.tables == 512
    assert grown.flash.runtime > plain.flash.runtime + 500, "a 64-bit division is the compiler's own function"
    assert 100 - 16 < grown.ram.statics - plain.ram.statics < 100 + 16, "alignment may give or take"
    assert (grown.ram.state, grown.ram.stack_reserved) == (1, 4096)
    assert grown.flash.firmware == plain.flash.firmware


def test_labels_inside_a_function_are_not_counted_twice(tmp_path: Path) -> None:
    label = '__asm volatile(".type inner, %function\\ninner: nop\\n nop\\n.size inner, 4");'
    size = sizes(tmp_path, in_kernel=label)
    image = read_image(tmp_path / "firmware.elf")
    assert image.find("inner").size_bytes == 4
    assert size.flash.kernels == image.find("kernel").size_bytes
    assert size.flash.other >= 0
